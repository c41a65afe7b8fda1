"""Every file of a batch against what was noted of it when it landed. Reads only."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from prefect.logging import get_run_logger
from pydantic import ValidationError

from flows.report import ReportItem
from flows.verify_report import (
    CHANGED_ADVICE,
    INPUT_ADVICE,
    MISSING_ADVICE,
    UNLISTED_ADVICE,
    UNREAD_ADVICE,
    CheckedFile,
    Finding,
    VerifyReport,
)
from globalaiopc import InvalidRequest
from ledger import Ledger, ObjectInfo, ObjectStore, Receipt, ReceiptUnreadable, StoreError
from tasks.inputs import INPUTS, NAME_DIGITS, object_sha256
from tasks.landing.metadata import SHA256, SHA256_HEX
from tasks.landing.stream import RULES
from tasks.landing.verify import ALL_TYPES
from tasks.lineage import inputs_of

AT_ONCE = 8
"""Files read at the same time, each part by part: with landing's parts, 64 MiB in memory."""

TELL_EVERY = 1000

_MEDIA = frozenset(row.extension for row in ALL_TYPES)
_TEXTS = frozenset({".json", ".jsonl", ".html", ".toml", ".csv", ".srt", ".vtt", ".txt"})
_DERIVED = ("poster", "frame-")


@dataclass
class Expected:
    """What was noted: of what landed by key, of what briefs brought by key without extension."""

    media: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)

    @classmethod
    async def of(cls, store: ObjectStore, batch_id: str, unreadable: list[str]) -> "Expected":
        """From the batch's receipts; from its manifest what has no receipt any more."""

        def note(error: ReceiptUnreadable) -> None:
            unreadable.append(error.message)

        found = cls()
        async for held in Ledger(store).scan(f"{batch_id}/", unreadable=note):
            found._note(held.receipt)
        made = set(found.media.values())
        found.inputs = {stem: sha for stem, sha in found.inputs.items() if sha not in made}
        async for number, line in _manifest_lines(store, batch_id):
            try:
                jobs = ReportItem.model_validate_json(line).jobs
            except ValidationError:
                unreadable.append(f"Line {number} of {batch_id}/manifest.jsonl is none of ours.")
                continue
            for job in jobs:
                if job.key and job.sha256:
                    found.media.setdefault(job.key, job.sha256)
        return found

    def _note(self, receipt: Receipt) -> None:
        if receipt.media is not None:
            self.media[receipt.media.key] = receipt.media.sha256
        for one in inputs_of(receipt, {}):
            stem = f"{receipt.job.folder}/{INPUTS}/{one.sha256[:NAME_DIGITS]}"
            self.inputs[stem] = one.sha256

    def take(self, key: str) -> str | None:
        """The hash that the object should have, which is found herewith."""
        stem = key.rpartition(".")[0]
        return self.media.pop(key, None) or self.inputs.pop(stem, None)


