import json

import pytest
from prefect.blocks.system import Secret
from prefect_aws.client_parameters import AwsClientParameters
from prefect_aws.credentials import AwsCredentials
from pydantic import ValidationError

from blocks import GlobalAIOPC, MediaBucket
from blocks.connection import KEY_ACCEPTED, KEY_WELL_FORMED, MEDIA_HOST, TEXT_HOST
from globalaiopc.errors import MalformedKey
from tests.conftest import KEY


def test_the_block_types_are_called_as_documented():
    assert (GlobalAIOPC.get_block_type_name(), GlobalAIOPC.get_block_type_slug()) == (
        "GlobalAIOPC",
        "globalaiopc",
    )
    assert MediaBucket.get_block_type_slug() == "media-bucket"


@pytest.mark.parametrize("kind", [GlobalAIOPC, MediaBucket])
def test_each_field_has_a_title_and_help_in_the_ui(kind):
    for name, field in kind.model_fields.items():
        assert field.title, name
        assert field.description.endswith("."), name
    assert kind.get_description().endswith(".")
    assert kind.get_code_example().startswith("```python")


def connection(**change):
    return GlobalAIOPC(**{"api_key": Secret(value=KEY), **change})


def test_addresses_are_normalised_and_bad_ones_refused_at_save():
    block = connection(media_base_url="https://zcbservice.aizfw.cn/kyyReactApiServer/v1/result/x")
    assert block.media_base_url == "https://zcbservice.aizfw.cn/kyyReactApiServer"
    with pytest.raises(ValidationError, match="must start with https"):
        connection(text_base_url="apillm.globalaiopc.com")


@pytest.mark.parametrize(
    "field",
    [
        "connect_timeout",
        "read_timeout",
        "text_in_flight",
        "image_in_flight",
        "video_in_flight",
        "landings",
        "time_scale",
    ],
)
def test_limits_are_positive(field):
    with pytest.raises(ValidationError, match=field):
        connection(**{field: 0})


async def test_a_key_of_digits_stays_text():
    async with connection(api_key=Secret(value="0012345678901234")).client() as client:
        assert client.key_hash == (await hashed("0012345678901234"))


async def hashed(key):
    async with connection(api_key=Secret(value=key)).client() as client:
        return client.key_hash


def test_a_secret_that_is_not_text_is_refused():
    with pytest.raises(MalformedKey, match="JSON"):
        connection(api_key=Secret(value={"key": "x"})).client()


@pytest.mark.parametrize("name", ["s3://media", "media/path", "http://host", "ab"])
def test_the_bucket_is_a_bare_name(name):
    with pytest.raises(ValidationError, match="bucket"):
        MediaBucket(bucket=name)


def test_the_client_of_credentials_with_an_address():
    credentials = AwsCredentials(
        aws_access_key_id="a",
        aws_secret_access_key="b",
        region_name="eu-central-1",
        aws_client_parameters=AwsClientParameters(endpoint_url="http://store.example:9000"),
    )
    block = MediaBucket(bucket="media", prefix="/p/", credentials=credentials)
    client = block.s3_client()
    config = client.meta.config
    assert client.meta.endpoint_url == "http://store.example:9000"
    assert config.signature_version == "s3v4"
    assert config.s3["addressing_style"] == "path"
    assert config.retries["mode"] == "standard"
    assert config.max_pool_connections == 50
    assert block.store().uri("k") == "s3://media/p/k"


def test_the_credentials_own_botocore_config_wins():
    parameters = AwsClientParameters(
        endpoint_url="https://oss.example", config={"s3": {"addressing_style": "virtual"}}
    )
    credentials = AwsCredentials(
        aws_access_key_id="a", aws_secret_access_key="b", aws_client_parameters=parameters
    )
    config = MediaBucket(bucket="media", credentials=credentials).s3_client().meta.config
    assert config.s3["addressing_style"] == "virtual"
    assert config.signature_version == "s3v4"


def test_without_credentials_botos_own_chain_is_used(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "from-the-environment")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    client = MediaBucket(bucket="media").s3_client()
    assert client.meta.endpoint_url == "http://127.0.0.1:9"
    assert client._request_signer._credentials.access_key == "from-the-environment"


# -- check


def at(sandbox, **change):
    environment = sandbox.environment()
    return connection(
        **{
            "text_base_url": environment["GLOBALAIOPC_TEXT_BASE_URL"],
            "media_base_url": environment["GLOBALAIOPC_MEDIA_BASE_URL"],
            **change,
        }
    )


async def checked(block):
    return {verdict.name: verdict for verdict in await block.check()}


async def test_check_says_yes_without_spending(sandbox):
    found = await checked(at(sandbox))
    assert {name: v.ok for name, v in found.items()} == dict.fromkeys(
        (KEY_WELL_FORMED, TEXT_HOST, MEDIA_HOST, KEY_ACCEPTED), True
    )
    assert KEY not in json.dumps([v.detail for v in found.values()])


async def test_check_of_a_wrong_key(sandbox):
    found = await checked(at(sandbox, api_key=Secret(value="sk-somebody-elses")))
    assert found[KEY_WELL_FORMED].ok
    assert not found[KEY_ACCEPTED].ok
    assert found[KEY_ACCEPTED].advice


async def test_check_of_a_malformed_key(sandbox):
    found = await checked(at(sandbox, api_key=Secret(value="Bearer sk-canary-123")))
    assert not found[KEY_WELL_FORMED].ok
    assert "Bearer" in found[KEY_WELL_FORMED].detail
    assert "canary" not in found[KEY_WELL_FORMED].detail
    assert found[MEDIA_HOST].ok
    assert found[KEY_ACCEPTED].detail == "Not tried: no well-formed key."


async def test_check_of_a_host_that_is_away(sandbox):
    found = await checked(at(sandbox, media_base_url="http://127.0.0.1:1/kyyReactApiServer"))
    assert found[TEXT_HOST].ok
    assert not found[MEDIA_HOST].ok
    assert "ConnectError" in found[MEDIA_HOST].detail
    assert found[KEY_ACCEPTED].detail == "Not tried: no answer from the media host."


async def test_check_of_the_wrong_path(sandbox):
    found = await checked(at(sandbox, media_base_url=f"{sandbox.url}/elsewhere"))
    assert found[MEDIA_HOST].ok
    assert not found[KEY_ACCEPTED].ok
    assert "base URLs" in found[KEY_ACCEPTED].advice


async def test_check_of_the_bucket_is_the_probe(s3):
    credentials = AwsCredentials(
        aws_access_key_id=s3.access_key,
        aws_secret_access_key=s3.secret_key,
        aws_client_parameters=AwsClientParameters(endpoint_url=s3.endpoint),
    )
    verdicts = await MediaBucket(bucket=s3.bucket, credentials=credentials).check()
    assert len(verdicts) == 6
    assert all(verdict.ok for verdict in verdicts)
