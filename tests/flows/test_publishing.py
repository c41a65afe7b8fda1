"""The manifest of a batch of any length, on a real bucket."""

import hashlib
import secrets
import tracemalloc
from collections.abc import Iterator

import pytest

from flows.publishing import PART_BYTES, _write_lines
from ledger import ObjectStore
from sandbox.services import S3Access
from tasks.inputs import object_sha256

LINE = b"x" * 65_535 + b"\n"


@pytest.mark.parametrize("lines", [0, 3, 128, 129, 700])
async def test_a_manifest_of_any_length_is_written_part_by_part(s3: S3Access, lines: int) -> None:
    store = ObjectStore(s3.client(), s3.bucket, f"manifest-{secrets.token_hex(4)}")
    digest = hashlib.sha256()

    def told() -> Iterator[bytes]:
        for number in range(lines):
            line = str(number).encode() + LINE
            digest.update(line)
            yield line

    tracemalloc.start()
    await _write_lines(store, "b/manifest.jsonl", told())
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    info = await store.head("b/manifest.jsonl")
    assert info is not None
    assert info.content_type == "application/x-ndjson"
    assert await object_sha256(store, "b/manifest.jsonl", info.size) == digest.hexdigest()
    assert most < 4 * PART_BYTES
