"""Failure cards: one for each cause, what is at stake first, and as short for a thousand."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from flows.brief_page import brief_page
from flows.ending import end_of_batch, end_of_brief
from flows.errors import BadBriefs, BriefProblem, ScriptInvalid
from flows.failures import Card, cards, page, stakes, trouble_of, usual_costs
from flows.report import BatchReport, Job, ReportItem, State
from globalaiopc import DeadlinePassed, GlobalAIOPCError, JobModerated, OutcomeUnknown
from tasks.timeline import Trouble
from tests.globalaiopc.doubles import FakeClock
from tests.tasks.doubles import Provider, studio_for

LOST = OutcomeUnknown("No answer came (ReadTimeout).")
SECRET = "X-Amz-Signature=abc"


def item(
    brief: str,
    error: GlobalAIOPCError | None = None,
    *jobs: Job,
    state: State = "failed",
) -> ReportItem:
    info = error.info() if error else None
    return ReportItem(id=brief, state=state if error else "landed", error=info, jobs=jobs)


def video(cost: str | None = None, key: str | None = None) -> Job:
    return Job(
        stage="video",
        model="openAiSora2Plus",
        cost=None if cost is None else Decimal(cost),
        key=key,
    )


def cards_of(*items: ReportItem) -> tuple[Card, ...]:
    troubles = {one.id: found for one in items if (found := trouble_of(one))}
    return cards(troubles, usual_costs(items))


def report(*items: ReportItem) -> BatchReport:
    now = datetime.now(UTC)
    return BatchReport.of("spring", items, started=now, ended=now)


def test_equal_failures_are_one_card_and_the_most_money_at_risk_comes_first() -> None:
    refused = BadBriefs([BriefProblem(message="The ratio is wrong.", field="ratio")])
    found = cards_of(
        item("good", None, video("0.4", key="spring/good/video.mp4")),
        *(item(f"bad{n}", refused, state="blocked") for n in range(300)),
        *(item(f"lost{n}", LOST, video(), state="unknown") for n in range(2)),
        item("moderated", JobModerated("No."), video("0.3")),
    )
    assert [(card.error.code, len(card.briefs), card.at_risk) for card in found] == [
        ("outcome_unknown", 2, Decimal("0.7")),  # twice what one costs on average
        ("job_moderated", 1, Decimal("0.3")),
        ("bad_briefs", 300, Decimal(0)),
    ]
    assert found[0].title == "2 briefs: outcome unknown, about 0.7 at risk"
    assert found[2].title == "300 briefs: bad briefs"


def test_what_may_have_been_charged_is_at_risk_without_a_price_as_well() -> None:
    script = ScriptInvalid("nothing but prose")
    found = cards_of(item("written", script), item("lost", LOST, video(), state="unknown"))
    assert [(card.error.code, card.at_risk) for card in found] == [
        ("outcome_unknown", None),
        ("script_invalid", Decimal(0)),
    ]
    assert found[0].risk == "an unknown amount at risk"


def test_a_card_says_what_happened_whether_it_was_charged_who_acts_and_what_to_do() -> None:
    names = [f"lost{n}" for n in range(300)]
    (card,) = cards_of(*(item(name, LOST, video(), state="unknown") for name in names))
    text = card.markdown()
    assert "### 300 briefs: outcome unknown, an unknown amount at risk" in text
    assert "> No answer came (ReadTimeout)." in text
    assert "Perhaps it was charged. Trying again is paid again. It is for you to act." in text
    assert "**What to do:** The request left and no answer came back" in text
    assert "`lost0`, `lost1`, " in text
    assert text.endswith(" and 290 more")
    assert len(text) < 1_200


def test_the_page_is_bounded_whatever_the_causes() -> None:
    troubles = {
        f"n{n}": Trouble(
            LOST.info().model_copy(update={"code": f"cause_{n}", "message": "x" * 900})
        )
        for n in range(500)
    }
    text = page(cards(troubles, {}))
    assert len(text) < 8_000
    assert "And 494 more briefs for 494 other reasons" in text
    assert page(()) == ""


def test_words_from_outside_neither_break_the_page_nor_show_an_address() -> None:
    said = OutcomeUnknown(f"<b>bold</b> | # https://host/a.png?{SECRET} `x`")
    text = page(cards_of(item("lost", said, state="unknown")))
    assert SECRET not in text
    assert "<b>" not in text


def test_who_waits_for_a_persons_word_has_not_failed() -> None:
    waiting = DeadlinePassed("Its video waits for approval.", charged="no")
    assert trouble_of(item("fox", waiting, state="pending")) is None
    running = DeadlinePassed("Still running.")
    assert trouble_of(item("owl", running, state="pending")) is not None


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (LOST, "Perhaps it was charged. Trying again is paid again. It is for you to act."),
        (
            BadBriefs([BriefProblem(message="Wrong.")]),
            "Nothing was charged for it. It is for you to act.",
        ),
        (
            DeadlinePassed("Still running."),
            "Perhaps it was charged. Trying again is free. Nobody has to act.",
        ),
    ],
)
def test_the_stakes_in_three_sentences(error: GlobalAIOPCError, said: str) -> None:
    assert stakes(error.info()) == said


def test_the_states_message_names_the_first_thing_to_do() -> None:
    state = end_of_batch(report(item("good"), item("lost", LOST, video("0.4"), state="unknown")))
    assert "First look at 1 brief: outcome unknown, about 0.4 at risk. The request" in (
        state.message or ""
    )
    alone = end_of_brief(item("lost", LOST, state="unknown"))
    assert "lost: No answer came (ReadTimeout). Perhaps it was charged." in (alone.message or "")
    assert "First look" not in (end_of_batch(report(item("good"))).message or "")


def test_the_page_of_one_brief_says_where_it_lies_and_gives_no_link() -> None:
    store = studio_for(Provider(), clock=FakeClock()).store
    made = ReportItem(
        id="fox",
        state="landed",
        video="spring/fox/video.mp4",
        poster="spring/fox/poster.jpg",
        cost=Decimal("0.52"),
    )
    text = brief_page(store, "spring", made, "data:image/jpeg;base64,AAAA")
    assert "**Landed**, 0.52." in text
    assert f"| video | `{store.uri('spring/fox/video.mp4')}` |" in text
    assert "![fox](data:image/jpeg;base64,AAAA)" in text
    assert "python -m flows gallery spring --share 24" in text
    assert "http" not in text
    failed = brief_page(store, "spring", item("fox", LOST, video(), state="unknown"), "")
    assert "### 1 brief: outcome unknown" in failed
    assert "gallery" not in failed
