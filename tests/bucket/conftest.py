from collections.abc import Iterator

import pytest

from sandbox.services import S3Access
from tests.bucket import stores


@pytest.fixture(scope="package")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Access]:
    with stores.seaweed(tmp_path_factory.mktemp("seaweed")) as access:
        yield access


@pytest.fixture(scope="package")
def moto() -> Iterator[S3Access]:
    with stores.moto() as access:
        yield access
