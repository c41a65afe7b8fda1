"""`python -m blocks` as a person runs it, against a real Prefect server."""

import httpx
import pytest

from blocks import GlobalAIOPC, MediaBucket
from tests.blocks.conftest import KEY, SECRET, documents, outcomes

MINIMUM = {"GLOBALAIOPC_API_KEY": KEY, "MEDIA_BUCKET": "media-one"}
FULL = MINIMUM | {
    "GLOBALAIOPC_TEXT_BASE_URL": "http://127.0.0.1:9/gw_llm_power/v1/",
    "GLOBALAIOPC_MEDIA_BASE_URL": "http://127.0.0.1:9/kyyReactApiServer",
    "GLOBALAIOPC_TIME_SCALE": "0.01",
    "MEDIA_PREFIX": "/studio/",
    "AWS_ACCESS_KEY_ID": "access-one",
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
    "AWS_REGION": "eu-central-1",
}


def all_documents(api):
    found = api.post("/block_documents/filter", json={"include_secrets": True})
    return {d["id"]: (d["name"], d["updated"], d["data"]) for d in found.json()}


def test_blocks_are_saved_as_the_contract_says(api, program):
    assert outcomes(program(**FULL)) == {
        "secret/globalaiopc-api-key": "created",
        "globalaiopc/default": "created",
        "aws-credentials/media-bucket-credentials": "created",
        "media-bucket/default": "created",
    }
    connection = GlobalAIOPC.load("default")
    assert connection.text_base_url == "http://127.0.0.1:9/gw_llm_power"
    assert connection.time_scale == 0.01
    assert connection.api_key.get() == KEY
    assert connection.api_key._block_document_name == "globalaiopc-api-key"
    bucket = MediaBucket.load("default")
    assert (bucket.bucket, bucket.prefix) == ("media-one", "studio")
    assert bucket.credentials.aws_access_key_id == "access-one"
    client = bucket.s3_client()
    assert client.meta.endpoint_url == "http://127.0.0.1:9"
    assert client.meta.region_name == "eu-central-1"
    assert KEY not in repr(connection) + str(connection)
    assert SECRET not in repr(bucket) + str(bucket)
    [type_] = api.post(
        "/block_types/filter", json={"block_types": {"slug": {"any_": ["globalaiopc"]}}}
    ).json()
    assert type_["name"] == "GlobalAIOPC"
    assert "aload" in type_["code_example"]
    assert type_["description"].startswith("The connection to GlobalAI OPC")
    assert type_["logo_url"].endswith("clapperboard.svg")


def test_run_twice_it_changes_nothing(api, blocks):
    outcomes(blocks(**FULL))
    before = all_documents(api)
    assert set(outcomes(blocks(**FULL)).values()) == {"unchanged"}
    assert all_documents(api) == before


def test_only_what_differs_is_saved(api, blocks):
    outcomes(blocks(**FULL))
    rotated = FULL | {"GLOBALAIOPC_API_KEY": "sk-9876543210", "MEDIA_BUCKET": "media-two"}
    assert outcomes(blocks(**rotated)) == {
        "secret/globalaiopc-former-keys": "created",
        "secret/globalaiopc-api-key": "updated",
        "globalaiopc/default": "updated",
        "aws-credentials/media-bucket-credentials": "unchanged",
        "media-bucket/default": "updated",
    }
    assert GlobalAIOPC.load("default").api_key.get() == "sk-9876543210"
    bucket = MediaBucket.load("default")
    assert (bucket.bucket, bucket.prefix) == ("media-two", "studio")
    assert bucket.credentials.aws_access_key_id == "access-one"


def test_what_the_environment_leaves_out_stays_as_it_was_set_in_the_ui(api, blocks):
    outcomes(blocks(**FULL))
    connection = GlobalAIOPC.load("default")
    connection.video_in_flight = 3
    connection.save("default", overwrite=True)
    found = outcomes(blocks(**MINIMUM))
    assert set(found.values()) == {"unchanged"}
    assert "aws-credentials/media-bucket-credentials" not in found
    kept = GlobalAIOPC.load("default")
    assert (kept.video_in_flight, kept.time_scale) == (3, 0.01)


def test_without_aws_variables_there_is_no_credentials_block(api, blocks):
    assert "aws" not in blocks(**MINIMUM).out
    assert documents(api, "aws-credentials") == []
    assert MediaBucket.load("default").credentials is None


