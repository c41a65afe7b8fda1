"""Lists of briefs, written for a test and read as the flows read them."""

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.briefs import Brief
from flows.errors import BadBriefs
from flows.manifest import load_briefs
from globalaiopc.catalogue import Catalogue

CATALOGUE = Catalogue.load()


def parquet(columns: dict[str, Any], **how: Any) -> bytes:
    body = io.BytesIO()
    pq.write_table(pa.table(columns), body, **how)
    return body.getvalue()


def load(source: Any, **how: Any) -> tuple[Brief, ...]:
    return load_briefs(source, catalogue=CATALOGUE, **how)


def refusal(source: Any, **how: Any) -> BadBriefs:
    with pytest.raises(BadBriefs) as caught:
        load(source, **how)
    return caught.value
