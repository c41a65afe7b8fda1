"""Where the key comes from, what becomes of the one before it, and where it may be sent."""

import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from prefect.blocks.system import Secret

from blocks import GlobalAIOPC, saving
from blocks.connection import FORMER_NAME, KEY_ENCRYPTED, SECRET_NAME, former_keys
from blocks.filling import key_from_source
from blocks.saving import KEPT_KEYS
from globalaiopc import PlaintextKey
from globalaiopc.auth import key_hash
from globalaiopc.errors import ConfigurationError
from sandbox.processes import Child
from sandbox.services import Service, responds
from tests.blocks.conftest import KEY, documents, outcomes

NEXT = "sk-9876543210-canary"
HERE = {"MEDIA_BUCKET": "media-one"}
FORMER = "secret/globalaiopc-former-keys"


# -- where it comes from


class Moto(Service):
    """AWS Secrets Manager, as moto's server plays it."""

    name = "moto"
    awaited = "its page"
    url = ""

    def spawn(self, ports):
        self.url = f"http://127.0.0.1:{ports[0]}"
        command = [sys.executable, "-m", "moto.server", "-p", str(ports[0])]
        return Child(self.name, command, env=dict(os.environ), log=self.log)

    def answers(self):
        return responds(f"{self.url}/moto-api/")


@pytest.fixture(scope="module")
def aws(tmp_path_factory) -> Iterator[dict[str, str]]:
    """The environment of somebody who may read three secrets."""
    with Moto(tmp_path_factory.mktemp("moto") / "log").start() as moto:
        environment = {
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": moto.url,
            "AWS_REGION": "eu-central-1",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
        }
        client = boto3.client(
            "secretsmanager",
            endpoint_url=moto.url,
            region_name="eu-central-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        client.create_secret(Name="globalaiopc/key", SecretString=KEY)
        client.create_secret(Name="team", SecretString=json.dumps({"opc": KEY, "other": "x"}))
        client.create_secret(Name="binary", SecretBinary=KEY.encode())
        client.close()
        yield environment


def test_the_key_of_secrets_manager_is_saved(api, blocks, aws):
    saved = outcomes(blocks("--key-from", "secretsmanager:globalaiopc/key", **HERE, **aws))
    assert saved["secret/globalaiopc-api-key"] == "created"
    assert GlobalAIOPC.load("default").api_key.get() == KEY
    again = outcomes(blocks("--key-from", "secretsmanager:team#opc", **HERE, **aws))
    assert again["secret/globalaiopc-api-key"] == "unchanged"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("secretsmanager:nowhere", "does not give nowhere (ResourceNotFoundException)"),
        ("secretsmanager:team", "JSON with the fields opc, other"),
        ("secretsmanager:team#key", "has no text in a field 'key'. Its fields: opc, other"),
        ("secretsmanager:binary", "is binary"),
    ],
)
def test_a_secret_that_is_no_key_is_one_sentence(monkeypatch, aws, source, said):
    for name, value in aws.items():
        monkeypatch.setenv(name, value)
    assert said in refused(source)


def test_secrets_manager_without_a_region_or_an_answer(monkeypatch):
    assert "NoRegionError" in refused("secretsmanager:any")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:1")
    assert "NoCredentialsError" in refused("secretsmanager:any")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    assert "EndpointConnectionError" in refused("secretsmanager:any")


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_line_end_of_a_file_or_a_pipe_is_no_part_of_the_key(tmp_path, end):
    file = tmp_path / "key"
    file.write_bytes(f"{KEY}{end}".encode())
    assert key_from_source(f"file:{file}", io.StringIO()) == KEY
    assert key_from_source("stdin", io.StringIO(KEY + end)) == KEY


def refused(source: str, given: str = "") -> str:
    with pytest.raises(ConfigurationError) as caught:
        key_from_source(source, io.StringIO(given))
    error = caught.value
    assert error.__cause__ is None
    told = f"{error.message} {error.advice}".strip()
    assert "\n" not in told
    assert KEY not in told
    return told


@pytest.mark.parametrize("source", [KEY, "", "stdin:", "file:", f"vault:{KEY}", f"--{KEY}"])
def test_a_key_that_is_typed_is_not_repeated(source):
    assert "stdin, file:PATH or secretsmanager:NAME" in refused(source)


def test_sources_without_a_key(tmp_path):
    assert "Standard input holds no key" in refused("stdin", "\n")
    assert "cannot be read: No such file" in refused(f"file:{tmp_path / 'none'}")
    assert "cannot be read: Is a directory" in refused(f"file:{tmp_path}")
    (tmp_path / "picture").write_bytes(b"\xff\xd8\xff")
    assert "it is not UTF-8" in refused(f"file:{tmp_path / 'picture'}")


def test_a_key_on_the_command_line_is_neither_taken_nor_shown(blocks):
    ran = blocks("--api-key", KEY, **HERE)
    assert (ran.code, ran.out) == (2, "")


def test_a_source_wins_over_the_environment(api, blocks, tmp_path):
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n", "utf-8")
    outcomes(blocks("--key-from", f"file:{file}", **HERE, GLOBALAIOPC_API_KEY=NEXT))
    assert GlobalAIOPC.load("default").api_key.get() == KEY


# -- the keys before it


