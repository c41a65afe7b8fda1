# make demo      Prefect, an S3 server and a stand-in API on this machine; then a batch of six briefs
# make test      lint, types and every test
# make test-all  the same for every model and every endpoint, with more examples (long)
# make chaos     a thousand seeded schedules of faults and deaths, and outages of minutes
# make soak      an hour of recurring batches while 5 % goes wrong: what grows, what is lost
# make docs      build the pages of docs/ into site/, every link checked
# make audit     ask for known vulnerabilities of everything in the locks
# make dist      build sdist and wheel twice, look into them, install and run the wheel, write the SBOM
# make compat    oldest and newest libraries on every Python of this machine (an hour)
# make lint      ruff and mypy alone
# make lock      resolve the dependencies anew and write the hashed locks
# make clean     remove .venv and whatever the demo and the tests have left
#
# Each does its own set-up in .venv. Behind a package mirror, set UV_DEFAULT_INDEX for uv as well.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test test-all chaos soak docs audit dist compat lint lock clean programs

PY := .venv/bin/python
# The machine's certificates where it has any (a company's proxy signs with its own), else uv's.
CERTIFICATES := $(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem)
UV := UV_PYTHON_DOWNLOADS=never .venv/bin/uv $(if $(CERTIFICATES),--system-certs)
# uv leaves bytecode to the first start, which then takes Prefect twice as long.
INSTALL := $(UV) pip install --quiet --python $(PY) --compile-bytecode --no-deps --require-hashes
EXPORT := $(UV) export --quiet --format requirements-txt --no-emit-project --no-header --no-annotate
LOCKS := requirements-setup.lock requirements.lock requirements-dev.lock requirements-release.lock deploy/requirements.lock

help:
	@grep -E '^# make ' Makefile | cut -c3-

demo: .venv/.demo
	@exec $(PY) -m examples.demo

PYTEST := $(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test: lint programs
	@exec $(PYTEST) -m 'not exhaustive'

test-all: lint programs .venv/.release
	@EVERY_MODEL=1 exec $(PYTEST)

chaos: .venv/.test
	@$(PY) -m tests.chaos.schedules
	@OUTAGE_BUCKET_SECONDS=120 OUTAGE_PREFECT_SECONDS=600 $(PY) -m pytest -q tests/deploy/test_outages.py -k test_19

soak: .venv/.test
	@exec $(PY) -m tests.chaos.soak

docs: .venv/.test
	@NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict --site-dir site
	@echo 'Open site/index.html; with its search: $(PY) -m http.server --directory site'

# Exit codes are lost in make: `.ci/run` asks the program itself.
audit: .venv/.release
	@exec $(PY) -m release.audit

dist: .venv/.release
	@exec $(PY) -m release.dist

compat: .venv/.test
	@exec $(PY) -m release.compat --write

lint: .venv/.test
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy

# Debian keeps PostgreSQL's programs off the PATH, and nginx on root's only.
programs:
	@PATH="$$PATH:/usr/sbin:$$(echo /usr/lib/postgresql/*/bin | tr ' ' :)"; missing=; \
	for program in chromium:'chromium fonts-dejavu-core' postgres:postgresql redis-server:redis-server nginx:nginx; do \
	  command -v "$${program%%:*}" >/dev/null || { echo "$${program%%:*} is missing: apt-get install -y --no-install-recommends $${program#*:}" >&2; missing=1; }; \
	done; \
	[ -z "$$missing" ]

# Each file is written last, so it stands for a step that went through. Nothing is ever removed by
# the later steps: the demo after the tests finds its packages among theirs.
.venv/.setup: requirements-setup.lock
	@for python in $${PYTHON:-python3 python3.13 python3.12 python3.11}; do \
	  if "$$python" -c 'import ensurepip, venv, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Setting up .venv with $$("$$python" --version), once." && \
	    rm -rf .venv && "$$python" -m venv .venv && \
	    $(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-setup.lock && \
	    touch $@ && exit 0; \
	    exit 1; \
	  fi; \
	done; \
	echo 'No Python 3.11 or newer with its venv module was found. On Debian: apt-get install -y --no-install-recommends python3 python3-venv' >&2; \
	exit 1

.venv/.demo: .venv/.setup requirements.lock pyproject.toml
	@echo 'Installing what the pipelines and the demo need, about 200 MB.'
	@$(INSTALL) -r requirements.lock
	@$(UV) pip install --quiet --python $(PY) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.test: .venv/.demo requirements-dev.lock
	@echo 'Installing what the tests need on top, about 100 MB.'
	@$(INSTALL) -r requirements-dev.lock
	@touch $@

.venv/.release: .venv/.test requirements-release.lock
	@echo 'Installing what looks into a release, about 40 MB.'
	@$(INSTALL) -r requirements-release.lock
	@touch $@

# uv.lock names a registry and so is not committed; these name packages and their hashes only.
lock: .venv/.setup
	@$(UV) lock --quiet --upgrade
	@$(EXPORT) --only-group setup --output-file requirements-setup.lock >/dev/null
	@$(EXPORT) --no-default-groups --extra sandbox --output-file requirements.lock >/dev/null
	@$(EXPORT) --no-default-groups --extra server --output-file deploy/requirements.lock >/dev/null
	@$(EXPORT) --all-extras --group dev --output-file requirements-dev.lock >/dev/null
	@$(EXPORT) --only-group release --output-file requirements-release.lock >/dev/null
	@! grep -nE 'https?://' $(LOCKS)

clean:
	rm -rf .venv .demo .test .compat .release dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis
