"""What is kept beside and inside a landed medium, for whoever finds the file years later.

Beside `image.png` lies `image.png.json`: what it was made from, by which model and job, when, for
how much. It follows from the receipt alone (and from the release that writes it), so writing it
again changes nothing. It is no part of the ledger: nothing is decided by it, and failing to write
it never fails a landing.
"""

import logging
from importlib.metadata import version
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, JsonValue

from globalaiopc import GlobalAIOPCError
from ledger import Landed, Receipt
from tasks.landing.label import SOFTWARE, SOURCE_TYPE, Label
from tasks.lineage import input_keys, inputs_of
from tasks.studio import Studio

VERSION = f"{SOFTWARE} {version(SOFTWARE)}"
SUFFIX = ".json"
PROMPTS = ("prompt", "text")
EARLIER_STAGES = ("image", "speech")

log = logging.getLogger(__name__)


class InputFile(BaseModel):
    """A medium that it was made from. `file` is relative to the brief's folder."""

    model_config = ConfigDict(frozen=True)

    field: str
    sha256: str
    file: str | None = None


class Sidecar(BaseModel):
    """The file beside a medium. Fields are added, never renamed, within a schema version.

    `size` is bytes, `width` and `height` pixels, `seconds` its length, `cost` in the provider's
    unit. `source_sha256` is of what the provider delivered, before the label was written into it.
    `asked` is what the job was asked for, its model and prompt apart.
    """

    model_config = ConfigDict(frozen=True)

    schema_version: Literal[1] = 1
    file: str
    sha256: str
    source_sha256: str | None = None
    size: int
    content_type: str
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    digital_source_type: str = SOURCE_TYPE
    batch_id: str
    brief_id: str
    stage: str
    take: int
    model: str
    endpoint: str
    job_id: str | None
    prompt: str | None
    asked: dict[str, JsonValue]
    inputs: tuple[InputFile, ...] = ()
    cost: float | None = None
    submitted: AwareDatetime | None = None
    completed: AwareDatetime | None = None
    software: str = VERSION

    def to_json(self) -> bytes:
        return self.model_dump_json(indent=1, exclude_none=True).encode() + b"\n"


def sidecar_key(media_key: str) -> str:
    """Where the sidecar of a medium lies."""
    return media_key + SUFFIX


def label_of(receipt: Receipt) -> Label:
    """What is written into the medium of a job that is done."""
    return Label(
        prompt=_prompt(receipt) or "",
        model=receipt.model,
        task_id=receipt.task_id or "",
        job=str(receipt.job),
        batch_id=receipt.job.batch_id,
        brief_id=receipt.job.brief_id,
        made=receipt.times.get("completed"),
    )


async def write_sidecar(studio: Studio, receipt: Receipt, media: Landed) -> None:
    """Put the sidecar beside a medium. Never raises for it: what went wrong is logged."""
    key = sidecar_key(media.key)
    try:
        body = (await _sidecar(studio, receipt, media)).to_json()
        await studio.store.put(key, body, content_type="application/json")
    except Exception as error:  # whatever it is, the medium is there and is to be noted as landed
        why = error.message if isinstance(error, GlobalAIOPCError) else type(error).__name__
        log.warning("%s is not written; the next run tries again: %s", key, why)


async def complete_sidecar(studio: Studio, receipt: Receipt, media: Landed) -> None:
    """Write it if it is missing: it was deleted, or the medium landed before there were any."""
    try:
        missing = await studio.store.head(sidecar_key(media.key)) is None
    except GlobalAIOPCError as error:
        log.warning("Whether %s is there is not known: %s", sidecar_key(media.key), error.message)
        return
    if missing:
        await write_sidecar(studio, receipt, media)


async def _sidecar(studio: Studio, receipt: Receipt, media: Landed) -> Sidecar:
    job, times = receipt.job, receipt.times
    facts = media.model_dump(include=_FACTS)
    return Sidecar(
        **facts,
        file=_in_folder(receipt, media.key),
        batch_id=job.batch_id,
        brief_id=job.brief_id,
        stage=job.stage,
        take=job.take,
        model=receipt.model,
        endpoint=receipt.endpoint,
        job_id=receipt.task_id,
        prompt=_prompt(receipt),
        asked={
            name: value for name, value in receipt.asked.items() if name not in (*PROMPTS, "model")
        },
        inputs=await _inputs(studio, receipt),
        cost=None if receipt.amount is None else float(receipt.amount),
        submitted=times.get("submitted"),
        completed=times.get("completed"),
    )


_FACTS = {"sha256", "source_sha256", "size", "content_type", "width", "height", "seconds"}


async def _inputs(studio: Studio, receipt: Receipt) -> tuple[InputFile, ...]:
    given = {medium.sha256 for medium in inputs_of(receipt, {})}
    receipts = [receipt]
    for stage in EARLIER_STAGES if given else ():
        job = receipt.job.model_copy(update={"stage": stage})
        if stage == receipt.job.stage or (held := await studio.ledger.look(job)) is None:
            continue
        receipts.append(held.receipt)
        if held.receipt.media is not None and held.receipt.media.sha256 in given:
            break
    keys = await input_keys(studio.store, receipts)
    return tuple(
        InputFile(
            field=one.field,
            sha256=one.sha256,
            file=None if one.key is None else _in_folder(receipt, one.key),
        )
        for one in inputs_of(receipt, keys)
    )


def _prompt(receipt: Receipt) -> str | None:
    if receipt.private:  # a medium is given away, and this with it
        return None
    return next(iter(prompts_of(receipt)), None)


def prompts_of(receipt: Receipt) -> list[str]:
    """What the job was asked for in words."""
    said = (receipt.asked.get(name) for name in PROMPTS)
    return [text for text in said if isinstance(text, str) and text]


def _in_folder(receipt: Receipt, key: str) -> str:
    return key.removeprefix(f"{receipt.job.folder}/")
