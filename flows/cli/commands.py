"""The commands, their options and their help.

Built with cyclopts, because Prefect's own command line is: nothing more is installed for it. What a
command does is imported when it is carried out: Prefect takes seconds to import, and neither --help
nor a misspelt option needs it.
"""
# ruff: noqa: PLC0415

from dataclasses import replace
from typing import Annotated

from cyclopts import App, Parameter

from flows.cli.answers import Answer
from flows.cli.carrying import carry_out
from flows.cli.exits import MEANING
from flows.cli.screen import Screen
from flows.cli.wanted import Bucket, Connection, Prices, Wanted

_CODES = "\n".join(f"{code:>3}  {told}" for code, told in MEANING.items())

app = App(
    name="python -m flows",
    help="Briefs become scripts, images and videos in your bucket; nothing is paid for twice.",
    help_epilogue=f"Exit codes:\n{_CODES}",
    help_format="plaintext",
    version_flags=(),
    end_of_options_delimiter="--",
)

Briefs = Annotated[
    str | None,
    Parameter(
        help="A CSV, TSV, JSONL or Parquet file: a path, or s3://bucket/key; - is standard input "
        "(CSV, TSV or JSONL).",
        allow_leading_hyphen=True,
    ),
]
Batch = Annotated[Wanted, Parameter(name="*")]
Json = Annotated[
    bool,
    Parameter(
        name="--json",
        negative=(),
        show_default=False,
        help="Print one JSON document on standard output; all else goes to standard error.",
    ),
]
_NOTHING = Wanted()


@app.command
def plan(briefs: Briefs = None, /, *, batch: Batch = _NOTHING, as_json: Json = False) -> int:
    """Say what a run would reuse, continue, make and refuse, and at what cost. Buys nothing."""
    wanted = replace(batch, briefs=briefs)

    async def work(screen: Screen) -> Answer:
        from flows.cli import batches

        return await batches.plan(screen, wanted)

    return carry_out("plan", work, as_json=as_json)


@app.command
def run(briefs: Briefs = None, /, *, batch: Batch = _NOTHING, as_json: Json = False) -> int:
    """Make every brief of a list, or go on with a batch, and say what became of it."""
    wanted = replace(batch, briefs=briefs)

    async def work(screen: Screen) -> Answer:
        from flows.cli import batches

        return await batches.run(screen, wanted)

    return carry_out("run", work, as_json=as_json)


@app.command
def status(
    batch: Annotated[str, Parameter(help="Name of the batch.")],
    /,
    *,
    watch: Annotated[
        bool,
        Parameter(negative=(), show_default=False, help="Look again and again, until it is over."),
    ] = False,
    bucket: Bucket = "default",
    as_json: Json = False,
) -> int:
    """Say how a batch is, from its bucket alone: whoever runs it, wherever."""

    async def work(screen: Screen) -> Answer:
        from flows.cli import watching

        return await watching.status(screen, batch, bucket=bucket, watch=watch)

    return carry_out("status", work, as_json=as_json)


@app.command
def gallery(
    batch: Annotated[str, Parameter(help="Name of the batch.")],
    /,
    *,
    share: Annotated[
        float | None,
        Parameter(
            help="Also write a page that others can open for so many hours, at most 168; its link "
            "is a secret, and is printed here alone."
        ),
    ] = None,
    bucket: Bucket = "default",
    as_json: Json = False,
) -> int:
    """Write a batch's gallery anew: index.html beside its media. Buys nothing."""

    async def work(screen: Screen) -> Answer:
        from flows.cli import galleries

        return await galleries.gallery(screen, batch, share=share, bucket=bucket)

    return carry_out("gallery", work, as_json=as_json)


@app.command
def verify(
    batch: Annotated[str, Parameter(help="Name of the batch.")],
    /,
    *,
    bucket: Bucket = "default",
    as_json: Json = False,
) -> int:
    """Read all files of a batch anew and compare them with what landed. Buys nothing."""

    async def work(screen: Screen) -> Answer:
        from flows.cli import verifies

        return await verifies.verify(screen, batch, bucket=bucket)

    return carry_out("verify", work, as_json=as_json)


@app.command
def health(
    *, connection: Connection = "default", bucket: Bucket = "default", as_json: Json = False
) -> int:
    """Say for a monitor whether all is well: exit code 0 ok, 1 degraded, 2 down. Buys nothing."""

    async def work(screen: Screen) -> Answer:
        from flows.cli import healths

        return await healths.health(screen, connection=connection, bucket=bucket)

    return carry_out("health", work, as_json=as_json)


@app.command
def rescue(
    batch: Annotated[
        str | None, Parameter(help="Only this batch; without one, all of them.")
    ] = None,
    /,
    *,
    resubmit: Annotated[
        tuple[str, ...],
        Parameter(
            help="An unknown job to send once more, as the table prints it, such as "
            "daily/fox/video. Pays again if the first try was charged. May be repeated.",
            negative=(),
            show_default=False,
        ),
    ] = (),
    abandon: Annotated[
        tuple[str, ...],
        Parameter(
            help="An unknown job to give up. May be repeated.", negative=(), show_default=False
        ),
    ] = (),
    prices: Prices = None,
    yes: Annotated[
        bool,
        Parameter(negative=(), show_default=False, help="Do not ask before something is paid for."),
    ] = False,
    connection: Connection = "default",
    bucket: Bucket = "default",
    as_json: Json = False,
) -> int:
    """Bring in what was paid for and left behind, and show what needs a decision."""

    async def work(screen: Screen) -> Answer:
        from flows.cli import rescuing

        wanted = rescuing.Rescue(batch, resubmit, abandon, prices, connection, bucket)
        return await rescuing.rescue(screen, wanted, ask=not yes)

    return carry_out("rescue", work, as_json=as_json)
