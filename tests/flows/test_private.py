"""A brief that is private: what is kept where, and that nothing quotes it."""

import json
import logging
import traceback

import httpx
import pytest

from flows import describing
from flows.approval.records import Row
from flows.briefs import PRIVATE_FIELDS, Brief
from flows.content_batch import content_batch
from flows.describing import job_of
from flows.errors import BadBriefs
from flows.given import as_given
from flows.manifest import load_briefs
from flows.work import Work
from globalaiopc import Catalogue, JobFailed, Refused
from ledger import Receipt, RequestChanged
from tasks import Order
from tasks.asked import ImageAsked
from tasks.declare import api_task
from tasks.ordering import dry_request
from tasks.paid import buy
from tasks.private import is_private, keep_private, private, withhold, without_words
from tasks.provenance import label_of
from tests.tasks.doubles import KEY, Bucket, Provider, fox, studio_for

CATALOGUE = Catalogue.load()
TOPIC = "The unannounced Zephyr phone, folded like a paper crane"
PROMPT = "A Zephyr phone, folded, on a white table"
BRIEF = Brief(id="secret", topic=TOPIC, private=True)


def order_of(prompt: str) -> Order:
    asked = ImageAsked(model="nano-banana-2", prompt=prompt, ratio="16:9")
    return Order(key=KEY, request=dry_request(asked, CATALOGUE), asked=asked.to_asked())


# -- what quotes it


@pytest.mark.parametrize(
    "said",
    [
        f"The prompt '{TOPIC}' was refused.",
        f"refused: {TOPIC.upper()}",
        f"refused: {TOPIC[:30]}…",
        f"refused: …{TOPIC[20:]}",
        TOPIC.replace(" ", "\n"),
    ],
)
def test_a_quotation_is_left_out_of_what_is_said(said):
    with private([TOPIC]):
        told = without_words(said)
    assert "Zephyr" not in told
    assert "crane" not in told
    assert "…" in told


def test_other_words_stay_as_they_are():
    said = "The provider ended the job without a result: content rejected (code 451)."
    with private([TOPIC, "ab", None, ""]):
        assert without_words(said) == said
    assert without_words(TOPIC) == TOPIC
    with private([TOPIC], when=False):
        assert without_words(TOPIC) == TOPIC


def test_what_was_written_for_it_is_private_as_well():
    with private([TOPIC]):
        keep_private("A crane of glass unfolds upon a table")
        assert without_words("no: a crane of glass unfolds upon") == "no: …"
    keep_private("nothing is private here")
    assert not is_private()


@pytest.mark.parametrize(
    "text", ["İstanbul in fog, İİİ, a bridge at night", "雾中的灯塔，海浪拍打着悬崖边的礁石"]
)
def test_letters_that_grow_in_lower_case_and_other_scripts(text):
    with private([text]):
        assert text[4:] not in without_words(f"refused: {text}")


@pytest.mark.parametrize(("kind", "expected"), [("ours", Refused), ("other", RuntimeError)])
async def test_no_error_of_a_task_quotes_it_nor_what_led_to_it(kind, expected):
    @api_task(name="t", run_name="t", description="It fails.")
    async def fails() -> None:
        upstream = JobFailed(f"upstream said: {TOPIC}")
        if kind == "ours":
            raise Refused(f"No: {TOPIC}", advice=f"Change {TOPIC}") from upstream
        raise ValueError(TOPIC) from upstream

    with private([TOPIC]), pytest.raises(expected) as caught:
        await fails.fn()
    assert "Zephyr" not in "".join(traceback.format_exception(caught.value))


# -- what is kept where


async def test_its_receipt_keeps_what_is_needed_and_what_follows_from_it_does_not():
    bucket = Bucket()
    with private(["a fox"]):
        await buy(studio_for(Provider(), bucket), fox())
    kept = Receipt.from_json(bucket.objects[KEY.receipt_key], "it")
    assert (kept.private, kept.asked["prompt"]) == (True, "a fox")
    assert label_of(kept).prompt == ""
    assert job_of(kept, {}).prompt == ""
    await buy(studio_for(Provider(), bucket), fox(take=2))
    public = KEY.model_copy(update={"take": 2})
    assert b"private" not in bucket.objects[public.receipt_key]


