"""The demo's verdict: it must notice everything that could have landed and has not."""

import secrets
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from examples.demo.__main__ import BRIEFS
from examples.demo.outcome import complaints, expectations, fetch_report
from flows.manifest import load_briefs
from flows.report import BatchReport, Job, ReportItem
from globalaiopc import Catalogue, ErrorInfo
from sandbox.services import S3Access
from sandbox.settings import MODERATED_WORDS

REFUSAL = ErrorInfo(
    code="job_moderated",
    message="refused",
    charged="unknown",
    retry_is_free=False,
    who_acts="user",
    advice="",
)


def test_the_example_briefs_are_six_sound_ones_one_of_them_refused() -> None:
    briefs = load_briefs(BRIEFS, catalogue=Catalogue.load())
    assert len(briefs) == 6
    assert {brief.ratio for brief in briefs} == {"16:9", "9:16"}
    refused = {
        brief.id
        for brief in briefs
        if any(words in (brief.topic or "").lower() for words in MODERATED_WORDS)
    }
    assert refused == {brief for brief, can_land in expectations(BRIEFS).items() if not can_land}
    assert len(refused) == 1


class Bucket:
    """A batch of two briefs, `good` landed and `bad` refused, in a prefix of its own."""

    def __init__(self, s3: S3Access) -> None:
        self.access = s3
        self.batch_id = f"demo-{secrets.token_hex(4)}"
        folder = f"{self.batch_id}/good"
        self.good = ReportItem(
            id="good",
            state="landed",
            image=f"{folder}/image.png",
            video=f"{folder}/video.mp4",
            poster=f"{folder}/poster.jpg",
            jobs=(
                Job(stage="image", model="m", key=f"{folder}/image.png", size=3),
                Job(stage="video", model="m", key=f"{folder}/video.mp4", size=3),
            ),
        )
        self.bad = ReportItem(id="bad", state="failed", error=REFUSAL)
        for name in ("image.png", "video.mp4", "poster.jpg"):
            self.put(f"{folder}/{name}", b"abc")

    def put(self, key: str, body: bytes) -> None:
        self.access.client().put_object(Bucket=self.access.bucket, Key=key, Body=body)

    def report(self, *items: ReportItem) -> BatchReport:
        now = datetime.now(UTC)
        return BatchReport.of(self.batch_id, items, started=now, ended=now)

    def complaints(self, *items: ReportItem) -> list[str]:
        return complaints(self.report(*items), {"good": True, "bad": False}, self.access)


@pytest.fixture
def bucket(s3: S3Access) -> Bucket:
    return Bucket(s3)


def test_no_complaint_when_all_that_could_land_has(bucket: Bucket) -> None:
    assert bucket.complaints(bucket.good, bucket.bad) == []


def test_an_object_that_is_missing_or_short_is_noticed(bucket: Bucket) -> None:
    bucket.put(f"{bucket.batch_id}/good/video.mp4", b"ab")
    bucket.access.client().delete_object(
        Bucket=bucket.access.bucket, Key=f"{bucket.batch_id}/good/poster.jpg"
    )
    short, missing = bucket.complaints(bucket.good, bucket.bad)
    assert "video.mp4 has 2 bytes in the bucket and 3 in the report" in short
    assert "poster.jpg is not in the bucket" in missing


def test_a_brief_that_did_not_land_or_is_not_there_is_noticed(bucket: Bucket) -> None:
    failed = ReportItem(id="good", state="failed", error=REFUSAL)
    assert bucket.complaints(failed, bucket.bad)[0] == "good is failed: refused"
    assert bucket.complaints(bucket.bad) == ["good is not in the report."]


def test_a_refusal_that_did_not_happen_is_noticed(bucket: Bucket) -> None:
    landed = bucket.good.model_copy(update={"id": "bad"})
    assert bucket.complaints(bucket.good, landed) == [
        "bad should have been refused, and is landed."
    ]


def test_the_report_is_copied_and_its_absence_is_no_crash(bucket: Bucket, tmp_path: Path) -> None:
    copy = tmp_path / "report.json"
    assert fetch_report(bucket.access, bucket.batch_id, copy) is None
    body = bucket.report(bucket.good).to_bytes()
    bucket.put(f"{bucket.batch_id}/report.json", body)
    assert fetch_report(bucket.access, bucket.batch_id, copy) is not None
    assert copy.read_bytes() == body
    wrong = replace(bucket.access, bucket="no-such-bucket")
    assert fetch_report(wrong, bucket.batch_id, copy) is None
