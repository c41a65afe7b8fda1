"""What a receipt may become, and who may send. No input or output: the rules alone.

    (none) ──claim──> intent ──> submitted ──> completed ──> landed
                        │            └─────> failed <──┘
                        ├──> failed ──claim, when not charged──> intent
                        └──> unknown ──resubmit, by a person──> intent
                                     ──abandon, by a person──> failed

`intent ──> completed` is the way of an endpoint that answers at once and has no job id.

A holder that comes back late may still say how its own attempt went, after the receipt became
`unknown` or was abandoned: an attempt is known by its claim's nonce, which stays in the receipt.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from pydantic import JsonValue

from globalaiopc.errors import ErrorInfo
from ledger.errors import ReceiptMoved, RequestChanged
from ledger.receipt import Receipt, State, differences

LEASE_SECONDS = 180.0
"""How long a claim holds: longer than the longest wait for a create's answer, with slack."""

MARGIN = 1 / 6
"""The part of the lease that clocks may differ by (30 s of 180 s).

A holder stops sending this much before the end and others wait this much beyond it, so that two
machines whose clocks differ by less than twice the margin agree about who may send. Should they
differ by more, nothing is paid twice all the same: an ended intent becomes `unknown`, which nobody
sends again by itself; a healthy job is then only held until its holder's answer arrives.
"""

SAME_ANSWER_AGAIN = frozenset({"moderated", "job_moderated"})
"""Refusals that the same request meets every time; only a changed request is sent again."""

ABANDONED = "abandoned"

_FORWARD: tuple[State, ...] = ("intent", "submitted", "completed", "landed")
_BECOMES: dict[State, frozenset[State]] = {
    "intent": frozenset({"submitted", "completed", "landed", "failed", "unknown"}),
    "submitted": frozenset({"completed", "landed", "failed"}),
    "completed": frozenset({"landed", "failed"}),
    "landed": frozenset({"landed"}),
    "failed": frozenset(),
    "unknown": frozenset({"submitted", "completed", "landed", "failed"}),
}


def may_become(receipt: Receipt, state: State) -> bool:
    """Whether the attempt that this receipt is about may report `state`."""
    if receipt.state == "failed" and receipt.error and receipt.error.code == ABANDONED:
        return state in _BECOMES["unknown"]
    return state in _BECOMES[receipt.state]


def check_same(receipt: Receipt, endpoint: str, model: str, asked: Mapping[str, JsonValue]) -> None:
    """Raise `RequestChanged`, naming the fields, when the receipt is about another request."""
    if changed := differences(receipt, endpoint=endpoint, model=model, asked=asked):
        raise RequestChanged(str(receipt.job), changed)


def says_already(receipt: Receipt, state: State) -> bool:
    """Whether the receipt knows `state` of this attempt, or more than that."""
    if state == "unknown":
        return receipt.state != "intent"
    if state in _FORWARD and receipt.state in _FORWARD:
        return _FORWARD.index(receipt.state) >= _FORWARD.index(state)
    return receipt.state == state


def may_claim_again(receipt: Receipt, fingerprint: str) -> bool:
    """Whether a failed job costs nothing so far and may be sent once more."""
    error = receipt.error
    if receipt.state != "failed" or error is None or error.charged != "no":
        return False
    return error.code not in SAME_ANSWER_AGAIN or receipt.fingerprint != fingerprint


def need_unknown(receipt: Receipt, done: str) -> None:
    """Raise `ReceiptMoved` for a job that a person cannot decide about (any more)."""
    if receipt.state != "unknown":
        raise ReceiptMoved(f"{receipt.job} is {receipt.state}; only an unknown job can be {done}.")


def lease_over(receipt: Receipt, now: datetime, margin: timedelta) -> bool:
    """Whether an intent's holder had its time (by the wall clock, `margin` included)."""
    return receipt.claim is None or now > receipt.claim.until + margin


def expired_error(receipt: Receipt) -> ErrorInfo:
    holder = receipt.claim.holder if receipt.claim else "its holder"
    return ErrorInfo(
        code="claim_expired",
        message=f"{holder} claimed the job and never said whether it was sent.",
        charged="unknown",
        retry_is_free=False,
        who_acts="user",
        advice=(
            "Ask the provider whether it was charged; then run the `rescue` flow with this job "
            "under `resubmit` (pays again if it was) or `abandon`."
        ),
    )


def abandoned_error(by: str) -> ErrorInfo:
    return ErrorInfo(
        code=ABANDONED,
        message=f"Given up by {by}; whether it was charged is not known.",
        charged="unknown",
        retry_is_free=False,
        who_acts="user",
        advice="Ask for a new take to make it after all.",
    )


def pauses(total: float) -> Iterator[float]:
    """Seconds to wait between tries: doubling from 0.1 up to 10, `total` in all."""
    pause, spent = 0.1, 0.0
    while spent < total:
        yield pause
        spent += pause
        pause = min(pause * 2, 10.0)
