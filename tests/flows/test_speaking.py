"""A spoken brief without Prefect or a network: what is asked for, and what is not bought."""

import logging
from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest
from pydantic import BaseModel, ValidationError

from flows import asking, describing, rescuing, saying
from flows.briefs import Brief
from flows.rescuing import Rescuer
from flows.speaking import say, spoken_jobs
from flows.spending import batch_purse
from flows.spoken import SpokenBrief, SpokenWork
from flows.words import StoredWords
from ledger import Budget, JobKey, Mine, PriceBook, Receipt, Unpriced
from tasks import Studio, land
from tasks.asked import CloneAsked
from tests.flows.spoken_parts import SAMPLE, sample
from tests.tasks.doubles import CATALOGUE, TASK, Bucket, Provider, studio_for

DONE = {
    "id": TASK,
    "status": "completed",
    "audioUrl": "https://x.test/a.wav",
    "modelId": "voice-7",
}


@pytest.fixture(autouse=True)
def without_prefect(monkeypatch: pytest.MonkeyPatch) -> None:
    async def directly(task, *args, **kwargs):
        return await task.fn(*args, **kwargs)

    async def landed(_studio, bought):
        return bought

    for module in (saying, asking, describing, rescuing):
        if hasattr(module, "get_run_logger"):
            monkeypatch.setattr(module, "get_run_logger", lambda: logging.getLogger("test"))
    monkeypatch.setattr(saying, "orchestrated", directly)
    monkeypatch.setattr(rescuing, "orchestrated", directly)
    monkeypatch.setattr(land, "fn", landed)


def said(bucket: Bucket, provider: Provider) -> Studio:
    bucket.objects[SAMPLE] = sample(20)
    return studio_for(provider, bucket)


@pytest.mark.parametrize(
    "words",
    ["Look it up at https://fox.test/a?key=5&more.", "https://fox.test/?q=1"],
)
async def test_no_voice_is_cloned_for_words_that_cannot_be_asked_for(words: str):
    bucket, provider = Bucket(), Provider(httpx.Response(200, json=DONE))
    stored = StoredWords(brief_id="fox", speech=words)
    bucket.objects["b/fox/script.json"] = stored.to_bytes()
    brief = SpokenBrief(id="fox", topic="foxes", voice_sample=SAMPLE)
    item = await say(said(bucket, provider), SpokenWork("b", brief), "speech")
    assert item.error is not None
    assert (item.state, item.error.charged, provider.posts) == ("blocked", "no", 0)
    assert "a text of its own" in item.error.advice


async def test_a_model_named_with_its_endpoint_is_the_same_model():
    bucket, provider = Bucket(), Provider(httpx.Response(200, json=DONE))
    brief = SpokenBrief(id="fox", text="Hello.", voice_sample=SAMPLE)
    first = await say(said(bucket, provider), SpokenWork("b", brief), "speech")
    assert (first.state, provider.posts) == ("landed", 2)
    longer = {
        "clone_model": "voice_clone/soundCloningClone",
        "speech_model": "speech/soundCloningAudio",
        "video_model": "digital_human/kyy_digitalHuman",
    }
    again = await say(
        said(bucket, provider), SpokenWork("b", brief.model_copy(update=longer)), "speech"
    )
    assert (again.state, again.error, provider.posts) == ("landed", None, 2)
    for stage, model in (("voice", "soundCloningClone"), ("speech", "soundCloningAudio")):
        key = JobKey(batch_id="b", brief_id="fox", stage=stage).receipt_key
        assert Receipt.from_json(bucket.objects[key], key).model == model
    head = saying.plainly_named(brief.model_copy(update=longer), CATALOGUE)
    assert head.video_model == "kyy_digitalHuman"


PRICES = """
[[price]]
model = "soundCloningClone"
unit = "call"
price = 1
currency = "CNY"

[[price]]
model = "soundCloningAudio"
unit = "call"
price = 2
currency = "CNY"
"""


@pytest.mark.parametrize(("limit", "state", "posts"), [("2.9", "blocked", 0), ("3", "landed", 2)])
async def test_no_voice_is_cloned_for_a_speech_that_the_batchs_budget_does_not_pay_for(
    limit: str, state: str, posts: int
):
    bucket, provider = Bucket(), Provider(httpx.Response(200, json=DONE))
    bucket.objects["b/prices.toml"] = PRICES.encode()
    await Budget(bucket, "b").open(Decimal(limit), "CNY")  # type: ignore[arg-type]
    studio = said(bucket, provider)
    brief = SpokenBrief(id="fox", text="Hello.", voice_sample=SAMPLE)
    longer = {"clone_model": "voice_clone/soundCloningClone"}
    work = SpokenWork("b", brief.model_copy(update=longer))
    studio.purse = await batch_purse(studio, "b", spoken_jobs(studio, work, "speech"))
    item = await say(studio, work, "speech")
    assert (item.state, provider.posts) == (state, posts)
    account = await Budget(bucket, "b").peek()  # type: ignore[arg-type]
    assert account is not None
    assert (account.spent_total, account.held) == (Decimal(3 if posts else 0), {})
    head = [one.model for one in spoken_jobs(studio, work, "video")]
    with pytest.raises(Unpriced, match=r"kyy_digitalHuman: no row in prices\.toml") as refused:
        await batch_purse(studio, "b", spoken_jobs(studio, work, "video"))
    assert head == ["soundCloningAudio", "soundCloningClone", "kyy_digitalHuman"]
    assert "run content_batch as batch b" in refused.value.advice


async def test_a_rescued_voice_is_not_settled_before_its_id_is_told():
    bucket, key = Bucket(), JobKey(batch_id="b", brief_id="fox", stage="voice")
    provider = Provider(httpx.Response(200, json={**DONE, "modelId": None}))
    studio = studio_for(provider, bucket)
    asked = CloneAsked(model="soundCloningClone", sample="ab" * 32).to_asked()
    mine = await studio.ledger.claim(
        key,
        endpoint="voice_clone",
        model="soundCloningClone",
        api="v1",
        key_hash=studio.client.key_hash,
        asked=asked,
    )
    assert isinstance(mine, Mine)
    await studio.ledger.submitted(mine.held, TASK)
    rescuer = Rescuer(studio, PriceBook(), datetime.now(UTC))
    row = await rescuer.rescue(key)
    assert row is not None
    assert row.fate == "stuck"
    assert Receipt.from_json(bucket.objects[key.receipt_key], "it").state == "submitted"
    provider.look = httpx.Response(200, json=DONE)
    await rescuer.rescue(key)
    kept = Receipt.from_json(bucket.objects[key.receipt_key], "it")
    assert (kept.state, kept.voice_id) == ("completed", "voice-7")


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (Brief, {"id": "a", "last_image": ["ADDRESS"]}),
        (Brief, {"image": "ADDRESS"}),
        (SpokenBrief, {"id": "a", "person": ["ADDRESS"]}),
        (SpokenBrief, {"voice_sample": "ADDRESS"}),
    ],
)
def test_a_brief_that_cannot_be_read_is_refused_without_its_addresses(
    kind: type[BaseModel], fields: dict[str, object]
):
    address = "https://x.test/a?X-Amz-Signature=canary"
    given = {
        name: [address] if value == ["ADDRESS"] else address if value == "ADDRESS" else value
        for name, value in fields.items()
    }
    with pytest.raises(ValidationError) as caught:
        kind.model_validate(given)
    assert "canary" not in str(caught.value)
