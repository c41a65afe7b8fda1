"""`python -m blocks` as a person runs it: what it says, and that it never says a secret."""

import os
import subprocess
import sys
from dataclasses import dataclass

import pytest

from blocks.__main__ import main
from tests.patience import prefect_api

KEY = "sk-0123456789-canary"
SECRET = "aws-secret-canary"


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


def told(code, out, err):
    assert KEY not in out + err
    assert SECRET not in out + err
    return Ran(code, out, err)


@pytest.fixture
def blocks(monkeypatch, capsys):
    """`python -m blocks` with these variables, without the seconds that an interpreter takes."""

    def run(*arguments, **environment):
        with monkeypatch.context() as changed:
            for name, value in environment.items():
                changed.setenv(name, value)
            code = main(arguments)
        return told(code, *capsys.readouterr())

    return run


@pytest.fixture
def program():
    """`python -m blocks` as a program of its own."""

    def run(*arguments, **environment):
        ended = subprocess.run(
            [sys.executable, "-m", "blocks", *arguments],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return told(ended.returncode, ended.stdout, ended.stderr)

    return run


@pytest.fixture
def api(prefect_server):
    with prefect_api(prefect_server.api_url) as client:
        for kind in ("globalaiopc", "media-bucket", "aws-credentials", "secret"):
            for document in documents(client, kind):
                client.delete(f"/block_documents/{document['id']}").raise_for_status()
        yield client


def documents(api, kind):
    answer = api.post(
        "/block_documents/filter",
        json={"block_types": {"slug": {"any_": [kind]}}, "include_secrets": True},
    )
    return answer.raise_for_status().json()


def outcomes(ran):
    assert ran.code == 0, ran.err
    return {name: what for what, name in (line.split() for line in ran.out.splitlines())}
