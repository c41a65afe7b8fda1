"""Every command in the docs is checked; one that nothing here knows fails."""

import importlib
import importlib.util
import json
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import prefect.cli  # which registers Prefect's commands
import prefect.settings
import pytest
import yaml
from prefect import Flow
from prefect.cli._app import _app as prefect_app

from blocks.filling import SOURCES, STDIN
from flows.cli.commands import app as flows_app
from tests.conftest import ROOT
from tests.docs.commands import SHELL, Command, commands, fences, pages, parsed

DEPLOYMENTS = "tests/deploy/test_deployments.py"
TERMINAL = "tests/flows/test_terminal_run.py"
PAGES_RUN = "tests/docs/test_pages_run.py"
IN_CI = ".ci/run"


@dataclass(frozen=True)
class Rule:
    """Commands that begin with `words`: what is checked here, and `shown` by which file it runs.

    `shown` begins with "not run: " where it is run nowhere, and says why.
    """

    words: str
    check: Callable[[Command], None]
    shown: str


def target_of_make(command: Command) -> None:
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert phony
    assert command.words[1] in phony[1].split(), "no such target"


def command_of_flows(command: Command) -> None:
    arguments = command.words[3:]
    if arguments and arguments[0] not in ("…", "COMMAND"):
        flows_app.parse_args(arguments, exit_on_error=False, print_error=False)


def command_of_prefect(command: Command) -> None:
    arguments = [word for word in command.words[1:] if word != "--no-prompt"]
    prefect_app.parse_args(arguments, exit_on_error=False, print_error=False)


def run_of_a_deployment(command: Command) -> None:
    command_of_prefect(command)
    deployment = deployments()[command.words[3]]
    given = dict[str, Any](deployment.get("parameters", {}))
    for option, value in zip(command.words, command.words[1:], strict=False):
        if option in ("-p", "--param"):
            name, _, said = value.partition("=")
            given[name] = _json_or_text(said)
    flow_of(deployment).validate_parameters(given)


def _json_or_text(said: str) -> Any:
    try:
        return json.loads(said)
    except ValueError:
        return said


@cache
def deployments() -> Mapping[str, dict[str, Any]]:
    """By flow's and own name, as a command names them."""
    project = yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))
    return {f"{flow_of(one).name}/{one['name']}": one for one in project["deployments"]}


def flow_of(deployment: Mapping[str, Any]) -> Flow[..., Any]:
    path, name = deployment["entrypoint"].removesuffix(")").split(".py:")
    found = getattr(importlib.import_module(path.replace("/", ".")), name)
    assert isinstance(found, Flow)
    return found


def module_with_options(command: Command) -> None:
    """It can be started, and each option that is given stands in its package's source."""
    name, given = command.words[2], command.words[3:]
    spec = importlib.util.find_spec(name)
    if spec and spec.submodule_search_locations is not None:
        spec = importlib.util.find_spec(f"{name}.__main__")
    assert spec, "no such module"
    assert spec.origin, "no such module"
    source = "".join(
        one.read_text("utf-8") for one in sorted(Path(spec.origin).parent.glob("*.py"))
    )
    for word in given:
        assert f'"{word}"' in source or not word.startswith("-"), f"{word} is no option of it"


def subcommand_of_blocks(command: Command) -> None:
    match command.words[3:]:
        case () | ("check",) | ("forget-former-keys",):
            pass
        case ("--key-from", source):
            assert source == STDIN or source.partition(":")[0] in SOURCES
        case other:
            raise AssertionError(f"blocks takes no {other}")


def python_code(command: Command) -> None:
    compile(command.words[2], str(command), "exec")


def installs(command: Command) -> None:
    for option, value in zip(command.words, command.words[1:], strict=False):
        if option == "-r":
            assert (ROOT / value).is_file(), f"there is no {value}"


def known_settings(command: Command) -> None:
    for one in (*command.words[1:], *command.settings):
        name = one.partition("=")[0]
        prefects = name.startswith("PREFECT_") and hasattr(prefect.settings, name)
        assert prefects or name in _told_names(), f"nothing reads {name}"


