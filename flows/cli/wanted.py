"""The options of `plan` and `run`, and how the same is asked for again."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Literal

from cyclopts import Parameter

Connection = Annotated[str, Parameter(help="Name of the GlobalAIOPC block.")]
Bucket = Annotated[str, Parameter(help="Name of the MediaBucket block.")]
Prices = Annotated[
    str | None,
    Parameter(help="A price file (TOML): a path or s3://bucket/key; see examples/prices.toml."),
]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a batch is to be, as a person gave it; `content_batch` says more about each."""

    briefs: Annotated[str | None, Parameter(parse=False)] = None
    topic: Annotated[
        str | None, Parameter(help="One thing to make, instead of a list of briefs.")
    ] = None
    batch_id: Annotated[
        str | None,
        Parameter(
            help="Name of the batch; the same name is the same work, and continues it. May hold "
            "{date}. Without one, the batch is named after this run."
        ),
    ] = None
    columns: Annotated[
        tuple[str, ...],
        Parameter(
            help="COLUMN=FIELD, such as Prompt=topic, for a file whose columns are named "
            "otherwise; once for each.",
            negative=(),
        ),
    ] = field(default=())
    limit: Annotated[int | None, Parameter(help="Only the first so many briefs.")] = None
    budget: Annotated[
        float | None,
        Parameter(help="The most that the batch may cost, over all its runs; needs prices."),
    ] = None
    prices: Prices = None
    approve: Annotated[
        Literal["images"] | None,
        Parameter(
            help="Make the pictures first and show them on a sheet: no video is paid for that "
            "nobody approves. Exit code 5 while a sheet waits."
        ),
    ] = None
    approval: Annotated[
        str | None,
        Parameter(help="The answer to the sheets: all, none, 1,4,7-9, 'best 20 under 50'."),
    ] = None
    wave: Annotated[int, Parameter(help="Pictures to a sheet.")] = 50
    timezone: Annotated[
        str | None, Parameter(help="Time zone of {date}, such as Europe/Berlin.")
    ] = None
    connection: Connection = "default"
    bucket: Bucket = "default"

    def command(self, name: str, batch_id: str) -> str:
        """The command that goes on with this very batch, to be copied into a shell."""
        return shlex.join(["python", "-m", "flows", name, *self._words(batch_id)])

    def _words(self, batch_id: str) -> Iterator[str]:
        if self.briefs is not None:
            yield self.briefs
        named = {
            "topic": self.topic,
            "batch-id": batch_id,  # the name itself: a {date} would be another one tomorrow
            "limit": self.limit,
            "budget": self.budget,
            "prices": self.prices,
            "approve": self.approve,
            "wave": None if self.wave == Wanted.wave else self.wave,
            "connection": None if self.connection == "default" else self.connection,
            "bucket": None if self.bucket == "default" else self.bucket,
        }
        for column in self.columns:
            yield from ("--columns", column)
        for option, value in named.items():
            if value is not None:
                yield from (f"--{option}", f"{value:g}" if isinstance(value, float) else str(value))
