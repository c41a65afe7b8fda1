"""What a claim would meet, found out without writing anything: for plans."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import JsonValue

from ledger import rules
from ledger.ledger import Ledger
from ledger.receipt import JobKey, Receipt, State, check_asked, differences, fingerprint

Meets = Literal["nothing", "known", "other request"]
MARGIN = timedelta(seconds=rules.LEASE_SECONDS * rules.MARGIN)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """`meets` "nothing": it would be sent and paid for. "known": the job stands at `state`.

    "other request": it would be refused; `changes` maps each field to (old, new), shortened.
    `state` is the receipt's, and `unknown` where the claim would find that its holder is gone.
    """

    meets: Meets
    receipt: Receipt | None = None
    state: State | None = None
    changes: Mapping[str, tuple[str, str]] = field(default_factory=dict)


async def foresee(
    ledger: Ledger,
    job: JobKey,
    *,
    endpoint: str,
    model: str,
    asked: Mapping[str, JsonValue],
) -> Foreseen:
    """What `ledger.claim` with the same words would find now. Raises what reading raises."""
    check_asked(asked)
    held = await ledger.look(job)
    if held is None or rules.may_claim_again(held.receipt, fingerprint(asked)):
        return Foreseen("nothing")
    receipt = held.receipt
    if changes := differences(receipt, endpoint=endpoint, model=model, asked=asked):
        return Foreseen("other request", receipt, receipt.state, changes)
    gone = receipt.state == "intent" and rules.lease_over(receipt, datetime.now(UTC), MARGIN)
    return Foreseen("known", receipt, "unknown" if gone else receipt.state)
