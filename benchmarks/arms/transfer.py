"""The rivals in landing: a download alone, an upload alone, and the one wholly before the other."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Literal, cast

import httpx
from boto3.s3.transfer import TransferConfig

from benchmarks.arms import stores
from benchmarks.arms.land import Files, Landed
from benchmarks.arms.program import bucket, program
from benchmarks.machine import forget_peak, peak_bytes, resident_bytes
from benchmarks.media_host import Generated
from tasks.landing import LandingRules

PATIENCE = 120.0


class Transfer(Files):
    """`way` is what is done with each of the files."""

    way: Literal["download", "upload", "one-after-the-other"]


def work(asked: Transfer) -> Landed:
    s3, (name, prefix) = stores.client(), bucket()
    rules = LandingRules()
    settings = TransferConfig(
        multipart_threshold=rules.hold_bytes,
        multipart_chunksize=rules.part_bytes,
        max_concurrency=rules.parts_in_flight,
    )
    with httpx.Client(timeout=PATIENCE, trust_env=False) as http:
        address = f"{asked.host}/film?size={asked.size}"

        def download(_: int) -> None:
            with http.stream("GET", address) as answer:
                for _piece in answer.iter_raw():
                    pass

        def upload(number: int) -> None:
            body = cast(IO[bytes], Generated(asked.size))
            s3.upload_fileobj(body, name, f"{prefix}/file-{number}", Config=settings)

        def both(number: int) -> None:
            body = io.BytesIO(http.get(address).content)
            s3.upload_fileobj(body, name, f"{prefix}/file-{number}", Config=settings)

        ways = {"download": download, "upload": upload, "one-after-the-other": both}
        landed = _timed(asked, ways[asked.way])
    if asked.way != "download":
        for number in range(asked.count):
            s3.delete_object(Bucket=name, Key=f"{prefix}/file-{number}")
    return landed


def _timed(asked: Transfer, one: Callable[[int], None]) -> Landed:
    with ThreadPoolExecutor(asked.at_once) as threads:
        before = resident_bytes()
        forget_peak()
        began = time.monotonic()
        list(threads.map(one, range(asked.count)))
        return Landed(seconds=time.monotonic() - began, added=peak_bytes() - before)


if __name__ == "__main__":
    program(Transfer, work)