def test_what_the_ui_let_somebody_break_is_repaired(api, blocks):
    outcomes(blocks(**MINIMUM))
    [document] = documents(api, "globalaiopc")
    api.patch(
        f"/block_documents/{document['id']}",
        json={"data": {"media_base_url": "not an address"}, "merge_existing_data": True},
    ).raise_for_status()
    checked = blocks("check")
    assert checked.code == 1
    assert "✗ block loads" in checked.out
    assert outcomes(blocks(**MINIMUM))["globalaiopc/default"] == "updated"
    GlobalAIOPC.load("default")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"GLOBALAIOPC_API_KEY": ""}, "GLOBALAIOPC_API_KEY is not set"),
        ({"MEDIA_BUCKET": ""}, "MEDIA_BUCKET is not set"),
        ({"GLOBALAIOPC_API_KEY": f"Bearer {KEY}"}, "starts with 'Bearer'"),
        ({"GLOBALAIOPC_TIME_SCALE": "fast"}, "GLOBALAIOPC_TIME_SCALE is not usable"),
        ({"GLOBALAIOPC_TIME_SCALE": "0"}, "GLOBALAIOPC_TIME_SCALE is not usable"),
        ({"GLOBALAIOPC_MEDIA_BASE_URL": "ftp://x"}, "GLOBALAIOPC_MEDIA_BASE_URL is not usable"),
        ({"MEDIA_BUCKET": "s3://media/x"}, "MEDIA_BUCKET is not usable"),
        ({"AWS_SECRET_ACCESS_KEY": ""}, "AWS_SECRET_ACCESS_KEY is not set"),
        ({"GLOBALAIOPC_CATALOGUE": "/no/such.toml"}, "GLOBALAIOPC_CATALOGUE names a file"),
    ],
)
def test_bad_settings_are_one_sentence_and_nothing_is_saved(api, blocks, change, said):
    ran = blocks(**FULL | change)
    assert ran.code == 2
    assert said in ran.err
    assert ran.out == ""
    assert len(ran.err.splitlines()) == 1
    assert documents(api, "secret") == []


def test_a_server_that_is_away_is_one_sentence(program):
    ran = program(**FULL, PREFECT_API_URL="http://127.0.0.1:1/api", PREFECT_CLIENT_MAX_RETRIES="0")
    assert ran.code == 1
    assert ran.err.startswith("The Prefect server at http://127.0.0.1:1 does not answer")
    assert len(ran.err.splitlines()) == 1


def test_anything_else_on_the_command_line_is_refused(blocks):
    ran = blocks("chekc")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("Usage: python -m blocks [check | ")
    assert "chekc" not in ran.err, "it may be a key"


def test_check_on_real_parts(api, blocks, sandbox, s3):
    good = sandbox.environment() | s3.environment() | {"MEDIA_BUCKET": s3.bucket}
    assert blocks("check").code == 1, "nothing is saved yet"
    outcomes(blocks(**good))
    checked = blocks("check")
    assert checked.code == 0, checked.out
    assert checked.out.count("✓") == 10
    assert "✗" not in checked.out
    outcomes(blocks(**good | {"GLOBALAIOPC_API_KEY": "sk-not-the-sandboxes-key"}))
    checked = blocks("check")
    assert checked.code == 1
    assert "✗ key accepted" in checked.out
    assert "✓ If-Match honoured" in checked.out
    assert httpx.get(f"{sandbox.url}/sandbox/jobs", trust_env=False).json()["jobs"] == []


ROW = """
[[model]]
names = ["my-own-sora"]
family = "sora"
seconds = [6]
default_seconds = 6
"""


def test_rows_of_ones_own_travel_in_the_block(api, blocks, tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(ROW, "utf-8")
    blocks(**MINIMUM, GLOBALAIOPC_CATALOGUE=str(own))
    assert outcomes(blocks(**MINIMUM))["globalaiopc/default"] == "unchanged"
    client = GlobalAIOPC.load("default").client()
    assert client.catalogue.model("my-own-sora").seconds == (6,)


def test_a_wrong_row_is_named_and_nothing_is_saved(api, blocks, tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(ROW.replace("[6]", "[7]"), "utf-8")
    ran = blocks(**MINIMUM, GLOBALAIOPC_CATALOGUE=str(own))
    assert ran.code == 2
    assert "GLOBALAIOPC_CATALOGUE is not usable" in ran.err
    assert "row 1 (my-own-sora)" in ran.err
    assert "default_seconds" in ran.err
    assert documents(api, "secret") == []
