"""A paid job as it is asked for, and what came of it."""

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from pydantic import JsonValue

from globalaiopc import MediaRequest
from ledger import Held, JobKey, State
from tasks.landing.inspection import WantedKind

BOUGHT: tuple[State, ...] = ("submitted", "completed", "landed")
"""What a receipt says of a job that the provider has: nothing is sent for it any more."""

MAKES: Mapping[str, WantedKind] = {
    "image": "image",
    "video": "video",
    "voice": "audio",
    "speech": "audio",
}
"""The stages that are paid for, and what each leaves in the bucket (`voice`: its preview)."""


FRESH_SECONDS = 900.0
"""Media that were handed over longer ago are handed over anew: their URLs live little longer than
the provider may take to fetch them."""


@dataclass(frozen=True)
class Order:
    """One paid generation: where its receipt lies, what is sent, and what is remembered of it.

    `asked` is the fingerprint's input and outlives every release of this software: it holds the
    neutral words (`prompt`, `ratio`, `seconds`, …) and the SHA-256 of input media, never a URL.
    Where there is `renew`, `request` names stand-ins for the media until that has handed them over
    and made the same request of them; `made` is when it did last, by the client's clock, and
    `made_for` the hash of the key whose account they were handed to.
    """

    key: JobKey
    request: MediaRequest = field(repr=False)
    asked: Mapping[str, JsonValue] = field(repr=False)
    renew: Callable[[], Awaitable[MediaRequest]] | None = field(default=None, repr=False)
    made: float = -math.inf
    made_for: str = ""

    def is_stale(self, now: float, key_hash: str) -> bool:
        """Whether its media are out of the provider's reach, or may be when it fetches them.

        Assets belong to a key's account: after the key was replaced, they are handed over anew.
        """
        if self.renew is None:
            return False
        return self.made_for != key_hash or now - self.made > FRESH_SECONDS

    async def renewed(self, now: float, key_hash: str) -> Self:
        """The same order, its media handed over at `now`. Raises as `tasks.inputs.hand_over`."""
        request = await self.renew() if self.renew is not None else self.request
        return replace(self, request=request, made=now, made_for=key_hash)

    @property
    def model(self) -> str:
        """The model as the user named it, which the receipt keeps; the wire's name may differ."""
        return str(self.asked.get("model") or self.request.model)

    @property
    def label(self) -> str:
        """How the task run is called in the Prefect UI."""
        return f"{self.key.brief_id} · {self.key.stage} · {self.model}"


@dataclass(frozen=True)
class Bought:
    """A finished job. `media_url` is None when the media has landed already.

    `just_done`: this call was the first to see it done, so nothing of it is in the bucket yet.
    """

    held: Held
    media_url: str | None = field(default=None, repr=False)
    subtitle_url: str | None = field(default=None, repr=False)
    just_done: bool = False

    @property
    def label(self) -> str:
        """How the landing's task run is called in the Prefect UI."""
        return f"{self.held.receipt.job.brief_id} · land {self.held.receipt.job.stage}"

    @property
    def task_id(self) -> str:
        """The provider's id of the job. A bought job always has one."""
        return self.held.receipt.task_id or ""


def media_stem(job: JobKey) -> str:
    """Where a job's medium lands, without the extension: `{batch_id}/{brief_id}/{stage}`.

    A later take lies beside the first and never on top of it.
    """
    return f"{job.folder}/{job.stage}" + (f".take{job.take}" if job.take > 1 else "")


def poster_key(job: JobKey) -> str:
    """Where the poster of a video job lies."""
    return f"{job.folder}/poster" + (f".take{job.take}" if job.take > 1 else "") + ".jpg"
