"""What a claim would meet, found out without writing anything: for plans."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

from ledger import rules
from ledger.held import Held
from ledger.ledger import Ledger
from ledger.receipt import JobKey, check_asked, differences, fingerprint

Meets = Literal["nothing", "known", "other request"]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """`meets` "nothing": it would be sent and paid for. "known": the receipt says how it stands.

    "other request": it would be refused; `changes` maps each field to (old, new), shortened.
    """

    meets: Meets
    held: Held | None
    changes: Mapping[str, tuple[str, str]]


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
        return Foreseen("nothing", held, {})
    changes = differences(held.receipt, endpoint=endpoint, model=model, asked=asked)
    return Foreseen("other request" if changes else "known", held, changes)
