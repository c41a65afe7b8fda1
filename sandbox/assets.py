"""The asset libraries of the sandbox: what was uploaded, and where each asset stands.

Like a job's, an asset's state is a function of the clock, worked out when somebody looks. Nothing
of it costs money. All assets belong to the one key that the sandbox accepts.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from pydantic import JsonValue

from sandbox import seeded
from sandbox.chaos import Hit

State = Literal["processing", "active", "failed", "expired", "deleted"]

SCHEMES = {"kyy_video2": "asset://", "sd2_manxue": "asset://", "seedance2": "assetId://"}
REVIEW_FAILED = "审核未通过"

_ID_WORDS = {"image": "img", "video": "video", "audio": "audio"}


@dataclass(frozen=True)
class Deposit:
    """What an upload asks for."""

    library: str
    kind: str
    url: str
    name: str = ""

    @property
    def bare_url(self) -> str:
        """A presigned URL is a secret while it lives: its query is never shown."""
        return self.url.partition("?")[0]


@dataclass
class Asset:
    """One uploaded medium; `accepted_at` is in monotonic seconds."""

    id: str
    number: int
    asked: Deposit
    accepted_at: float
    created: float
    seconds: float
    fate: Hit | None = None
    flaw: str | None = None
    """What is wrong with the bytes: known at once, so it is failed from the start."""
    deleted: bool = False
    looks: int = 0
    looks_when_active: int = 0

    def state(self, now: float) -> State:
        if self.deleted or self._spent("asset_gone"):
            return "deleted"
        if self.flaw:
            return "failed"
        if now < self.accepted_at + self.seconds or self._has("never_ends"):
            return "processing"
        if self._has("asset_failed"):
            return "failed"
        return "expired" if self._spent("asset_expired") else "active"

    @property
    def error(self) -> str:
        """Why it failed."""
        return self.flaw or (self.fate.rule.message if self.fate else None) or REVIEW_FAILED

    def view(self, now: float) -> dict[str, JsonValue]:
        state = self.state(now)
        return {
            "id": self.id,
            "library": self.asked.library,
            "kind": self.asked.kind,
            "name": self.asked.name,
            "url": self.asked.bare_url,
            "state": state,
            "error": self.error if state == "failed" else None,
            "created": self.created,
            "looks": self.looks,
            "fault": self.fate.name if self.fate else None,
        }

    def _has(self, fate: str) -> bool:
        return self.fate is not None and self.fate.name == fate

    def _spent(self, fate: str) -> bool:
        """Whether it went away after the good looks that its fate allows."""
        if self.fate is None or self.fate.name != fate:
            return False
        return self.looks_when_active > self.fate.rule.after


@dataclass
class Assets:
    """All assets since the start or the last reset."""

    clock: Callable[[], float] = time.monotonic
    by_id: dict[str, Asset] = field(default_factory=dict)
    _repeats: Counter[Deposit] = field(default_factory=Counter)

    def unique(self, seed: int, asked: Deposit) -> tuple[object, ...]:
        """What tells this upload from all others, the same in every run with the seed."""
        bare = Deposit(asked.library, asked.kind, asked.bare_url, asked.name)
        self._repeats[bare] += 1
        return (seed, asked.library, asked.kind, asked.bare_url, asked.name, self._repeats[bare])

    def add(
        self,
        asked: Deposit,
        unique: tuple[object, ...],
        *,
        seconds: float,
        fate: Hit | None,
        flaw: str | None,
    ) -> Asset:
        asset = Asset(
            id=_new_id(asked, seeded.digest("asset", *unique)),
            number=len(self.by_id) + 1,
            asked=asked,
            accepted_at=self.clock(),
            created=time.time(),
            seconds=seconds * (fate.factor if fate else 1),
            fate=fate,
            flaw=flaw,
        )
        self.by_id[asset.id] = asset
        return asset

    def find(self, library: str, asset_id: str) -> Asset | None:
        """An asset of this library that was not deleted."""
        asset = self.by_id.get(asset_id)
        return asset if asset is not None and asset.asked.library == library else None

    def look(self, library: str, asset_id: str) -> tuple[Asset, State] | None:
        """One look; None when the library does not know the asset (any more)."""
        asset = self.find(library, asset_id)
        if asset is None:
            return None
        asset.looks += 1
        if asset.state(self.clock()) == "active":
            asset.looks_when_active += 1
        state = asset.state(self.clock())
        return None if state == "deleted" else (asset, state)

    def resolve(self, reference: str) -> str | None:
        """The URL behind `asset://id` or `assetId://id`; None unless it is active right now.

        Each library goes by its own scheme. Deleted, expired, failed and unfinished ones are None.
        """
        scheme, separator, asset_id = reference.partition("://")
        asset = self.by_id.get(asset_id)
        if asset is None or SCHEMES[asset.asked.library] != scheme + separator:
            return None
        return asset.asked.url if asset.state(self.clock()) == "active" else None

    def clear(self) -> None:
        self.by_id.clear()
        self._repeats.clear()

    def view(self) -> list[dict[str, JsonValue]]:
        return [asset.view(self.clock()) for asset in self.by_id.values()]


def _new_id(asked: Deposit, digest: str) -> str:
    """Ids look as each library's were seen to: asset-20260330142158-q75m8, asset_img_001."""
    if asked.library == "kyy_video2":
        return f"asset-{time.strftime('%Y%m%d%H%M%S')}-{digest[:10]}"
    if asked.library == "sd2_manxue":
        return f"asset_{_ID_WORDS[asked.kind]}_{digest[:12]}"
    return f"asset-{digest[:16]}"
