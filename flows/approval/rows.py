"""From a brief whose picture is there to its row on a sheet, and back."""

import re
from collections.abc import Iterable
from decimal import Decimal

from flows.approval.records import Remade, Row
from flows.briefs import Brief
from flows.checks import validate_brief
from flows.describing import job_of
from flows.errors import ScriptUnreadable
from flows.report import Job, ReportItem
from flows.script import Script, StoredScript, script_of
from flows.spending import wanted
from flows.stages import Stages, stages_of
from flows.work import Work
from globalaiopc import InvalidRequest
from ledger import Landed, PriceBook
from tasks import Studio, media_stem
from tasks.landing import already_landed

_SCORE = re.compile(r"(?:stars|score)\s*[:=]\s*(\d{1,6}(?:\.\d{1,6})?)", re.IGNORECASE)


async def row_of(studio: Studio, work: Work, number: int, prices: PriceBook) -> Row:
    """The brief as it stands now, its script written and its picture made.

    Raises `ScriptUnreadable` and `StoreError`.
    """
    stages = stages_of(work.brief, "video", studio.client.catalogue)
    script = await _script(studio, work, stages)
    picture = await _picture(studio, work, stages)
    choice = stages.video[0]
    job = wanted(work, stages, "video", choice)
    quote = job.quote(prices)
    return Row(
        number=number,
        id=work.brief.id,
        take=work.brief.take,
        picture=picture.key if picture else None,
        sha256=picture.sha256 if picture else None,
        prompt=script.image_prompt if stages.picture == "made" else "",
        motion=script.video_prompt,
        private=work.brief.private,
        model=choice.name,
        seconds=job.seconds,
        resolution=job.resolution,
        cost=quote.amount,
        basis=quote.basis,
        score=score_of(work.brief.tags),
    )


def score_of(tags: Iterable[str]) -> float | None:
    """By the first tag such as "stars:4" or "score: 8.5"."""
    return next((float(hit[1]) for tag in tags if (hit := _SCORE.fullmatch(tag.strip()))), None)


def as_shown(work: Work, row: Row) -> Work:
    """The brief as the sheet has it: a picture that was made again has prompts of its own."""
    if row.image_prompt is None:
        return work
    again = {"image_prompt": row.image_prompt, "video_prompt": row.video_prompt, "take": row.take}
    return Work(work.batch_id, work.brief.model_copy(update=again))


def covers(row: Row, brief: Brief) -> bool:
    """Whether the row is about this take of the brief; a list may ask for a new one any time."""
    return row.take == brief.take or (row.image_prompt is not None and row.take > brief.take)


async def with_earlier(studio: Studio, work: Work, take: int, item: ReportItem) -> ReportItem:
    """The item of a picture that was made again, with what the pictures before it cost."""
    jobs: list[Job] = []
    for before in range(work.brief.take, take):
        brief = work.brief.model_copy(update={"take": before})
        held = await studio.ledger.look(Work(work.batch_id, brief).job("image"))
        if held is not None:
            jobs.append(job_of(held.receipt, {}))
    if not jobs:
        return item
    paid = [job.cost for job in jobs if job.cost is not None]
    cost = sum(paid, item.cost or Decimal(0)) if paid else item.cost
    return item.model_copy(update={"jobs": (*jobs, *item.jobs), "cost": cost})


async def remade(studio: Studio, work: Work, row: Row, prompt: str) -> Remade:
    """What to make in the place of the row's picture: nothing is bought here.

    Raises `InvalidRequest` when the picture is not made by a model, or the prompt cannot be used.
    """
    stages = stages_of(work.brief, "video", studio.client.catalogue)
    if stages.picture != "made":
        raise InvalidRequest(f"{row.id} has no picture that a model makes", field="again")
    take = row.take + 1
    while True:
        again = {"image_prompt": prompt, "video_prompt": row.motion or None, "take": take}
        brief = work.brief.model_copy(update=again)
        if problems := validate_brief(brief, studio.client.catalogue):
            raise InvalidRequest(problems[0].message.rstrip("."), field="again")
        if await studio.ledger.look(Work(work.batch_id, brief).job("image")) is None:
            return Remade(
                id=row.id, take=take, image_prompt=prompt, video_prompt=brief.video_prompt or ""
            )
        take += 1


async def _script(studio: Studio, work: Work, stages: Stages) -> Script:
    own = script_of(work.brief, stages.picture)
    if own is not None:
        return own
    stored = await studio.store.get(work.script_key)
    if stored is None:
        raise ScriptUnreadable(f"{studio.store.uri(work.script_key)} is gone.")
    return StoredScript.from_bytes(stored.body).script


async def _picture(studio: Studio, work: Work, stages: Stages) -> Landed | None:
    match stages.picture:
        case "none":
            return None
        case "given":
            return await already_landed(studio.store, media_stem(work.job("image")))
    held = await studio.ledger.look(work.job("image"))
    return held.receipt.media if held else None
