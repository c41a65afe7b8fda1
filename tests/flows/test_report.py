"""The report: counts, money, and words that a person can act on."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from flows.briefs import Brief
from flows.given import as_given
from flows.report import (
    BatchReport,
    BudgetFacts,
    Job,
    ReportItem,
    description,
    manifest_line,
    sentence,
    table_rows,
    verdict,
)
from globalaiopc.errors import ErrorInfo
from tasks.lineage import InputMedium

START = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)
SIGNED = "https://h.example/a.mp4?X-Amz-Signature=abc"


def job(stage: str = "video", cost: str | None = "0.72", **fields: Any) -> Job:
    values = {"stage": stage, "model": f"{stage}-model", "submitted": START, **fields}
    return Job(**values, cost=None if cost is None else Decimal(cost))


def landed(name: str = "good", *jobs: Job) -> ReportItem:
    return ReportItem(
        id=name,
        state="landed",
        script=f"b/{name}/script.json",
        image=f"b/{name}/image.png",
        video=f"b/{name}/video.mp4",
        poster=f"b/{name}/poster.jpg",
        cost=sum((one.cost or Decimal(0) for one in jobs), Decimal(0)),
        seconds=4.0,
        jobs=jobs,
    )


def troubled(name: str, state: str, code: str, message: str = "No.") -> ReportItem:
    error = ErrorInfo(
        code=code,
        message=message,
        charged="unknown" if state == "unknown" else "no",
        retry_is_free=False,
        who_acts="user",
        advice="Change the prompt.",
    )
    return ReportItem.model_validate({"id": name, "state": state, "error": error})


def report(*items: ReportItem) -> BatchReport:
    ended = START + timedelta(minutes=5)
    return BatchReport.of("b", items, started=START, ended=ended, flow_run="run-1")


def test_report_json_is_the_documented_shape():
    item = landed("good", job("image", "0.12", prompt="p"), job("video", "0.32", task_id="t1"))
    body = json.loads(report(item, troubled("bad", "failed", "moderated")).to_bytes())
    assert body["batch_id"] == "b"
    assert body["flow_run"] == "run-1"
    assert body["totals"] == {
        "briefs": 2, "landed": 1, "failed": 1, "unknown": 0, "blocked": 0, "pending": 0,
        "cost": 0.44,
        "by_model": {
            "image-model": {"jobs": 1, "cost": 0.12, "unpriced": 0},
            "video-model": {"jobs": 1, "cost": 0.32, "unpriced": 0},
        },
        "by_day": {"2026-03-01": {"jobs": 2, "cost": 0.44, "unpriced": 0}},
    }  # fmt: skip
    good, bad = body["items"]
    assert [good[key] for key in ("id", "state", "video", "poster", "cost", "error")] == [
        "good", "landed", "b/good/video.mp4", "b/good/poster.jpg", 0.44, None,
    ]  # fmt: skip
    assert bad["error"] == {
        "code": "moderated", "message": "No.", "charged": "no", "retry_is_free": False,
        "who_acts": "user", "advice": "Change the prompt.", "task_id": None,
        "request_id": None,
    }  # fmt: skip
    assert "prompt" not in good["jobs"][0]


def test_report_json_comes_back():
    whole = report(landed("good", job()), troubled("bad", "unknown", "outcome_unknown"))
    assert BatchReport.model_validate_json(whole.to_bytes()) == whole


def test_money_adds_up_exactly_over_days_and_says_what_is_not_known():
    jobs = [job(cost="0.1", submitted=START + timedelta(minutes=n)) for n in range(3)]
    jobs += [job(cost=None), job(cost="0.1", submitted=None)]
    totals = report(landed("a", *jobs)).totals
    assert totals.cost == Decimal("0.4")
    assert totals.by_model["video-model"].unpriced == 1
    assert {day: (one.jobs, str(one.cost)) for day, one in totals.by_day.items()} == {
        "2026-03-01": (2, "0.1"),
        "2026-03-02": (2, "0.2"),
        "unknown": (1, "0.1"),
    }


def test_a_manifest_line_has_the_lineage_on_one_line():
    line = manifest_line(
        landed("good", job(prompt="灯塔\nat dawn", task_id="video_1", key="b/good/video.mp4",
                           sha256="ab", size=9, landed=START + timedelta(minutes=2), seed=7,
                           inputs=[InputMedium(field="first_frame", sha256="cd", key="b/i.png")]))
    )  # fmt: skip
    assert line.endswith("\n")
    assert line.count("\n") == 1
    assert "灯塔" in line
    (made,) = json.loads(line)["jobs"]
    assert made == {
        "stage": "video", "model": "video-model", "prompt": "灯塔\nat dawn", "task_id": "video_1",
        "key": "b/good/video.mp4", "sha256": "ab", "size": 9, "cost": 0.72,
        "submitted": "2026-03-01T23:59:00Z", "landed": "2026-03-02T00:01:00Z",
        "completed": None, "take": 1, "endpoint": None, "seed": 7, "content_type": None,
        "width": None, "height": None, "seconds": None,
        "inputs": [{"field": "first_frame", "sha256": "cd", "key": "b/i.png"}],
    }  # fmt: skip
    assert ReportItem.model_validate_json(line).jobs[0].inputs[0].key == "b/i.png"


def test_a_line_from_before_its_newer_fields_is_read():
    old = json.loads(manifest_line(landed("good", job(prompt="p"))))
    del old["brief"]
    for name in ("inputs", "seed", "take", "completed", "endpoint"):
        del old["jobs"][0][name]
    assert ReportItem.model_validate(old) == landed("good", job(prompt="p"))


def test_a_brief_is_kept_as_it_was_given_and_no_secret_with_it():
    given = as_given(
        Brief(
            id="fox",
            topic=f"As in {SIGNED} and\nhttps://me:pass@h.example/b",
            video_prompt="Bearer abcdef0123456789abcdef",
            image=SIGNED,
            reference_images=["s3://b/logo.png", "https://h.example/c.png#X-Amz-Signature=1"],
            tags=["spring"],
            sound=False,
        )
    )
    assert given == {
        "id": "fox",
        "topic": "As in https://h.example/a.mp4 and\nhttps://h.example/b",
        "video_prompt": "(left out: it looks like a secret)",
        "image": "https://h.example/a.mp4",
        "reference_images": ["s3://b/logo.png", "https://h.example/c.png"],
        "tags": ["spring"],
        "sound": False,
        "image_model": "nano-banana-2",
        "video_model": "openAiSora2Plus",
        "text_model": "gpt-5.4",
        "ratio": "16:9",
        "take": 1,
    }


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([landed()], "all"),
        ([landed(), troubled("x", "failed", "moderated")], "some"),
        ([landed(), troubled("x", "pending", "budget")], "some"),
        ([troubled("x", "unknown", "outcome_unknown")], "none"),
    ],
)
def test_the_verdict_tells_all_some_none_apart(items: list[ReportItem], expected: str):
    assert verdict(report(*items)) == expected


def test_the_sentence_says_what_to_do():
    assert sentence(report(landed("a", job()))) == "1 of 1 briefs landed, cost 0.72."
    said = sentence(
        report(
            landed("a", job()),
            troubled("b", "failed", "moderated"),
            troubled("c", "failed", "moderated"),
            troubled("d", "unknown", "outcome_unknown"),
            troubled("e", "blocked", "balance_too_low"),
            ReportItem(id="f", state="pending"),
            troubled("g", "unknown", "script_unanswered"),
        )
    )
    assert "1 of 7 briefs landed" in said
    assert "1 with an unknown outcome, perhaps charged: decide with the rescue flow" in said
    assert "1 without a script: the next run asks the text model again." in said
    assert "2 failed (2 moderated)" in said
    assert "1 blocked (1 balance_too_low)" in said
    assert "1 not finished" in said
    assert "Run batch b again" in said


def test_the_budget_is_in_the_report_and_the_sentence():
    left_out = troubled("b", "blocked", "budget_reached")
    facts = BudgetFacts(
        limit=Decimal("1.5"), currency="CNY", spent=Decimal("1.2"), reserved=Decimal("0.4"),
        left_out=1, left_out_cost=Decimal("0.52"),
    )  # fmt: skip
    whole = BatchReport.of("b", [left_out], started=START, ended=START, budget=facts)
    assert json.loads(whole.to_bytes())["budget"] == {
        "limit": 1.5, "currency": "CNY", "spent": 1.2, "reserved": 0.4, "left_out": 1,
        "left_out_cost": 0.52,
    }  # fmt: skip
    assert (
        "Budget 1.5 CNY: 1.2 spent, 0.4 still reserved, 0.1 more than the limit; "
        "1 brief left out, at 0.52."
    ) in sentence(whole)


def test_the_table_puts_money_at_risk_first_and_is_bounded():
    items = [landed(f"ok{n}") for n in range(10)]
    items += [troubled("bad", "failed", "moderated"), troubled("risk", "unknown", "x")]
    rows = table_rows(report(*items), limit=3)
    assert [row["brief"] for row in rows] == ["risk", "bad", "ok0", "and 9 more in report.json"]
    assert {tuple(row) for row in rows} == {tuple(rows[0])}
    assert rows[0]["charged"] == "unknown"
    assert rows[1]["what to do"] == "No. Change the prompt."
    assert len(table_rows(report(*items), limit=12)) == 12
    assert table_rows(report()) == []


def test_the_table_carries_no_signature_and_no_formula():
    nasty = troubled("-1+1", "failed", "x", f"=cmd | <script> [a](b) {SIGNED}\nnext `line`")
    (row,) = table_rows(report(nasty))
    assert "Signature" not in row["what to do"]
    assert row["what to do"].startswith("'=cmd")
    assert row["brief"] == "'-1+1"


def test_above_the_table_stands_the_cost_by_model_and_day():
    whole = report(landed("a", job("image", "0.1"), job("video", None)))
    text = description(whole)
    assert text.startswith(sentence(whole))
    assert "| image-model | 1 | 0.1 | 0 |" in text
    assert "| video-model | 1 | 0 | 1 |" in text
    assert "| 2026-03-01 | 2 | 0.1 | 1 |" in text


def test_what_stands_above_the_table_is_no_markup_of_others():
    text = description(report(landed("a", job("image", model="[a](b)|<i>"))))
    assert r"\[a\](b)\|&lt;i\>" in text


def test_a_report_from_before_the_makespan_is_still_read():
    written = report(landed("good", job()))
    old = json.loads(written.to_bytes())
    assert old.pop("makespan") is None
    assert BatchReport.model_validate_json(json.dumps(old)) == written
