"""A batch cut into shards: which brief is in which, and where a shard's things lie.

    {batch_id}/shards/2-of-8.jsonl                the shard's briefs
    {batch_id}/shards/2-of-8/manifest.jsonl       what became of them, and report.json beside it
    {batch_id}/shards/2-of-8/runs/{run}.json      a run's signs of life (see flows.pulse)

The same list is always cut in the same way, so whoever writes a file writes what is there.
"""

import hashlib
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from flows.briefs import Brief
from globalaiopc import InvalidRequest

MOST = 200
"""Each shard is a process that takes seconds to start, and Prefect lists no more runs at once."""

_NAME = re.compile(r"([1-9]\d{0,2})-of-([1-9]\d{0,2})")


@dataclass(frozen=True)
class Shard:
    """One of the `of` parts of a batch, counted from 1. Written as "2-of-8"."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises `InvalidRequest`."""
        hit = _NAME.fullmatch(text.strip())
        shard = cls(int(hit[1]), int(hit[2])) if hit else None
        if shard is None or shard.number > shard.of:
            raise InvalidRequest(
                f"{text!r} names no shard.",
                field="shard",
                allowed="nothing, or such as 2-of-8",
                advice="Leave shard empty: a batch fills it in for the runs that it starts.",
            )
        return shard

    def __str__(self) -> str:
        return f"{self.number}-of-{self.of}"

    def folder(self, batch_id: str) -> str:
        return f"{batch_id}/shards/{self}"

    def list_key(self, batch_id: str) -> str:
        return f"{self.folder(batch_id)}.jsonl"


def split(briefs: Sequence[Brief], count: int) -> dict[Shard, tuple[Brief, ...]]:
    """Deal the briefs out to as many shards, but to none that would be empty.

    By the hashes of their ids: neighbours in a list are often alike, and the slow ones should not
    all be in one shard. Within a shard they keep their order.
    """
    count = min(count, len(briefs))
    dealt = sorted(range(len(briefs)), key=lambda place: _hash(briefs[place].id))
    return {
        Shard(number + 1, count): tuple(briefs[place] for place in sorted(dealt[number::count]))
        for number in range(count)
    }


def lines(briefs: Iterable[Brief]) -> bytes:
    """The file of a shard, as any list of briefs is read."""
    return b"".join(brief.model_dump_json(exclude_unset=True).encode() + b"\n" for brief in briefs)


def shard_count(shards: int, size: int | None, briefs: int) -> int:
    """How many shards so many briefs make: as many as asked for, or of at most `size` briefs each.

    Raises `InvalidRequest`.
    """
    count = min(shards if size is None else math.ceil(briefs / size), briefs)
    if count > MOST:
        raise InvalidRequest(
            f"{briefs} briefs in shards of {size} are {count} shards, more than {MOST}.",
            field="shard_size",
            allowed=f"at least {math.ceil(briefs / MOST)}",
        )
    return count


def check_shards(shards: int, size: int | None, shard: Shard | None, *, deployed: bool) -> None:
    """Raise `InvalidRequest` when a batch cannot be cut so; `deployed`: it may start runs."""
    if not 1 <= shards <= MOST:
        raise InvalidRequest(
            f"A batch cannot be made in {shards} shards.", field="shards", allowed=f"1 to {MOST}"
        )
    if size is not None and (size < 1 or shards > 1):
        raise InvalidRequest(
            f"A batch cannot be made in {shards} shards of {size} briefs each.",
            field="shard_size",
            allowed="1 or more briefs in each shard, with shards left at 1; or empty",
        )
    if shards == 1 and size is None:
        return
    if shard is not None:
        raise InvalidRequest("A shard is not cut into shards.", field="shards", allowed="1")
    if not deployed:
        raise InvalidRequest(
            "Shards are runs of a deployment, and this run is of none; nothing was sent.",
            field="shards",
            allowed="1",
            advice=(
                "Deploy the flow (`prefect --no-prompt deploy --all`), start workers (`prefect "
                "worker start --pool globalaiopc`), and run `content-batch/batch-of-videos` with "
                "shards; or leave shards at 1."
            ),
        )


def _hash(brief_id: str) -> bytes:
    return hashlib.sha256(brief_id.encode()).digest()
