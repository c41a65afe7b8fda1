"""Can this bucket keep the promises? Asked before any money is spent, answered in sentences."""

import asyncio
import secrets
import ssl
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from http.client import HTTPException

from ledger.errors import ConditionsIgnored, StoreError
from ledger.lasting import Lasts
from ledger.store import ADVICE, ObjectStore

RACERS = 8
SKEW_NOTICE = 30.0
SKEW_LIMIT = 300.0
"""Seconds. S3 itself refuses at 15 minutes; leases and presigned URLs suffer long before."""
PRESIGNED_TIMEOUT = 20.0
LINK_SECONDS = 4 * 3600
"""About as long as the provider is given to fetch the picture that a video begins with."""
TEXT = "text/plain"
BODY = b"A probe of the ledger; it may be deleted.\n"

REACHABLE = "bucket reachable"
CLOCK = "clock in step"
WRITABLE = "bucket writable"
CREATES_ONCE = "If-None-Match honoured"
REPLACES_SEEN = "If-Match honoured"
PRESIGNED = "presigned GET works"
CONDITIONS = (CREATES_ONCE, REPLACES_SEEN)
UNTRUSTED = "its certificate is not one that this machine trusts"
PRIVATE_CA = (
    "Its certificate is from a CA of your own, which the provider does not know: it cannot fetch "
    "the pictures that videos are made from by such links."
)
SESSION_ENDS: dict[Lasts, str] = {
    "yes": "",
    "no": (
        "Links die with the session that signed them, and this one ends within four hours: longer "
        "sessions or a key pair let the provider fetch what waits in its queue for long."
    ),
    "unknown": (
        "Links die with the session of these temporary credentials, whose end is not known here; "
        "so do the runs. Use a key pair, or a role that boto3 renews by itself."
    ),
}
BAD_STORE = (
    "Use another store: without this, two processes may both pay for the same job. Amazon S3, "
    "SeaweedFS and Cloudflare R2 honour it."
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One question and its answer, for a person. `advice` is empty when all is well."""

    name: str
    ok: bool
    detail: str
    advice: str = ""


def _utc_now() -> datetime:
    return datetime.now(UTC)


async def probe(
    store: ObjectStore, *, wall: Callable[[], datetime] = _utc_now, ca_bundle: str | None = None
) -> tuple[Verdict, ...]:
    """Try what the ledger and the landing rely on, with objects that are removed again.

    What the bucket does wrong is a verdict, never an exception; what rests on a failed verdict is
    not tried and says so. About twenty small requests. `ca_bundle`: the file by which the store's
    certificate is judged, where that is not by the machine's own.
    """
    key = f".probe-{secrets.token_hex(8)}"
    reachable, clock = await _reach(store, wall)
    verdicts = [reachable, clock]
    try:
        broken = reachable if not reachable.ok else None
        for name, step in (
            (WRITABLE, _writable),
            (CREATES_ONCE, _creates_once),
            (REPLACES_SEEN, _replaces_seen),
            (PRESIGNED, partial(_presigned, ca_bundle=ca_bundle)),
        ):
            if broken is not None:
                verdicts.append(Verdict(name, ok=False, detail=f"Not tried: no {broken.name}."))
                continue
            verdict = await _guarded(name, step(store, key))
            verdicts.append(verdict)
            if name == WRITABLE and not verdict.ok:
                broken = verdict
    finally:
        for leftover in (key, f"{key}-race"):
            with suppress(StoreError):
                await store.delete(leftover)
    return tuple(verdicts)


async def require_conditions(store: ObjectStore) -> None:
    """Refuse, with the reason, a store on which a job could be paid for twice.

    Raises `ConditionsIgnored`, or `StoreError` when the bucket cannot be used at all.
    """
    failed = [verdict for verdict in await probe(store) if not verdict.ok]
    for verdict in failed:
        if verdict.name in (REACHABLE, WRITABLE):
            raise StoreError(verdict.detail, reason=verdict.name, advice=verdict.advice)
        if verdict.name in CONDITIONS:
            raise ConditionsIgnored(verdict.detail, reason=verdict.name)


async def _reach(store: ObjectStore, wall: Callable[[], datetime]) -> tuple[Verdict, Verdict]:
    where = store.uri("")
    try:
        theirs = await store.server_time()
    except StoreError as error:
        skewed = error.reason == "RequestTimeTooSkewed"
        told = error.message if skewed else "Not tried: no bucket reachable."
        return (
            Verdict(REACHABLE, ok=False, detail=error.message, advice=error.advice),
            Verdict(CLOCK, ok=False, detail=told, advice=ADVICE[error.reason] if skewed else ""),
        )
    return Verdict(REACHABLE, ok=True, detail=f"{where} answers."), _clock(theirs, wall())


def _clock(theirs: datetime | None, ours: datetime) -> Verdict:
    if theirs is None:
        return Verdict(CLOCK, ok=True, detail="The store does not tell its time; not compared.")
    skew = (ours - theirs).total_seconds()
    told = f"This machine is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the store"
    if abs(skew) > SKEW_LIMIT:
        return Verdict(CLOCK, ok=False, detail=f"{told}.", advice="Set the clock (NTP).")
    if abs(skew) > SKEW_NOTICE:
        return Verdict(
            CLOCK,
            ok=True,
            detail=f"{told}: good enough alone, too much among several machines.",
            advice="Set the clock (NTP).",
        )
    return Verdict(CLOCK, ok=True, detail="Within half a minute of the store's.")


async def _guarded(name: str, step: Awaitable[Verdict]) -> Verdict:
    try:
        return await step
    except StoreError as error:
        return Verdict(name, ok=False, detail=error.message, advice=error.advice)


async def _writable(store: ObjectStore, key: str) -> Verdict:
    etag = await store.put(key, BODY, content_type=TEXT)
    found = await store.get(key)
    if found is None or found.body != BODY or found.etag != etag:
        return Verdict(
            WRITABLE,
            ok=False,
            detail="What was written is not what was read back at once.",
            advice="Use a store with read-after-write consistency.",
        )
    await store.delete(key)
    if await store.get(key) is not None:
        return Verdict(
            WRITABLE,
            ok=False,
            detail="A deleted object was still there.",
            advice=ADVICE["AccessDenied"],
        )
    return Verdict(WRITABLE, ok=True, detail="Written, read back, deleted.")


async def _creates_once(store: ObjectStore, key: str) -> Verdict:
    # The plain case and the race are apart: a store may check, but not check and write at once.
    first = await store.put_if_absent(key, BODY, content_type=TEXT)
    second = await store.put_if_absent(key, b"second", content_type=TEXT)
    race = f"{key}-race"
    tries = [store.put_if_absent(race, b"%d" % n, content_type=TEXT) for n in range(RACERS)]
    return _judged(CREATES_ONCE, first, second, await asyncio.gather(*tries), "creates")


async def _replaces_seen(store: ObjectStore, key: str) -> Verdict:
    seen = await store.put(key, BODY, content_type=TEXT)
    first = await store.put_if_match(key, b"newer", seen, content_type=TEXT)
    second = await store.put_if_match(key, b"stale", seen, content_type=TEXT)
    race = f"{key}-race"
    etag = await store.put(race, BODY, content_type=TEXT)
    tries = [store.put_if_match(race, b"%d" % n, etag, content_type=TEXT) for n in range(RACERS)]
    return _judged(REPLACES_SEEN, first, second, await asyncio.gather(*tries), "replacements")


def _judged(
    name: str, first: str | None, second: str | None, racers: list[str | None], what: str
) -> Verdict:
    winners = sum(etag is not None for etag in racers)
    if first is None:
        detail = f"The store refuses {what} whose condition holds."
    elif second is not None:
        detail = f"The store overwrites: it ignores the condition of {what}."
    elif winners != 1:
        detail = f"Of {RACERS} {what} at once {winners} succeeded instead of one."
    else:
        return Verdict(name, ok=True, detail=f"Of {RACERS} {what} at once, exactly one succeeded.")
    return Verdict(name, ok=False, detail=detail, advice=BAD_STORE)


async def _presigned(store: ObjectStore, key: str, ca_bundle: str | None) -> Verdict:
    await store.put(key, BODY, content_type=TEXT)
    url = await store.presign_get(key, 300)
    problem = await asyncio.to_thread(_fetch_problem, url)
    private = problem == UNTRUSTED and ca_bundle is not None
    if private:
        problem = await asyncio.to_thread(_fetch_problem, url, ca_bundle)
    if problem is not None:
        return Verdict(
            PRESIGNED,
            ok=False,
            detail=f"A presigned URL could not be read from here: {problem}.",
            advice=(
                "The provider fetches reference pictures by such URLs: allow s3:GetObject, use an "
                "endpoint address that others can reach too, and check the clock."
            ),
        )
    told = [PRIVATE_CA] if private else []
    told += [SESSION_ENDS[await store.links_last(LINK_SECONDS)]]
    detail = "Read through a presigned URL."
    return Verdict(PRESIGNED, ok=True, detail=detail, advice=" ".join(told).strip())


def _fetch_problem(url: str, ca_bundle: str | None = None) -> str | None:
    """Why the URL does not give the probe's bytes; None when it does. Never tells the URL."""
    try:
        trust = ssl.create_default_context(cafile=ca_bundle)
        with urllib.request.urlopen(url, timeout=PRESIGNED_TIMEOUT, context=trust) as answer:  # noqa: S310 - our own store's URL
            body: bytes = answer.read(len(BODY) + 1)
    except urllib.error.HTTPError as error:
        error.close()
        return f"HTTP {error.code}"
    except urllib.error.URLError as error:
        unknown = isinstance(error.reason, ssl.SSLCertVerificationError)
        return UNTRUSTED if unknown else type(error).__name__
    except (OSError, HTTPException) as error:
        return type(error).__name__
    return None if body == BODY else "it answered with other bytes"
