"""What a batch may spend, has set aside and has spent; and the rules by which lines move."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ledger.receipt import JobKey

ZERO = Decimal(0)

_Lines = dict[str, Decimal]


def line_of(job: JobKey, attempt: int = 1) -> str:
    """How a job is called in its batch's account: `{brief_id}/{stage}`, with take and attempt.

    Each attempt has a line of its own, so that a late word about one never touches the next.
    """
    take = f".take{job.take}" if job.take > 1 else ""
    return f"{job.brief_id}/{job.stage}{take}" + (f"#{attempt}" if attempt > 1 else "")


def _job_of(line: str) -> str:
    return line.partition("#")[0]


@dataclass(frozen=True, slots=True)
class Short:
    """There is not enough. `begun`: one of the lines was sent or spent already."""

    need: Decimal
    free: Decimal
    begun: bool


class Account(BaseModel):
    """The whole of `budget.json`; amounts in the price file's currency."""

    model_config = ConfigDict(frozen=True)

    version: Literal[1] = 1
    limit: Decimal
    currency: str = ""
    held: _Lines = Field(default_factory=dict)
    sent: _Lines = Field(default_factory=dict)
    spent: _Lines = Field(default_factory=dict)

    @property
    def reserved_total(self) -> Decimal:
        return sum(self.held.values(), ZERO) + sum(self.sent.values(), ZERO)

    @property
    def spent_total(self) -> Decimal:
        return sum(self.spent.values(), ZERO)

    @property
    def free(self) -> Decimal:
        """What is left; below 0 when the limit was lowered, or a job cost more than its quote."""
        return self.limit - self.reserved_total - self.spent_total

    def to_json(self) -> bytes:
        return self.model_dump_json().encode()


class Draft:
    """An account while several changes are made to it.

    Money set aside goes by the job, and money sent or spent by the attempt: a job of which any
    attempt was sent needs nothing set aside.
    """

    def __init__(self, account: Account) -> None:
        self._limit = account.limit
        self._currency = account.currency
        self._held, self._sent = dict(account.held), dict(account.sent)
        self._spent = dict(account.spent)
        self._attempts = Counter(_job_of(line) for line in (*self._sent, *self._spent))
        self._free = account.free
        self.changed = False

    def account(self) -> Account:
        return Account(
            limit=self._limit,
            currency=self._currency,
            held=self._held,
            sent=self._sent,
            spent=self._spent,
        )

    def relimit(self, limit: Decimal | None, currency: str) -> None:
        if limit is not None:
            self.changed |= limit != self._limit
            self._free += limit - self._limit
            self._limit = limit
        if currency and not self._currency:
            self._currency, self.changed = currency, True

    def hold(self, jobs: Mapping[str, Decimal]) -> Short | None:
        new = {
            job: need
            for job, need in jobs.items()
            if not self._attempts[job] and job not in self._held
        }
        need = sum(new.values(), ZERO)
        if new and need > self._free:
            return Short(need, self._free, begun=any(self._attempts[job] for job in jobs))
        for job, amount in new.items():
            self._put(self._held, job, amount)
        return None

    def send(self, line: str, amount: Decimal) -> Short | None:
        if line in self._spent or (line in self._sent and self._free >= 0):
            return None
        # What was set aside may be another model's quote, which the job was to be made with first.
        need = max(amount, self._take(line) or ZERO)
        if need > self._free:
            return Short(need, self._free, begun=False)
        self._put(self._sent, line, need)
        return None

    def admit(self, line: str, amount: Decimal) -> None:
        """It was sent, whatever the limit says."""
        if line in self._sent or line in self._spent:
            return
        reserved = self._take(line)
        self._put(self._sent, line, amount if reserved is None else reserved)

    def settle(self, line: str, amount: Decimal | None, otherwise: Decimal) -> None:
        if line in self._spent:
            return
        reserved = self._take(line)
        if amount is None:
            amount = otherwise if reserved is None else reserved
        self._put(self._spent, line, amount)

    def release(self, line: str) -> None:
        if line in self._sent:
            self._take(line)

    def drop(self, jobs: Iterable[str]) -> None:
        for job in jobs:
            if job in self._held:
                self._take(job)

    def _take(self, line: str) -> Decimal | None:
        """Remove what is reserved for an attempt: its own line, or what is held for the job."""
        for lines, name in ((self._sent, line), (self._held, _job_of(line))):
            if name in lines:
                self.changed = True
                amount = lines.pop(name)
                self._free += amount
                if lines is self._sent:
                    self._attempts[_job_of(line)] -= 1
                return amount
        return None

    def _put(self, lines: _Lines, line: str, amount: Decimal) -> None:
        self.changed = True
        lines[line] = amount
        self._free -= amount
        if lines is not self._held:
            self._attempts[_job_of(line)] += 1