@cache
def _told_names() -> frozenset[str]:
    """The variables that `python -m blocks` and its automations say they read."""
    told = "".join(
        str(importlib.import_module(name).__doc__)
        for name in ("blocks.__main__", "blocks.automations")
    )
    return frozenset(re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b", told))


def sources_exist(command: Command) -> None:
    for word in command.words[1:-1]:
        assert (ROOT / word).exists(), f"there is no {word}"


def sourced(command: Command) -> None:
    assert command.words[1] in (".venv/bin/activate", ".demo/env")


def listed(command: Command) -> None:
    """Nothing can be said of it here; the rule says why."""


BASH = "tests/docs/test_commands.py"
MODELS = "globalaiopc.models_page"
NO_AWS = "not run: the tests have an S3 server and no AWS command line; boto3 asks the same"
NO_DOCKER = "not run: no Docker engine here; tests/deploy/test_production_files.py has the files"
NOT_OURS = "not run: a program of the reader's machine"
RULES = (
    Rule("make", target_of_make, IN_CI),
    Rule("python -m flows", command_of_flows, f"{TERMINAL} {PAGES_RUN}"),
    Rule("python -m blocks", subcommand_of_blocks, PAGES_RUN),
    Rule("python -m blocks.automations", module_with_options, "tests/flows/test_notices_run.py"),
    Rule("python -m sandbox", module_with_options, "tests/conftest.py"),
    Rule("python -m benchmarks", module_with_options, "tests/benchmarks/test_benchmarks.py"),
    Rule(f"python -m {MODELS}", module_with_options, "tests/globalaiopc/test_models_page.py"),
    Rule("python -m release.audit", module_with_options, "tests/release/test_audit.py"),
    Rule("python -m release.compat", module_with_options, "tests/release/test_compat.py"),
    Rule("python -m release.licences", module_with_options, "tests/release/test_licences.py"),
    Rule("python -m tests.coverage_page", module_with_options, "tests/test_coverage_page.py"),
    Rule("python -m venv", listed, "Makefile"),
    Rule("python -c", python_code, "tests/deploy/test_production_server.py"),
    Rule("pip install", installs, "Makefile"),
    Rule("prefect", command_of_prefect, DEPLOYMENTS),
    Rule("prefect server", command_of_prefect, "sandbox/prefect_parts.py"),
    Rule("prefect deployment run", run_of_a_deployment, DEPLOYMENTS),
    Rule("prefect deployment schedule", command_of_prefect, "tests/deploy/test_schedules.py"),
    Rule("export", known_settings, "tests/pipeline.py"),
    Rule(".", sourced, "examples/demo/stack.py"),
    Rule("cp", sources_exist, PAGES_RUN),
    Rule("chmod", listed, NOT_OURS),
    Rule("aws", listed, NO_AWS),
    Rule("docker", listed, NO_DOCKER),
    Rule("python -m http.server", listed, NOT_OURS),
    *(Rule(name, listed, NOT_OURS) for name in ("apt-get", "xdg-open", "jq", "mail", "echo")),
    # What holds a script together: bash itself says whether it does.
    *(Rule(name, listed, BASH) for name in ("case", "esac", "0", "3", "4")),
)


def rule_for(command: Command) -> Rule | None:
    """The rule with the most words that the command begins with."""
    fitting = [
        rule
        for rule in RULES
        if command.words[: len(rule.words.split())] == tuple(rule.words.split())
    ]
    return max(fitting, key=lambda rule: len(rule.words), default=None)


def complaints(found: list[Command]) -> list[str]:
    said = []
    for command in found:
        rule = rule_for(command)
        if rule is None:
            said.append(f"{command}\n    No rule knows it: see RULES in {Path(__file__).name}.")
            continue
        try:
            rule.check(command)
            if command.settings:
                known_settings(Command(command.where, ("",), command.settings))
        except Exception as error:
            said.append(f"{command}\n    {type(error).__name__}: {error}")
    return said


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_a_page_is_right(page: Path) -> None:
    found = list(commands(page.read_text("utf-8"), str(page.relative_to(ROOT))))
    assert not (wrong := complaints(found)), "\n".join(wrong)


def test_every_script_is_one_for_bash() -> None:
    scripts = [
        fence.text
        for page in pages()
        for fence in fences(page.read_text("utf-8"))
        if fence.language in SHELL
    ]
    assert len(scripts) > 20
    whole = "\n".join(f"part{n}() {{\n{text}\n}}" for n, text in enumerate(scripts))
    done = subprocess.run(
        ["bash", "-n"], input=whole, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_what_a_rule_names_is_there() -> None:
    for rule in RULES:
        if not rule.shown.startswith("not run: "):
            for path in rule.shown.split():
                assert (ROOT / path).is_file(), path


def test_the_commands_are_found() -> None:
    page = (ROOT / "docs" / "tutorial.md").read_text("utf-8")
    said = [" ".join(one.words) for one in commands(page, "tutorial")]
    assert {"make demo", ". .demo/env", "python -m flows run teas.csv --batch-id teas"} <= set(said)


@pytest.mark.parametrize(
    "wrong",
    [
        "frobnicate --all",
        "make coffee",
        "python -m flows run a.csv --bach-id x",
        "python -m flows make a.csv",
        "python -m nothing",
        "python -m blocks chekc",
        "python -m benchmarks --onyl gallery",
        "prefect deploy --al",
        "prefect deployment run content-batch/default",
        "prefect deployment run content-batch/batch-of-videos -p bugdet=1",
        "prefect deployment run content-batch/batch-of-videos -p budget=cheap",
        "prefect deployment run verify/verify-a-batch",
        "export MEDIA_BUKET=x",
        "MEDIA_BUKET=x python -m blocks",
        "cp examples/price.toml prices.toml",
        "pip install -r requirement.lock",
        "true && make coffee",
    ],
)
def test_a_command_that_would_fail_the_reader_fails_here(wrong: str) -> None:
    assert complaints(list(parsed(wrong, "page")))


def test_a_script_is_read_as_a_shell_reads_it() -> None:
    script = """
make demo  # starts 'everything
A=1 python -m blocks && .venv/bin/python -m blocks check > out.txt
prefect deployment run a/b \\
  -p 'x={"id": "a;b"}' -p y=<ID>
python -c "import os
print(1)"
"""
    assert [(one.settings, one.words) for one in parsed(script, "")] == [
        ((), ("make", "demo")),
        (("A=1",), ("python", "-m", "blocks")),
        ((), ("python", "-m", "blocks", "check")),
        (
            (),
            (
                *("prefect", "deployment", "run", "a/b", "-p", 'x={"id": "a;b"}'),
                *("-p", "y=00000000-0000-0000-0000-000000000000"),
            ),
        ),
        ((), ("python", "-c", "import os\nprint(1)")),
    ]
