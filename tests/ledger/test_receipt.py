import json
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from globalaiopc.errors import ErrorInfo, InvalidRequest
from ledger import Claim, JobKey, Receipt, ReceiptUnreadable, check_id, fingerprint
from ledger.receipt import check_asked, differences, scrubbed

GOLDEN = sorted((Path(__file__).parent / "golden").glob("v*/*.json"))
STATES = {"intent", "submitted", "completed", "landed", "failed", "unknown"}
JOB = JobKey(batch_id="b", brief_id="x", stage="image")
INTENT = {
    "job": JOB,
    "state": "intent",
    "endpoint": "nano-banana",
    "model": "nano-banana-2",
    "api": "v1",
    "key_hash": "0123456789ab",
    "asked": {"prompt": "a cat"},
    "fingerprint": fingerprint({"prompt": "a cat"}),
    "claim": Claim(holder="h:1:a", nonce="n", until="2026-01-02T03:04:05Z"),
}


def golden(name: str) -> Receipt:
    path = Path(__file__).parent / "golden" / "v1" / f"{name}.json"
    return Receipt.from_json(path.read_bytes(), name)


def test_there_is_a_golden_receipt_of_each_state():
    assert {p.stem for p in GOLDEN if p.parent.name == "v1"} >= STATES


@pytest.mark.parametrize("path", GOLDEN, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_35_old_receipts_are_readable_for_ever(path):
    receipt = Receipt.from_json(path.read_bytes(), str(path))
    assert receipt.state == json.loads(path.read_text())["state"]
    assert receipt.fingerprint == fingerprint(receipt.asked)
    again = Receipt.from_json(receipt.to_json(), "again")
    assert again == receipt


def test_a_golden_receipt_says_what_it_said():
    landed = golden("landed")
    assert landed.job == JobKey(batch_id="daily-2026-01-02", brief_id="fox", stage="video", take=2)
    assert landed.task_id == "sora_0001"
    assert landed.amount == Decimal("0.32")
    assert landed.actual_seconds == 4.0
    assert landed.media.key == "daily-2026-01-02/fox/video.take2.mp4"
    assert landed.media.size == 2000000
    assert landed.times["landed"].isoformat() == "2026-01-02T03:09:05+00:00"
    assert landed.decisions[0].what == "resubmit"
    assert golden("unknown").error.code == "claim_expired"
    assert golden("failed").error.charged == "no"
    assert golden("intent").claim.holder == "host-a:4242:9f8e7d6c"


def test_a_cloned_voice_is_kept_by_its_id_and_other_receipts_say_nothing_of_it():
    voice = golden("voice")
    assert (voice.voice_id, voice.media.content_type) == ("voice-20260102-7f3a", "audio/wav")
    assert b"voice_id" in voice.to_json()
    assert golden("landed").voice_id is None
    assert b"voice_id" not in golden("landed").to_json()


def test_fields_of_a_newer_program_are_kept():
    raw = json.loads(Receipt(**INTENT).to_json())
    raw["quality_note"] = {"by": "a newer one"}
    raw["claim"]["zone"] = "eu"
    kept = json.loads(Receipt.from_json(json.dumps(raw).encode(), "k").to_json())
    assert kept["quality_note"] == {"by": "a newer one"}
    assert kept["claim"]["zone"] == "eu"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "Invalid JSON"),
        (b"<html>", "Invalid JSON"),
        (b"{}", "job"),
        (Receipt(**INTENT).to_json().replace(b'"intent"', b'"resting"'), "state"),
        (Receipt(**INTENT).to_json().replace(b'"version": 1', b'"version": 2'), "newer program"),
        (Receipt(**INTENT).to_json().replace(b'"b"', b'"../b"'), "batch_id"),
    ],
)
def test_what_is_not_a_receipt_is_named_and_not_acted_upon(body, said):
    with pytest.raises(ReceiptUnreadable) as caught:
        Receipt.from_json(body, "s3://bucket/k.json")
    assert "s3://bucket/k.json" in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("state", "lacks"),
    [
        ("intent", "claim"),
        ("submitted", "task_id"),
        ("landed", "media"),
        ("failed", "error"),
        ("unknown", "error"),
    ],
)
def test_each_state_has_what_it_means(state, lacks):
    with pytest.raises(ValidationError, match=lacks):
        Receipt(**{**INTENT, "state": state, "claim": None})


# -- keys


