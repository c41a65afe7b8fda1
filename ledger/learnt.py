"""How a small file of what was learnt is kept beside the ledger, by however many writers."""

import random
from asyncio import sleep
from collections.abc import Callable

from ledger.store import ObjectStore, Stored

LOST_RACES = 20


async def bring_up_to_date(
    store: ObjectStore, key: str, changed: Callable[[Stored | None], bytes | None]
) -> bool:
    """Put what `changed` makes of the file in its place, whatever others do meanwhile.

    False when `changed` answers None (it is not ours to overwrite: a newer program's, perhaps), or
    when others were faster too many times. Raises `StoreError`.
    """
    for race in range(LOST_RACES):
        # Uneven, so that writers who met once do not go on meeting.
        await sleep(random.uniform(0, min(0.02 * race, 0.2)))  # noqa: S311
        stored = await store.get(key)
        body = changed(stored)
        if body is None:
            return False
        kind = "application/json"
        if stored is None:
            etag = await store.put_if_absent(key, body, content_type=kind)
        else:
            etag = await store.put_if_match(key, body, stored.etag, content_type=kind)
        if etag is not None:
            return True
    return False