async def test_an_error_in_its_receipt_does_not_quote_it():
    prompt = "a fox"

    def refuse(request: httpx.Request) -> httpx.Response:
        return httpx.Response(400, json={"code": 400, "msg": f"bad prompt: {prompt}"})

    bucket = Bucket()
    with private([prompt]), pytest.raises(Refused) as caught:
        await buy(studio_for(refuse, bucket), fox())
    kept = Receipt.from_json(bucket.objects[KEY.receipt_key], "it")
    assert prompt not in kept.error.message + str(caught.value)
    assert "bad prompt" in kept.error.message


def test_another_request_for_it_is_refused_without_its_words():
    error = RequestChanged(str(KEY), {"prompt": (repr(TOPIC[:40]), repr("x" + TOPIC[:40]))})
    with private([TOPIC]):
        withhold(error)
    assert "prompt" in error.message
    assert "Zephyr" not in str(error)


async def test_a_private_receipt_tells_no_text_of_the_request_before():
    bucket = Bucket()
    with private([PROMPT]):
        await buy(studio_for(Provider(), bucket), order_of(PROMPT))
    other = order_of("Another prompt, by somebody who did not say that it is private")
    with pytest.raises(RequestChanged, match=r"prompt: was \(private\), now \(private\)") as caught:
        await buy(studio_for(Provider(), bucket), other)
    assert "Zephyr" not in str(caught.value)


def test_what_is_kept_beside_its_media_has_no_words_of_it():
    given = as_given(BRIEF)
    assert given["private"] is True
    assert not given.keys() & set(PRIVATE_FIELDS)
    assert "private" not in as_given(Brief(id="a", topic=TOPIC))


def test_a_sheet_shows_its_picture_and_not_its_words():
    row = Row(number=1, id="a", take=1, prompt=TOPIC, motion=TOPIC, model="m", private=True)
    assert row.words == ()
    assert Row.model_validate_json(row.model_dump_json()).motion == TOPIC, "to make it again"


async def test_a_defect_is_told_without_a_traceback(monkeypatch, caplog):
    monkeypatch.setattr(describing, "get_run_logger", lambda: logging.getLogger("run"))

    async def defect() -> None:
        raise KeyError(TOPIC)

    with private([TOPIC]):
        ending = await describing._ending(Work("b", BRIEF), defect)
    assert ending.error.code == "defect"
    assert "a defect in the pipeline" in caplog.text
    assert "Zephyr" not in caplog.text + ending.error.message


# -- where it may be given


def test_a_file_may_hold_private_briefs(tmp_path):
    file = tmp_path / "briefs.csv"
    file.write_text(f'id,topic,private\na,"{TOPIC}",true\nb,"A fox",\nc,"A cat",no\n', "utf-8")
    found = load_briefs(file, catalogue=CATALOGUE)
    assert [one.private for one in found] == [True, False, False]


@pytest.mark.parametrize(
    "source",
    [[BRIEF], [{"id": "a", "topic": TOPIC, "private": True}], f"topic\tprivate\n{TOPIC}\tyes\n"],
)
def test_what_is_typed_into_a_run_cannot_be_private(source):
    with pytest.raises(BadBriefs, match="Prefect keeps what is given there") as caught:
        load_briefs(source, catalogue=CATALOGUE)
    assert "Zephyr" not in str(caught.value)


def test_the_run_form_does_not_offer_it_and_the_server_refuses_it():
    schema = content_batch.parameters.model_dump()
    brief = schema["definitions"]["Brief"]
    assert "topic" in brief["properties"]
    assert "private" not in brief["properties"]
    assert brief["additionalProperties"] is False


def test_a_wrong_row_of_a_private_brief_shows_no_value(tmp_path):
    file = tmp_path / "briefs.jsonl"
    rows = [
        {"id": "a", "topic": [TOPIC], "private": True},
        {"id": "b", "topic": "x", "seconds": TOPIC},
    ]
    file.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    with pytest.raises(BadBriefs) as caught:
        load_briefs(file, catalogue=CATALOGUE)
    first, second = caught.value.problems
    assert (first.field, second.field) == ("topic", "seconds")
    assert "It is" not in first.message
    assert "It is" in second.message
