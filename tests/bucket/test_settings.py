"""How the bucket is asked and objects are written, as `python -m blocks` is told."""

from typing import Any

import pytest

from blocks import MediaBucket
from blocks.saving import Settings
from globalaiopc.errors import ConfigurationError

ALWAYS = {
    "GLOBALAIOPC_API_KEY": "sk-0123456789-canary",
    "GLOBALAIOPC_ALLOW_PLAINTEXT_KEY": "true",
    "MEDIA_BUCKET": "media-one",
}
KEY = "arn:aws:kms:eu-central-1:111122223333:key/a1"


def bucket(**given: str) -> MediaBucket:
    return MediaBucket(**Settings.from_environment(ALWAYS | given).bucket)  # type: ignore[arg-type]


def test_what_is_left_out_changes_nothing() -> None:
    assert Settings.from_environment(ALWAYS).bucket == {"bucket": "media-one"}
    assert bucket().store()._written_with == {}


def test_every_write_has_what_was_asked_for() -> None:
    given: dict[str, Any] = {"MEDIA_ENCRYPTION": "aws:kms", "MEDIA_KMS_KEY_ID": KEY}
    block = bucket(
        **given, MEDIA_TAGS="project = spring launch, id=4+2/a,", MEDIA_ADDRESSING="path"
    )
    assert block.addressing == "path"
    assert block.store()._written_with == {
        "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": KEY,
        "Tagging": "project=spring%20launch&id=4%2B2%2Fa",
    }


def test_a_key_of_kms_goes_with_the_encryption_it_was_for() -> None:
    changed = Settings.from_environment(ALWAYS | {"MEDIA_ENCRYPTION": "AES256"})
    assert changed.bucket["kms_key_id"] == "", "what the block had is taken away"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"MEDIA_ENCRYPTION": "AES"}, "MEDIA_ENCRYPTION is not usable"),
        ({"MEDIA_KMS_KEY_ID": KEY}, "with the encryption aws:kms only"),
        ({"MEDIA_ADDRESSING": "dns"}, "MEDIA_ADDRESSING is not usable"),
        ({"MEDIA_TAGS": "project"}, "write it as name=value,name=value"),
        ({"MEDIA_TAGS": "project=<b>"}, "MEDIA_TAGS is not usable"),
        ({"MEDIA_TAGS": "aws:project=x"}, "not beginning with aws:"),
        ({"MEDIA_TAGS": ",".join(f"t{n}=x" for n in range(11))}, "at most 10 tags"),
    ],
)
def test_a_mistake_is_one_sentence(change: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_environment(ALWAYS | change)
    assert said in caught.value.message
    assert caught.value.message.startswith("MEDIA_")
