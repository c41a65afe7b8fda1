"""`make audit` never calls clean what nobody has looked at, and lets pass only what is accepted."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from release import audit
from release.audit import CLEAN, KNOWN, NOT_ASKED, UNREADABLE, accepted, outcome
from release.locks import ALL, pins
from tests.conftest import ROOT

FOUND = {
    "name": "somelib",
    "version": "1.0",
    "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["1.1"], "aliases": [], "description": ""}],
}
ROW = """
[[accepted]]
id = "PYSEC-2026-1"
package = "somelib"
why = "The broken function is never called by anything here."
until = 2026-06-30
"""


def test_what_is_found_is_told_with_what_mends_it() -> None:
    written = json.dumps({"dependencies": [{"name": "ok", "version": "2", "vulns": []}, FOUND]})
    said = outcome(1, written, "Found 1 known vulnerability in 1 package")
    assert said.code == KNOWN
    assert said.said == ("somelib 1.0: PYSEC-2026-1 (mended in 1.1)",)


@pytest.mark.parametrize("stderr", ["ERROR: ok: Dependency not found on PyPI\n", "", "Traceback\n"])
def test_a_service_that_does_not_answer_is_no_all_clear(stderr: str) -> None:
    assert outcome(1, "", stderr).code == NOT_ASKED


def test_a_row_holds_up_to_its_last_day() -> None:
    hold, over = accepted(ROW, date(2026, 6, 30))
    assert [row.id for row in hold] == ["PYSEC-2026-1"]
    assert not over
    hold, over = accepted(ROW, date(2026, 7, 1))
    assert not hold
    assert [row.id for row in over] == ["PYSEC-2026-1"]


@pytest.mark.parametrize("without", ["why", "until", "id"])
def test_a_row_without_a_reason_or_a_last_day_accepts_nothing(
    without: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [line for line in ROW.splitlines() if not line.startswith(without)]
    (tmp_path / "accepted.toml").write_text("\n".join(lines))
    monkeypatch.setattr(audit, "ACCEPTED", tmp_path / "accepted.toml")
    assert audit.main([]) == UNREADABLE


def test_every_lock_is_asked_for_and_names_hashes() -> None:
    assert {*ALL} == {*ROOT.glob("requirements*.lock"), *ROOT.glob("deploy/requirements*.lock")}
    accepted(audit.ACCEPTED.read_text("utf-8"), date(2026, 1, 1))
    for lock in ALL:
        assert lock.read_text("utf-8").count("--hash=sha256:") >= len(pins((lock,))) > 0


@pytest.fixture
def osv() -> Iterator[str]:
    """A service that knows of one vulnerability, in the one version of `somelib`."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = asked["package"]["name"]
            ranges = [{"type": "ECOSYSTEM", "events": [{"fixed": "1.1"}]}]
            affected = [{"package": {"name": name, "ecosystem": "PyPI"}, "ranges": ranges}]
            vuln = {"id": "PYSEC-2026-1", "summary": "bad", "affected": affected}
            body = json.dumps({"vulns": [vuln]} if name == "somelib" else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            del format, args

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1/query"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    # pip-audit keeps answers: those of another test would be taken for this one's.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def write(name: str) -> Path:
        path = tmp_path / "requirements.lock"
        path.write_text(f"{name}==1.0 \\\n    --hash=sha256:{'0' * 64}\n")
        return path

    return write


@pytest.mark.exhaustive  # `make test` has no pip-audit
def test_pip_audit_and_a_service_that_answers(
    osv: str,
    lock: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = ["--osv-url", osv]
    assert audit.main(asked, [lock("goodlib")]) == CLEAN
    assert audit.main(asked, [lock("somelib")]) == KNOWN
    assert "somelib 1.0: PYSEC-2026-1 (mended in 1.1)" in capsys.readouterr().out
    (tmp_path / "accepted.toml").write_text(ROW.replace("2026-06-30", "2999-01-01"))
    monkeypatch.setattr(audit, "ACCEPTED", tmp_path / "accepted.toml")
    assert audit.main(asked, [lock("somelib")]) == CLEAN
    (tmp_path / "accepted.toml").write_text(ROW.replace("2026-06-30", "2001-01-01"))
    assert audit.main(asked, [lock("somelib")]) == KNOWN
    assert "judge it anew" in capsys.readouterr().out


@pytest.mark.exhaustive  # likewise
def test_pip_audit_and_nobody_there(
    lock: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit.main(["--osv-url", "http://127.0.0.1:9/v1/query"], [lock("goodlib")]) == NOT_ASKED
    assert "NOT AUDITED" in capsys.readouterr().out
