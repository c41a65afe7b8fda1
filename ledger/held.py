"""A receipt in hand, and the three answers to a claim."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ledger.receipt import JobKey, Receipt


@dataclass(frozen=True, slots=True)
class Held:
    """A receipt and the version of it that was read or written."""

    receipt: Receipt
    etag: str


@dataclass(frozen=True, slots=True)
class Mine:
    """The caller holds the claim and may send exactly one POST while `still_mine`."""

    held: Held


@dataclass(frozen=True, slots=True)
class Theirs:
    """Another holder is about to send; look again later."""

    held: Held


@dataclass(frozen=True, slots=True)
class Known:
    """Nothing is to be sent: the receipt says how the job stands."""

    held: Held


ClaimOutcome: TypeAlias = Mine | Theirs | Known


LANDED_KEPT = 512


class LandedMemory:
    """The receipts that a process has seen land last, which change no more.

    They are looked at by what is made from their media, and by the report.
    """

    def __init__(self) -> None:
        self._kept: dict[str, Held] = {}

    def recall(self, job: JobKey) -> Held | None:
        return self._kept.get(job.receipt_key)

    def keep(self, held: Held) -> Held:
        """The same, kept if it has landed."""
        if held.receipt.state == "landed":
            self._kept[held.receipt.job.receipt_key] = held
            if len(self._kept) > LANDED_KEPT:
                del self._kept[next(iter(self._kept))]
        return held


def told(held: Held, changes: Mapping[str, object]) -> str:
    """How the log calls a job that is about to be changed, with its id as soon as it has one."""
    task_id = changes.get("task_id")
    return f"{held.receipt.job} (job {task_id})" if task_id else str(held.receipt.job)