class Verifier:
    """Goes through one batch. Many files are read at once, each part by part."""

    def __init__(self, store: ObjectStore, batch_id: str) -> None:
        self._store = store
        self._batch_id = batch_id
        self._counts: Counter[Finding] = Counter()
        self._files: list[CheckedFile] = []
        self._bytes = 0

    async def verify(self) -> VerifyReport:
        """Raises `InvalidRequest` when there is no such batch, `StoreError` if it is not listed."""
        unreadable: list[str] = []
        expected = await Expected.of(self._store, self._batch_id, unreadable)
        checks: set[asyncio.Task[None]] = set()
        seen = 0
        try:
            async for key in self._store.iter_keys(f"{self._batch_id}/"):
                seen += 1
                checks.add(asyncio.create_task(self._check(key, expected.take(key))))
                if len(checks) >= AT_ONCE:
                    await self._some(checks)
                if seen % TELL_EVERY == 0:
                    get_run_logger().info("%d objects gone through", seen)
            while checks:
                await self._some(checks)
        finally:
            for check in checks:
                check.cancel()
        if not seen:
            raise InvalidRequest(
                f"There is no batch {self._batch_id} in {self._store.uri('')}.",
                field="batch_id",
                advice="The name is the folder in the bucket; the Bucket block says which bucket.",
            )
        for key, sha256 in expected.media.items():
            advice = MISSING_ADVICE if _extension(key) in _MEDIA else INPUT_ADVICE
            self._tell(key, "missing", "It landed, and is gone.", advice, sha256)
        for key, sha256 in expected.inputs.items():
            told = "A job was given it, and it is gone."
            self._tell(key, "missing", told, INPUT_ADVICE, sha256)
        return VerifyReport.of(
            self._batch_id,
            dict(self._counts),
            self._files,
            bytes_read=self._bytes,
            unreadable=unreadable,
        )

    async def _some(self, checks: set[asyncio.Task[None]]) -> None:
        """Until at least one is done; a defect of a check is raised here."""
        done, _ = await asyncio.wait(checks, return_when=asyncio.FIRST_COMPLETED)
        checks -= done
        for check in done:
            check.result()

    async def _check(self, key: str, expected: str | None) -> None:
        if expected is None and _extension(key) not in _MEDIA:
            self._unknown(key, ours=_extension(key) in _TEXTS)
            return
        try:
            info = await self._store.head(key)
            if info is None:
                self._tell(key, "missing", "It went away just now.", MISSING_ADVICE, expected)
                return
            expected = expected or _own_hash(info)
            if expected is None:
                self._unknown(key, ours=key.rpartition("/")[2].startswith(_DERIVED))
                return
            await self._compare(key, info, expected)
        except StoreError as error:
            self._tell(key, "unread", error.message, UNREAD_ADVICE, expected)

    async def _compare(self, key: str, info: ObjectInfo, expected: str) -> None:
        found = await object_sha256(self._store, key, info.size)
        self._bytes += info.size
        if found == expected:
            self._counts["ok"] += 1
            return
        told = f"Its {info.size:,} bytes are not those that landed."
        self._tell(key, "changed", told, CHANGED_ADVICE, expected, sha256=found, size=info.size)

    def _unknown(self, key: str, *, ours: bool) -> None:
        if ours:
            self._counts["unhashed"] += 1
        else:
            self._tell(key, "unlisted", "No receipt and no manifest knows it.", UNLISTED_ADVICE)

    def _tell(
        self,
        key: str,
        finding: Finding,
        message: str,
        advice: str,
        expected: str | None = None,
        *,
        sha256: str | None = None,
        size: int | None = None,
    ) -> None:
        self._counts[finding] += 1
        self._files.append(
            CheckedFile(
                key=key,
                finding=finding,
                message=message,
                advice=advice,
                expected_sha256=expected,
                sha256=sha256,
                size=size,
            )
        )
        level = get_run_logger().info if finding == "unlisted" else get_run_logger().warning
        level("%s: %s. %s", key, finding, message)


def _extension(key: str) -> str:
    return f".{key.rpartition('/')[2].rpartition('.')[2]}"


def _own_hash(info: ObjectInfo) -> str | None:
    """What the object's own metadata says: of a picture that a user brought, nothing else does."""
    sha256 = info.metadata.get(SHA256, "")
    return sha256 if len(sha256) == SHA256_HEX else None


async def _manifest_lines(store: ObjectStore, batch_id: str) -> AsyncIterator[tuple[int, bytes]]:
    """Each line of a batch's manifest, read part by part; none where there is no manifest."""
    key = f"{batch_id}/manifest.jsonl"
    info = await store.head(key)
    numbers, rest = itertools.count(1), b""
    for start in range(0, info.size if info else 0, RULES.part_bytes):
        *lines, rest = (rest + await store.get_range(key, start, RULES.part_bytes)).split(b"\n")
        for line in lines:
            yield next(numbers), line
