"""From the media host into the bucket: one long file, and many short ones.

A landing hashes the file, walks its boxes and opens its film as well; none of the rivals do. The
long file is set beside the slower of its download alone and its upload alone by s3transfer with the
same parts; the short ones beside whole downloads, each followed by `boto3.upload_fileobj`, with as
many threads as landings go on at once. Each is the best of its rounds, which take turns.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.arms.land import Files, Landed
from benchmarks.arms.transfer import Transfer
from benchmarks.machine import MB
from benchmarks.media_host import MediaHost
from benchmarks.parts import Parts, parts
from benchmarks.results import Amount, Result
from benchmarks.say import say

NAME = "landing"
MOST_MEMORY = 96.0
MOST_TIME = 1.15


@dataclass(frozen=True)
class Size:
    """Bytes of the long file and of each short one."""

    long: int
    count: int
    short: int
    rounds: int


FULL = Size(long=2_000_000_000, count=1_000, short=2_000_000, rounds=3)
QUICK = Size(long=200_000_000, count=100, short=2_000_000, rounds=2)


def measure(*, quick: bool) -> tuple[Result, ...]:
    size = QUICK if quick else FULL
    with (
        parts(prefect=None) as running,
        MediaHost(running.home / "log" / "media.log").start() as host,
    ):
        return (*_long(running, host.url, size), *_short(running, host.url, size))


def _long(running: Parts, host: str, size: Size) -> tuple[Result, ...]:
    rounds: list[tuple[Landed, Landed, Landed]] = []
    for _ in range(size.rounds):
        file = {"host": host, "size": size.long}
        download, upload = (
            running.run("transfer", Transfer.model_validate({**file, "way": way}), Landed)
            for way in ("download", "upload")
        )
        ours = running.run("land", Files.model_validate(file), Landed)
        rounds.append((ours, download, upload))
        say(f"long: {ours.seconds:.1f} s, {download.seconds:.1f} down, {upload.seconds:.1f} up")
    seconds, download_alone, upload_alone = (
        min(one[at].seconds for one in rounds) for at in range(3)
    )
    slower = "upload" if upload_alone >= download_alone else "download"
    added = max(ours.added for ours, _, _ in rounds)
    label = f"a file of {size.long // MB:,} MB"
    return (
        Result.at_most(
            NAME, f"{label}: added memory", Amount(added / MB, "MB"), Amount(MOST_MEMORY, "MB")
        ),
        Result.at_most(
            NAME,
            f"{label}: time",
            Amount(seconds, "s"),
            Amount(max(download_alone, upload_alone), "s"),
            other_name=f"its {slower} alone",
            most=MOST_TIME,
        ),
        Result.shown(
            NAME,
            f"{label}: time",
            Amount(seconds, "s"),
            Amount(download_alone + upload_alone, "s"),
            other_name="one after the other",
        ),
    )


def _short(running: Parts, host: str, size: Size) -> tuple[Result, ...]:
    files = {"host": host, "size": size.short, "count": size.count}
    rounds: list[tuple[Landed, Landed]] = []
    for _ in range(size.rounds):
        asked = Transfer.model_validate({**files, "way": "one-after-the-other"})
        rival = running.run("transfer", asked, Landed)
        ours = running.run("land", Files.model_validate(files), Landed)
        rounds.append((ours, rival))
        say(f"short: {ours.seconds:.1f} s, upload_fileobj after download {rival.seconds:.1f} s")
    mine, theirs = (min(one[at].seconds for one in rounds) for at in range(2))
    label = f"{size.count:,} files of {size.short // MB} MB"
    return (
        Result.at_most(
            NAME,
            f"{label}: time",
            Amount(mine, "s"),
            Amount(theirs, "s"),
            other_name="download, then upload_fileobj",
            most=MOST_TIME,
        ),
    )
