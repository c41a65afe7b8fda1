"""The answers of the asset libraries, in every shape that was documented or seen.

Bare objects and objects in `data`, camel and snake case, codes as numbers and strings, batches of
one. Any bytes give a reply or a `GlobalAIOPCError` that says "not charged, free to try again".
"""

import re
from dataclasses import dataclass
from typing import Literal

from globalaiopc.answer import Answer
from globalaiopc.errors import GlobalAIOPCError, Moderated, PollFailed, Refused
from globalaiopc.fields import Fields, spelt
from globalaiopc.scrub import scrub
from globalaiopc.verdicts import create_failure, is_moderation, is_routing

AssetStatus = Literal["processing", "active", "failed", "expired", "deleted"]
"""NONE, UPLOADING, "submitted", an absent status and words that nobody described are "processing"
as well: a library's word for "usable" is known, and only that counts."""

_STATUSES: dict[str, AssetStatus] = {
    "active": "active",
    "failed": "failed",
    "expired": "expired",
    "deleted": "deleted",
}
_ID_KEYS = ("assetId", "asset_id")
_UNREACHABLE_CODE, _UNREACHABLE_WORDS = "1001", "无法访问"
_UNKNOWN_CODE = "-1"
_UNKNOWN_WORDS = re.compile(r"not (found|exist)|不存在", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Seen:
    """What an answer says of one asset; the texts are scrubbed."""

    asset_id: str
    status: AssetStatus
    raw_status: str
    message: str


def parse_upload(answer: Answer, url: str) -> Seen:
    """The accepted asset. `url` is what was asked for, to find it in a batch's answer.

    Raises `Refused` or a subclass, or `PollFailed` when the answer cannot be read.
    """
    fields = _accepted(answer)
    if fields is None:
        raise _failure(answer, "The upload of an asset")
    refused = _entry(fields, "failedItems", ("originalUrl", "url"), url)
    item = _entry(fields, "items", ("originalUrl", "url"), url) or refused or fields
    seen = _seen(answer, item)
    if refused is not None and item is refused:
        raise not_taken(scrub(refused.error_text, answer.secret))
    if not seen.asset_id and seen.status != "failed":
        raise _failure(answer, "The upload of an asset")
    return seen


def parse_look(answer: Answer, asset_id: str) -> Seen:
    """What became of the asset.

    Raises `PollFailed` (code "asset_unknown" when the library does not know it, or could not look
    it up, which is what an entry in `failedItems` means), or `Refused` or a subclass.
    """
    fields = _accepted(answer)
    if fields is None:
        raise _failed_look(answer)
    item = _entry(fields, "items", _ID_KEYS, asset_id)
    if item is None and (lost := _entry(fields, "failedItems", _ID_KEYS, asset_id)) is not None:
        said = scrub(lost.error_text, answer.secret)
        raise _unknown(answer, f": {said}" if said else "")
    seen = _seen(answer, item or fields)
    if not (seen.raw_status or seen.asset_id):
        raise _failed_look(answer)
    return seen


def parse_deletion(answer: Answer) -> Seen:
    """The asset is no more. Raises like `parse_look`."""
    if _accepted(answer) is None:
        raise _failed_look(answer, "The deletion of an asset")
    return Seen(asset_id="", status="deleted", raw_status="", message="")


def _accepted(answer: Answer) -> Fields | None:
    """The object that answers the question; None when it is an error, or none at all."""
    fields = answer.fields
    return fields if answer.ok and fields is not None and fields.accepted else None


def _entry(fields: Fields, name: str, keys: tuple[str, ...], value: str) -> Fields | None:
    """The entry of a batch that is about `value`; a batch of one can be about nothing else."""
    listed = fields.first(name)
    batch = listed if isinstance(listed, list) else []
    entries = [entry for entry in batch if isinstance(entry, dict)]
    own = (entry for entry in entries if any(entry.get(key) == value for key in keys))
    found = next(own, entries[0] if len(entries) == 1 else None)
    return None if found is None else Fields(found)


def _seen(answer: Answer, item: Fields) -> Seen:
    status = _STATUSES.get(item.raw_status.strip().lower(), "processing")
    if item.text("materialStatus").strip().lower() == "failed":
        status = "failed"
    return Seen(
        asset_id=spelt(item.first(*_ID_KEYS)),
        status=status,
        raw_status=scrub(item.raw_status, answer.secret)[:80],
        message=scrub(item.error_text, answer.secret) if status == "failed" else "",
    )


def not_taken(said: str) -> Refused:
    """The provider looked at the media and says no; `said` is its reason, scrubbed."""
    reason = said or "it does not say why"
    if _UNREACHABLE_WORDS in said:
        return _unreachable(f"The provider could not fetch the media: {reason}.")
    if is_moderation(said):
        return Moderated(
            f"The review of the asset library refused the media: {reason}.", retry_is_free=True
        )
    return Refused(
        f"The asset library did not take the media: {reason}.",
        code="asset_failed",
        retry_is_free=True,
        advice="Nothing was charged. Correct the file (format, size, length) and run again.",
    )


def _unreachable(message: str) -> Refused:
    return Refused(
        message,
        code="asset_unreachable",
        retry_is_free=True,
        advice="The provider's servers fetch it: its address must be reachable from the internet.",
    )


def _failure(answer: Answer, what: str) -> GlobalAIOPCError:
    """The error that an answer is. What would be unknown money of a create is nothing here."""
    failure = create_failure(answer)
    if not isinstance(failure, Refused):
        return PollFailed(
            f"{what} got an answer that says nothing of it: {answer.what_came}.",
            request_id=answer.request_id,
            retry_after=answer.retry_after,
        )
    code = answer.fields.code if answer.fields is not None else ""
    if code == _UNREACHABLE_CODE or _UNREACHABLE_WORDS in answer.words:
        return _unreachable(failure.message)
    failure.retry_is_free = True
    return failure


def _failed_look(answer: Answer, what: str = "One look at an asset") -> GlobalAIOPCError:
    fields = answer.fields
    code = fields.code if fields is not None else ""
    says_unknown = code == _UNKNOWN_CODE or bool(_UNKNOWN_WORDS.search(answer.words))
    if (says_unknown or "404" in (str(answer.status_code), code)) and not is_routing(answer.words):
        return _unknown(answer, "")
    return _failure(answer, what)


def _unknown(answer: Answer, why: str) -> PollFailed:
    return PollFailed(
        f"The asset library says that it does not know the asset{why}.",
        code="asset_unknown",
        request_id=answer.request_id,
    )