def test_a_replaced_key_is_kept_for_the_jobs_that_it_bought(api, blocks):
    outcomes(blocks(**HERE, GLOBALAIOPC_API_KEY=KEY))
    assert GlobalAIOPC.load("default").former_keys is None
    saved = outcomes(blocks(**HERE, GLOBALAIOPC_API_KEY=NEXT))
    assert (saved[FORMER], saved["globalaiopc/default"]) == ("created", "updated")
    block = GlobalAIOPC.load("default")
    assert former_keys(block.former_keys) == (KEY,)
    assert block.former_client(key_hash(KEY)).key_hash == key_hash(KEY)
    assert block.former_client(key_hash(NEXT)) is None
    assert KEY not in repr(block) + str(block) + repr(block.former_keys)
    [hidden] = [
        one["data"]
        for one in api.post("/block_documents/filter", json={}).json()
        if one["name"] == "globalaiopc-former-keys"
    ]
    assert KEY not in json.dumps(hidden)
    # And back again: a key is never its own former key.
    outcomes(blocks(**HERE, GLOBALAIOPC_API_KEY=KEY))
    assert former_keys(GlobalAIOPC.load("default").former_keys) == (NEXT,)
    assert outcomes(blocks("forget-former-keys")) == {FORMER: "updated"}
    assert former_keys(GlobalAIOPC.load("default").former_keys) == ()
    assert outcomes(blocks("forget-former-keys")) == {FORMER: "unchanged"}


async def test_the_latest_former_keys_are_kept(monkeypatch):
    kept = [f"sk-number-{number}-canary" for number in range(KEPT_KEYS)]
    stored = {SECRET_NAME: Secret(value=NEXT), FORMER_NAME: Secret(value=kept)}

    async def loaded(_: object, name: str, kind: object) -> Secret:
        return stored[name]

    monkeypatch.setattr(saving, "_loaded", loaded)
    former = await saving._former(None, KEY)
    assert former == [NEXT, *kept[:-1]]


def test_nothing_is_forgotten_where_nothing_was_kept(api, blocks):
    assert outcomes(blocks("forget-former-keys")) == {FORMER: "unchanged"}
    assert documents(api, "secret") == []


@pytest.mark.parametrize(
    ("value", "keys"),
    [
        (["sk-one-12345", "sk-two-12345"], ("sk-one-12345", "sk-two-12345")),
        ('["sk-one-12345"]', ("sk-one-12345",)),
        ("sk-one-12345, sk-two-12345\n", ("sk-one-12345", "sk-two-12345")),
        (["Bearer sk-one-12345", "", 7, "<key>"], ()),
        ({"a": "sk-one-12345"}, ()),
        ("", ()),
    ],
)
def test_former_keys_as_people_write_them(value: Any, keys: tuple[str, ...]):
    assert former_keys(Secret(value=value)) == keys


# -- where it may be sent


def connection(**change: Any) -> GlobalAIOPC:
    return GlobalAIOPC(**{"api_key": Secret(value=KEY), **change})


@pytest.mark.parametrize("field", ["text_base_url", "media_base_url"])
def test_plain_http_to_another_machine_has_to_be_allowed(field):
    there = {field: "http://gateway.internal/api"}
    with pytest.raises(PlaintextKey, match=f"{field} is plain http"):
        connection(**there).client()
    connection(**there, allow_plaintext_key=True).client()
    connection(**{field: "http://127.0.0.1:9/api"}).client()
    connection(**{field: "https://gateway.internal/api"}).client()


def test_plain_http_is_refused_before_anything_is_saved(api, blocks):
    there = HERE | {
        "GLOBALAIOPC_API_KEY": KEY,
        "GLOBALAIOPC_TEXT_BASE_URL": "http://gateway.internal/api",
    }
    ran = blocks(**there)
    assert (ran.code, documents(api, "secret")) == (2, [])
    assert "GLOBALAIOPC_ALLOW_PLAINTEXT_KEY=true" in ran.err
    outcomes(blocks(**there, GLOBALAIOPC_ALLOW_PLAINTEXT_KEY="true"))
    assert GlobalAIOPC.load("default").allow_plaintext_key is True
    bad = blocks(**there, GLOBALAIOPC_ALLOW_PLAINTEXT_KEY="perhaps")
    assert "GLOBALAIOPC_ALLOW_PLAINTEXT_KEY is not usable" in bad.err


async def test_check_says_where_the_key_can_be_read(monkeypatch):
    async def no_network(*_: object) -> Any:
        raise OSError

    monkeypatch.setattr("httpx.AsyncClient.get", no_network)
    found = await connection(text_base_url="http://gateway.internal/api").check()
    other = next(one for one in found if one.name == KEY_ENCRYPTED)
    assert not other.ok
    assert "GLOBALAIOPC_ALLOW_PLAINTEXT_KEY" in other.advice

    def told(**change: Any) -> Any:
        return next(iter(connection(**change)._encrypted()), None)

    assert told(text_base_url="http://127.0.0.1:1") is None
    assert told(text_base_url="https://gateway.internal") is None
    documented = told()
    assert documented.ok
    assert "From release 0.3.0 on" in documented.advice
    allowed = told(allow_plaintext_key=True)
    assert (allowed.ok, allowed.advice) == (True, "")


def test_the_notice_of_plain_http_is_due_before_its_release():
    """Whoever makes 0.3.0 has to refuse the documented address, or to move the date."""
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8")
    assert 'version = "0.1.' in text or 'version = "0.2.' in text
