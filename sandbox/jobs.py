"""Jobs and the account of them: what was asked, where each stands, what was charged.

A job's state is a function of the clock, worked out when somebody looks; thousands of waiting jobs
cost nothing. Money: a job is billed when it is accepted, and given back when it ends `failed`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Literal
from uuid import UUID

from pydantic import JsonValue

from sandbox import prices, seeded
from sandbox.asked import Asked
from sandbox.chaos import Hit
from sandbox.endpoints import Endpoint
from sandbox.settings import Settings
from sandbox.text_asked import Dialect, TextAsked, Turns

State = Literal["queued", "processing", "completed", "failed"]

_QUEUED_SHARE = 0.1
"""The part of a job's time that it waits before anybody works on it."""


@dataclass
class Job:
    """One accepted generation, of the account of `key`. Times named `_at` are monotonic seconds."""

    id: str
    token: str
    number: int
    endpoint: Endpoint
    asked: Asked
    accepted_at: float
    created: float
    seconds: float
    key: str = field(repr=False)
    fate: Hit | None = None
    failure: str | None = None
    """Why it fails when its time has come, or has failed already if `failed_at` is set."""
    failed_at: float | None = None
    awaits_reference: bool = False
    reference: Path | None = None
    """The picture that it starts from."""
    ending: Path | None = None
    heard: Path | None = None
    reference_at: float | None = None
    md5: str | None = None
    looks: int = 0
    looks_when_done: int = 0
    downloads: int = 0
    noticed: float | None = None

    @property
    def kind(self) -> str:
        return self.asked.makes

    @property
    def starts_after(self) -> float:
        """Seconds from acceptance until the job leaves the queue and its references are fetched."""
        return self.seconds * _QUEUED_SHARE

    @property
    def price(self) -> Decimal:
        return prices.price_of(self.endpoint.row_name, self.asked)

    @property
    def ends_at(self) -> float | None:
        """None while nobody can say."""
        if self.failed_at is not None:
            return self.failed_at
        if self.awaits_reference or (self.fate and self.fate.name == "never_ends"):
            return None
        return max(self.accepted_at + self.seconds, self.reference_at or 0)

    def state(self, now: float) -> State:
        ends_at = self.ends_at
        if ends_at is not None and now >= ends_at:
            return "failed" if self.failure else "completed"
        return "queued" if now < self.accepted_at + self.starts_after else "processing"

    def progress(self, now: float) -> int:
        """0 to 99 until the job has ended."""
        return max(0, min(99, int(100 * (now - self.accepted_at) / max(self.seconds, 1e-9))))

    def billed(self, now: float) -> bool:
        return self.state(now) != "failed"

    def view(self, now: float) -> dict[str, JsonValue]:
        state, ends_at = self.state(now), self.ends_at
        done = ends_at is not None and now >= ends_at
        return {
            "id": self.id,
            "number": self.number,
            "kind": self.kind,
            "endpoint": self.endpoint.name,
            "model": self.asked.model,
            "prompt": self.asked.prompt,
            "request": {name: _without_query(value) for name, value in self.asked.body.items()},
            "state": state,
            "amount": float(self.price) if self.billed(now) else 0.0,
            "billed": self.billed(now),
            "created": self.created,
            "completed": self.created + ends_at - self.accepted_at if done and ends_at else None,
            "noticed": self.noticed,
            "result_polls": self.looks,
            "downloads": self.downloads,
            "failure": self.failure if state == "failed" else None,
            "fault": self.fate.name if self.fate else None,
        }


@dataclass(frozen=True)
class TextCall:
    """One billed text call. `shown` counts the images beside the words."""

    id: str
    endpoint: str
    model: str
    prompt: str
    created: float
    amount: Decimal
    tokens: int
    shown: int
    streamed: bool

    def view(self) -> dict[str, JsonValue]:
        return {
            "id": self.id,
            "endpoint": self.endpoint,
            "model": self.model,
            "prompt": self.prompt,
            "created": self.created,
            "amount": float(self.amount),
            "billed": True,
            "tokens": self.tokens,
            "images": self.shown,
            "streamed": self.streamed,
        }