def test_keys_lie_in_the_briefs_folder():
    assert JOB.receipt_key == "b/x/receipts/image.json"
    assert JOB.folder == "b/x"
    assert JOB.model_copy(update={"take": 3}).receipt_key == "b/x/receipts/image.take3.json"
    assert str(JOB) == "b/x/image"


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("", "empty"),
        ("a/b", "'/' (U+002F)"),
        ("a b", "' ' (U+0020)"),
        ("狐", "'狐' (U+72D0)"),
        ("a\n", "'\\n' (U+000A)"),
        ("..", "starts with '.'"),
        ("x" * 129, "129 characters"),
    ],
)
def test_unsafe_ids_are_refused_with_the_character_named(value, named):
    with pytest.raises(InvalidRequest) as caught:
        check_id(value, "brief id")
    assert named in caught.value.message
    assert caught.value.field == "brief id"
    with pytest.raises(InvalidRequest):
        JobKey(batch_id="b", brief_id=value, stage="image")
    with pytest.raises(InvalidRequest):
        JobKey(batch_id=value, brief_id="x", stage="image")


def test_ids_that_would_share_a_key_with_something_else_are_refused():
    with pytest.raises(InvalidRequest, match=r"report\.json"):
        JobKey(batch_id="b", brief_id="report.json", stage="image")
    with pytest.raises(InvalidRequest, match=r"image\.take2"):
        JobKey(batch_id="b", brief_id="x", stage="image.take2")
    assert check_id("A-b_c.9", "id") == "A-b_c.9"


# -- what was asked


def test_the_fingerprint_is_of_the_meaning_not_of_the_spelling():
    one = fingerprint({"a": 5, "b": ["x", {"c": None}]})
    assert one == fingerprint({"b": ["x", {"c": None}], "a": 5.0})
    assert one != fingerprint({"a": 5, "b": ["x", {"c": 0}]})
    assert one != fingerprint({"a": "5", "b": ["x", {"c": None}]})


@pytest.mark.parametrize(
    "secret",
    [
        "https://b.s3.amazonaws.com/k?X-Amz-Signature=abc",
        "see X-Amz-Credential=abc",
        "Bearer abc",
        "use Bearer sk-0123456789abcdef please",
        "https://media.example/a.mp4?Expires=1",
        ["fine", {"deep": "http://media.example/a.png?x=1"}],
        "look at https://x.example/a?access_token=abc now",
    ],
)
def test_33_no_secret_or_presigned_url_gets_into_a_receipt(secret):
    with pytest.raises(InvalidRequest) as caught:
        check_asked({"prompt": "fine", "reference": secret})
    assert caught.value.field == "reference"
    assert "Signature=abc" not in str(caught.value)
    with pytest.raises(ValidationError):
        Receipt(**{**INTENT, "asked": {"reference": secret}})


@pytest.mark.parametrize(
    "prompt",
    ["the standard Bearer of Rome", "a poster of https://shop.example/item?id=3 in neon", "狐狸"],
)
def test_prompts_that_only_look_like_secrets_are_kept(prompt):
    check_asked({"prompt": prompt})


@pytest.mark.parametrize(
    ("value", "said"), [(float("nan"), "nan"), ("half \ud83d emoji", "surrogate")]
)
def test_what_json_cannot_hold_is_refused_with_its_field(value, said):
    with pytest.raises(InvalidRequest, match=said) as caught:
        check_asked({"prompt": value})
    assert caught.value.field == "prompt"


def test_differences_name_fields_with_short_values():
    receipt = Receipt(**{**INTENT, "asked": {"prompt": "old " * 100, "seconds": 4, "gone": 1}})
    found = differences(
        receipt,
        endpoint="nano-banana",
        model="other",
        asked={"prompt": "new", "seconds": 4.0, "ratio": "16:9"},
    )
    assert set(found) == {"prompt", "model", "gone", "ratio"}
    assert found["model"] == ("'nano-banana-2'", "'other'")
    assert found["ratio"] == ("absent", "'16:9'")
    assert len(found["prompt"][0]) < 60


def test_an_error_is_kept_without_what_the_provider_quoted():
    error = ErrorInfo(
        code="x",
        message="GET https://m.example/a.mp4?sig=SECRET1 with Bearer SECRET2 failed",
        charged="no",
        retry_is_free=True,
        who_acts="nobody",
    )
    assert scrubbed(error).message == "GET https://m.example/a.mp4?… with Bearer … failed"
