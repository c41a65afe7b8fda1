"""What a job was made from: its input media by their hashes, and where these lie."""

from collections.abc import Iterable, Mapping

from pydantic import BaseModel, ConfigDict

from globalaiopc import InvalidRequest
from ledger import ObjectStore, Receipt
from tasks.asked import asked_of
from tasks.inputs import INPUTS, NAME_DIGITS


class InputMedium(BaseModel):
    """A medium that a job was given as `field`. `key` is None when it is not in the folder now."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    field: str
    sha256: str
    key: str | None = None


def inputs_of(receipt: Receipt, keys: Mapping[str, str]) -> tuple[InputMedium, ...]:
    """What a receipt's job was given; `keys` are the objects' keys by their hash."""
    try:
        media = tuple(asked_of(receipt).media())
    except InvalidRequest:  # of another release, or no medium's job: the receipt itself tells it
        return ()
    return tuple(InputMedium(field=field, sha256=sha, key=keys.get(sha)) for field, sha in media)


async def input_keys(store: ObjectStore, receipts: Iterable[Receipt]) -> dict[str, str]:
    """The keys of all media that one brief's jobs were given, by their hash.

    What an earlier stage made is known from its receipt. The bucket is asked (one list request)
    only for what the brief brought. Raises `StoreError`.
    """
    known = tuple(receipts)
    if not _brought(known):
        return keys_among((), known)
    folder = f"{known[0].job.folder}/{INPUTS}/"
    return keys_among([key async for key in store.iter_keys(folder)], known)


def keys_among(lying: Iterable[str], receipts: Iterable[Receipt]) -> dict[str, str]:
    """The same, where it is known which objects lie in the brief's folder."""
    known = tuple(receipts)
    named = {sha256[:NAME_DIGITS]: sha256 for sha256 in _brought(known)}
    keys = {one.media.sha256: one.media.key for one in known if one.media is not None}
    for key in lying:
        folder, _, file = key.rpartition("/")
        name = file.partition(".")[0]
        if name in named and folder.endswith(f"/{INPUTS}"):
            keys[named[name]] = key
    return keys


def _brought(receipts: Iterable[Receipt]) -> set[str]:
    """The hashes of what was given to the jobs, and none of them made."""
    known = tuple(receipts)
    given = {medium.sha256 for one in known for medium in inputs_of(one, {})}
    return given - {one.media.sha256 for one in known if one.media is not None}