@dataclass
class Book:
    """All jobs and text calls since the start (or the last reset), and every POST on the wire."""

    settings: Settings
    clock: Callable[[], float] = time.monotonic
    jobs: dict[str, Job] = field(default_factory=dict)
    by_token: dict[str, Job] = field(default_factory=dict)
    texts: list[TextCall] = field(default_factory=list)
    talks: dict[str, Turns] = field(default_factory=dict)
    """What was said in each response that a later one may go on from, by id."""
    posts: Counter[str] = field(default_factory=Counter)
    auth_leaks: int = 0
    _repeats: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def accept(self, endpoint: Endpoint, asked: Asked, fate: Hit | None, key: str) -> Job:
        """A new job. Its id and time depend on the seed, the request and how often it was made."""
        unique = self._unique(endpoint.name, asked.model, asked.prompt)
        job = Job(
            id=_id(endpoint, asked, seeded.digest("id", *unique)),
            token=seeded.digest("token", *unique)[:32],
            number=len(self.jobs) + 1,
            endpoint=endpoint,
            asked=asked,
            accepted_at=self.clock(),
            created=time.time(),
            seconds=self.duration(asked.makes, *unique) * (fate.factor if fate else 1),
            key=key,
            fate=fate,
            failure=self._failure(asked.prompt, fate),
            awaits_reference=bool(asked.media),
        )
        self.jobs[job.id] = self.by_token[job.token] = job
        return job

    def record_text(
        self, dialect: Dialect, asked: TextAsked, prompt: str, tokens: int
    ) -> tuple[TextCall, float]:
        """A billed text call, and the seconds it takes."""
        unique = self._unique(dialect.route, asked.model, prompt)
        call = TextCall(
            id=dialect.id_prefix + seeded.digest("id", *unique)[:24],
            endpoint=dialect.endpoint,
            model=asked.model,
            prompt=prompt,
            created=time.time(),
            amount=Decimal(tokens) * Decimal("0.00001"),
            tokens=tokens,
            shown=len(asked.shown),
            streamed=asked.stream,
        )
        self.texts.append(call)
        return call, self.duration("text", *unique)

    def duration(self, kind: str, *unique: object) -> float:
        swing = (2 * seeded.fraction("seconds", *unique) - 1) * self.settings.spread
        return self.settings.base_seconds(kind) * (1 + swing)

    def clear(self) -> None:
        for kept in (self.jobs, self.by_token, self.texts, self.talks, self.posts, self._repeats):
            kept.clear()
        self.auth_leaks = 0

    def view(self) -> dict[str, JsonValue]:
        now = self.clock()
        jobs = [job.view(now) for job in self.jobs.values()]
        charged = sum((job.price for job in self.jobs.values() if job.billed(now)), Decimal(0))
        texts = sum((call.amount for call in self.texts), Decimal(0))
        totals: dict[str, JsonValue] = {
            "jobs": len(jobs),
            "billed": sum(1 for job in jobs if job["billed"]),
            "texts": len(self.texts),
            "jobs_amount": float(charged),
            "texts_amount": float(texts),
            "amount": float(charged + texts),
            "states": dict(Counter(str(job["state"]) for job in jobs)),
        }
        return {
            "jobs": list(jobs),
            "posts": dict(self.posts),
            "texts": [call.view() for call in self.texts],
            "totals": totals,
            "auth_leaks": self.auth_leaks,
        }

    def _unique(self, *request: str) -> tuple[object, ...]:
        self._repeats[request] += 1
        return self.settings.seed, *request, self._repeats[request]

    def _failure(self, prompt: str, fate: Hit | None) -> str | None:
        if fate is not None and fate.name == "job_failed":
            return fate.rule.message or "generation failed"
        words = self.settings.moderated_words
        if (fate is not None and fate.name == "moderated") or _holds(prompt, words):
            return "content rejected"
        return None


def _id(endpoint: Endpoint, asked: Asked, digits: str) -> str:
    """An id as this endpoint's pages or logs show them; nobody is to read anything into it."""
    if asked.old_style:
        return endpoint.old_prefix + digits[:24]
    if endpoint.id_form == "uuid":
        return endpoint.id_prefix + str(UUID(digits[:32]))
    return endpoint.id_prefix + digits[: int(endpoint.id_form)]


def _holds(prompt: str, words: tuple[str, ...]) -> bool:
    return any(word.casefold() in prompt.casefold() for word in words)


def _without_query(value: JsonValue) -> JsonValue:
    """Presigned URLs are secrets while they live: the account shows them without their query."""
    if isinstance(value, list):
        return [_without_query(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_query(item) for name, item in value.items()}
    if isinstance(value, str) and value.startswith(("http://", "https://")):
        return value.partition("?")[0]
    if isinstance(value, str) and value.startswith("data:"):
        return f"{value.partition(',')[0]},... ({len(value)} characters)"
    return value
