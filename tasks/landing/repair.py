"""Finding a file that landed although its receipt does not say so: a crash lay between the two."""

from ledger.receipt import Landed
from ledger.store import ObjectStore
from tasks.landing.errors import NotMediaError
from tasks.landing.inspection import Found, Inspection
from tasks.landing.metadata import TASK_ID, landed_from, metadata_of, recorded
from tasks.landing.room import LandingRoom
from tasks.landing.stream import RULES, LandingRules
from tasks.landing.verify import ALL_TYPES, MediaType

TYPES = {row.extension: row for row in ALL_TYPES}


async def already_landed(
    store: ObjectStore,
    key_stem: str,
    *,
    task_id: str | None = None,
    room: LandingRoom | None = None,
    rules: LandingRules = RULES,
) -> Landed | None:
    """What lies under `key_stem` + an extension of ours, if it is whole; None: land it.

    With `task_id` only the medium of that job, by its metadata: what else lies there, such as a
    picture that a user brought, must not pass for what was paid for.

    An object is published only whole, so its metadata is believed. A long file's has no hash (S3
    takes metadata before the upload): the file is read once, from the bucket, and proven again.
    Nothing is asked of the provider. Raises StoreError.
    """
    room = room or LandingRoom()
    by = metadata_of({TASK_ID: task_id}) if task_id is not None else {}
    async for key in store.iter_keys(f"{key_stem}."):
        media_type = TYPES.get(key.removeprefix(key_stem))
        info = await store.head(key) if media_type else None
        if media_type is None or info is None or not by.items() <= info.metadata.items():
            continue
        found = recorded(key, info)
        if found is None:
            async with room.seat(), room.memory(rules.memory(info.size)):
                proven = await _read_again(
                    store, key, info.size, media_type, rules=rules, room=room
                )
            found = landed_from(key_stem, proven) if proven else None
        if found is not None:
            return found
    return None


async def _read_again(
    store: ObjectStore,
    key: str,
    size: int,
    media_type: MediaType,
    *,
    rules: LandingRules,
    room: LandingRoom,
) -> Found | None:
    inspection = Inspection(media_type.kind, rules.hold_bytes)
    try:
        for start in range(0, size, rules.part_bytes):
            await inspection.feed(await store.get_range(key, start, rules.part_bytes))
            if not inspection.fits:
                inspection.forget()
        found = await inspection.finish(room)
    except NotMediaError:
        return None
    return found if found.media_type == media_type else None
