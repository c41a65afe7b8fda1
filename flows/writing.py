"""The script stage: a chat model turns a topic into two prompts, once and for all.

A text call is no job: it costs a fraction of a cent and leaves nothing to fetch. Two live
processes still ask only once, since one of them holds the claim; but when an answer was lost, or
a process died while asking, a later run asks again instead of holding the brief for a person.
"""

import hashlib
from contextlib import suppress

from pydantic import JsonValue

from flows.briefs import Brief
from flows.errors import ScriptInvalid, ScriptUnanswered
from flows.fallback import in_turn
from flows.script import (
    Script,
    StoredScript,
    parse_script,
    repair_messages,
    script_messages,
    script_of,
)
from flows.stages import Stages, choices
from flows.texts import ask_for_json, text_row
from flows.work import Work
from globalaiopc import ChatMessage, ChatReply, GlobalAIOPCError, OutcomeUnknown
from ledger import ClaimOutcome, Held, Known, Landed, Mine, ReceiptMoved, Theirs
from tasks import KeptError, Studio
from tasks.uninterrupted import uninterrupted

FOLLOW_SECONDS = 1.0
STAGE = "script"


async def make_script(studio: Studio, work: Work, stages: Stages) -> Script:
    """Return the brief's prompts: its own, the ones stored, or new ones that are then stored.

    What is stored first wins, so that every rerun asks for the same image.
    """
    own = script_of(work.brief, stages.picture)
    if own is not None:
        await _store(studio, work, StoredScript(brief_id=work.brief.id, script=own))
        return own
    models = [one.name for one in choices(work.brief, "text", studio.client.catalogue)]

    async def ask(at: int) -> Script:
        return await _once_written(studio, work, stages, models[at])

    return await in_turn(studio, work.job(STAGE), models, ask)


async def _once_written(studio: Studio, work: Work, stages: Stages, model: str) -> Script:
    while True:
        async with studio.limits.place("writing"):
            if (script := await _written(studio, work, stages, model)) is not None:
                return script
        await studio.client.clock.sleep(FOLLOW_SECONDS * studio.client.time_scale)


async def _written(studio: Studio, work: Work, stages: Stages, model: str) -> Script | None:
    """The script, asked for if that is up to us; None while another process asks."""
    outcome = await _claim(studio, work, model)
    kept = await _stored(studio, work)
    if kept is not None:
        return kept
    match outcome:
        case Mine(held):
            return await uninterrupted(_ask(studio, work, stages, held))
        case Known(held):
            return await uninterrupted(_ask(studio, work, stages, await _again(studio, held)))
        case Theirs():
            return None


async def _claim(studio: Studio, work: Work, model: str) -> ClaimOutcome:
    row = text_row(studio, model)
    return await studio.ledger.claim(
        work.job(STAGE),
        endpoint=row.endpoint,
        model=model,
        api=row.api,
        key_hash=studio.client.key_hash,
        asked=script_asked(work.brief, model),
    )


def script_asked(brief: Brief, model: str) -> dict[str, JsonValue]:
    """What the receipt of the script keeps."""
    return {"model": model, "topic": brief.topic}


async def _again(studio: Studio, held: Held) -> Held:
    error = held.receipt.error
    if held.receipt.state == "failed" and error is not None:
        raise KeptError(error)
    return await studio.ledger.resubmit(
        held,
        by="the script stage: a text call is asked again",
        key_hash=studio.client.key_hash,
    )


async def _ask(studio: Studio, work: Work, stages: Stages, held: Held) -> Script:
    try:
        stored = await _converse(studio, work, stages, held.receipt.model)
    except GlobalAIOPCError as error:
        settle = studio.ledger.failed if error.charged == "no" else studio.ledger.unknown
        await settle(held, error.info())
        raise
    await _store(studio, work, stored)
    body = stored.to_bytes()
    landed = Landed(
        key=work.script_key,
        sha256=hashlib.sha256(body).hexdigest(),
        size=len(body),
        content_type="application/json",
    )
    with suppress(ReceiptMoved):  # we were slow, and another process asked too: the first counts
        await studio.ledger.landed(held, landed)
    return await _stored(studio, work) or stored.script


async def _converse(studio: Studio, work: Work, stages: Stages, model: str) -> StoredScript:
    row = studio.client.catalogue.get(work.brief.video_model)
    seconds = row.default_seconds if row else None
    messages = script_messages(work.brief, stages.picture, seconds=seconds)
    reply = await _chat(studio, work, model, messages)
    try:
        script = parse_script(reply.text)
    except ScriptInvalid as problem:
        repair = (*messages, *repair_messages(reply.text, problem.problem))
        reply = await _chat(studio, work, model, repair)
        script = parse_script(reply.text)
    return StoredScript.of(work.brief, script, reply, model)


async def _chat(
    studio: Studio, work: Work, model: str, messages: tuple[ChatMessage, ...]
) -> ChatReply:
    try:
        return await ask_for_json(studio, model, messages, label=work.brief.id)
    except OutcomeUnknown as error:
        raise ScriptUnanswered(error) from error


async def _store(studio: Studio, work: Work, stored: StoredScript) -> None:
    await studio.store.put_if_absent(
        work.script_key, stored.to_bytes(), content_type="application/json"
    )


async def _stored(studio: Studio, work: Work) -> Script | None:
    kept = await studio.store.get(work.script_key)
    return StoredScript.from_bytes(kept.body).script if kept is not None else None
