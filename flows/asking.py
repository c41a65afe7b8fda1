"""What a text model writes for a brief, asked for once and for all.

A text call is no job: it costs a fraction of a cent and leaves nothing to fetch. Two live
processes still ask only once, since one of them holds the claim and renews it for as long as it
takes; but when an answer was lost, or a process died while asking, a later run asks again instead
of holding the brief for a person.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import JsonValue

from flows.errors import ScriptInvalid, ScriptUnanswered
from flows.fallback import in_turn
from flows.texts import ask_for_json
from flows.work import Place
from globalaiopc import ChatMessage, ChatReply, GlobalAIOPCError, OutcomeUnknown, Unauthorized
from ledger import ClaimOutcome, Held, Known, Landed, Lease, Mine, ReceiptMoved, Theirs
from tasks import KeptError, Studio
from tasks.private import is_private
from tasks.uninterrupted import uninterrupted

T = TypeVar("T")
Messages = tuple[ChatMessage, ...]

FOLLOW_SECONDS = 1.0
STAGE = "script"


@dataclass(frozen=True)
class Writing(Generic[T]):
    """One thing to be written, and how its words are read, repaired and kept in `script.json`.

    `asked` is what the receipt keeps, the model among it: it is fingerprinted for ever. `parse`
    reads an answer and raises `ScriptInvalid`; `repair` continues the conversation after a bad
    answer, given that answer and its problem; `stored` is the file's body, and `read` its
    counterpart.
    """

    asked: Mapping[str, JsonValue]
    messages: Messages = field(repr=False)
    parse: Callable[[str], T]
    repair: Callable[[str, str], Messages]
    stored: Callable[[T, ChatReply], bytes]
    read: Callable[[bytes], T]

    @property
    def model(self) -> str:
        return str(self.asked["model"])


async def written(studio: Studio, place: Place, writings: Sequence[Writing[T]]) -> T:
    """Return what is stored, or what is asked for now and then stored.

    `writings` are the same for one model each, asked in turn. What is stored first wins, so that
    every rerun goes on with the same words.
    """

    async def ask(at: int) -> T:
        return await _once_written(studio, place, writings[at])

    return await in_turn(studio, place.job(STAGE), [one.model for one in writings], ask)


async def _once_written(studio: Studio, place: Place, writing: Writing[T]) -> T:
    while True:
        client = studio.client
        try:
            async with studio.place(place.job(STAGE), "writing"):
                found = await _written(studio, place, writing)
        except Unauthorized:
            if not await studio.keys.renewed(client):
                raise
            continue
        if found is not None:
            return found
        await studio.client.clock.sleep(FOLLOW_SECONDS * studio.client.time_scale)


async def keep(studio: Studio, place: Place, body: bytes) -> bool:
    """Store it, unless something is stored already; True when that was surely not so."""
    key = place.script_key
    return await studio.store.put_if_absent(key, body, content_type="application/json") is not None


async def _written(studio: Studio, place: Place, writing: Writing[T]) -> T | None:
    """What was written, asked for if that is up to us; None while another process asks."""
    outcome = await _claim(studio, place, writing)
    kept = await _stored(studio, place, writing)
    if kept is not None:
        studio.timeline.bought_before(place.brief.id, STAGE)
        return kept
    match outcome:
        case Mine(held):
            mine: Held | None = held
        case Known(held):
            mine = await _again(studio, held)
        case Theirs():
            mine = None
    if mine is None:
        return None
    asking = _ask(studio, place, writing, mine)
    return await uninterrupted(asking)


async def _claim(studio: Studio, place: Place, writing: Writing[T]) -> ClaimOutcome:
    row = studio.client.catalogue.model(writing.model)
    return await studio.ledger.claim(
        place.job(STAGE),
        endpoint=row.endpoint,
        model=writing.model,
        api=row.api,
        key_hash=studio.client.key_hash,
        asked=writing.asked,
        private=is_private(),
        new=True,
    )


async def _again(studio: Studio, held: Held) -> Held | None:
    """The claim of an attempt more; None when another process has it."""
    receipt = held.receipt
    if receipt.state == "failed" and receipt.error is not None:
        raise KeptError(receipt.error)
    try:
        return await studio.ledger.resubmit(
            held,
            by="the script stage: a text call is asked again",
            key_hash=studio.client.key_hash,
        )
    except ReceiptMoved:
        if receipt.state != "unknown":
            raise
        return None


async def _ask(studio: Studio, place: Place, writing: Writing[T], held: Held) -> T | None:
    """What is written now; None when another process has taken it over before we asked."""
    async with Lease(studio.ledger, held, studio.client.clock.sleep) as lease:
        try:
            result, reply = await _converse(studio, place, writing, lease)
        except GlobalAIOPCError as error:
            if lease.lost:
                return None
            settle = studio.ledger.failed if error.charged == "no" else studio.ledger.unknown
            await settle(lease.held, error.info())
            raise
        body = writing.stored(result, reply)
        first = await keep(studio, place, body)
    landed = Landed(
        key=place.script_key,
        sha256=hashlib.sha256(body).hexdigest(),
        size=len(body),
        content_type="application/json",
    )
    with suppress(ReceiptMoved):  # we were slow, and another process asked too: the first counts
        await studio.ledger.landed(lease.held, landed)
    if not first and (kept := await _stored(studio, place, writing)) is not None:
        return kept
    return writing.read(body)


async def _converse(
    studio: Studio, place: Place, writing: Writing[T], lease: Lease
) -> tuple[T, ChatReply]:
    reply = await chat(studio, place, writing.model, writing.messages, lease)
    try:
        return writing.parse(reply.text), reply
    except ScriptInvalid as problem:
        repair = (*writing.messages, *writing.repair(reply.text, problem.problem))
        reply = await chat(studio, place, writing.model, repair, lease)
        return writing.parse(reply.text), reply


async def chat(
    studio: Studio, place: Place, model: str, messages: Messages, lease: Lease
) -> ChatReply:
    """Ask once, while the lease is held. Raises `ScriptUnanswered` when the answer was lost."""
    try:
        return await ask_for_json(studio, model, messages, label=place.brief.id, lease=lease)
    except OutcomeUnknown as error:
        raise ScriptUnanswered(error) from error


async def _stored(studio: Studio, place: Place, writing: Writing[T]) -> T | None:
    kept = await studio.store.get(place.script_key)
    return writing.read(kept.body) if kept is not None else None
