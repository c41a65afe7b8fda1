import secrets

import pytest

from ledger import ObjectStore
from sandbox.services import S3Access
from tests.ledger.bench import Bench


@pytest.fixture
def store(s3: S3Access) -> ObjectStore:
    """The real S3 server, under a prefix of its own."""
    return ObjectStore(s3.client(), s3.bucket, f"run-{secrets.token_hex(6)}")


@pytest.fixture
def bench():
    return Bench()
