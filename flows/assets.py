"""The asset libraries: media are uploaded, forgotten, and always listed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed
from pydantic import BaseModel, ConfigDict, Field

from flows.artifacts import show_table
from flows.cells import cell, escaped
from flows.ending import Outcome, stopped
from flows.errors import NothingLanded, defect
from flows.orchestration import orchestrated
from flows.parameters import Bucket, Connection, Texts
from globalaiopc import ErrorInfo, GlobalAIOPCError, InvalidRequest
from globalaiopc.asset_libraries import LIBRARIES, AssetLibrary, library_of
from tasks import AssetRecord, Studio, asset_delete, asset_for, open_studio
from tasks.assets import forget as forget_asset
from tasks.assets import known_assets
from tasks.sources import copied

Kind = Literal["image", "video", "audio"]
KINDS: tuple[Kind, ...] = ("image", "video", "audio")

FOLDER = "assets/media"
_SHA256_DIGITS = 64
DEFECT_ADVICE = "Report the log of this run; running it again costs nothing."


class Trouble(BaseModel):
    """What could not be done: `what` was asked for, without the query of an address."""

    model_config = ConfigDict(frozen=True)

    what: str
    error: ErrorInfo


@dataclass(frozen=True)
class _Wanted:
    """One thing to do, and how it is called in a message."""

    what: str
    do: Callable[[], Awaitable[None]]


@flow(description="Uploads media to an asset library, forgets some, and lists what is there.")
async def assets(
    upload: Annotated[Texts, Field(json_schema_extra={"title": "Upload"})] = None,
    forget: Annotated[Texts, Field(json_schema_extra={"title": "Forget"})] = None,
    *,
    library: Annotated[
        str, Field(json_schema_extra={"title": "Library", "enum": [*LIBRARIES]})
    ] = "seedance2",
    kind: Annotated[
        str, Field(json_schema_extra={"title": "What is uploaded", "enum": [*KINDS]})
    ] = "image",
    connection: Connection = "default",
    bucket: Bucket = "default",
) -> State[Outcome]:
    """Bring media into an asset library, or take them out. Free.

    What is uploaded lies in the bucket first, under assets/media, and is waited for until it can be
    used. The same content is uploaded once for each key of the API.

    Args:
        upload: Media to upload, one address each: https:// addresses, s3:// addresses, or keys in
            the bucket, such as `people/anna.png`. Nothing here and below: only lists what is there.
        forget: Assets to delete, by their id or by the SHA-256 of the medium. In libraries without
            a deletion (all but kyy_video2) the asset stays, and only its note is deleted. The
            medium stays in the bucket.
        library: The asset library, named after the video models that look into it.
        kind: Whether the media of upload are pictures, videos or sound.
        connection: Leave as it is. The block with the key and the addresses of the API.
        bucket: Leave as it is. The block that says where in S3 everything is kept.

    Returns:
        The assets that are known (library, asset id, kind, key, SHA-256, time of the upload), and
        what could not be done, with the errors.

    """
    try:
        into, of_kind = _checked(library, kind)
        async with open_studio(connection, bucket) as studio:
            wanted = [
                *(_uploading(studio, source, into, of_kind) for source in upload or []),
                *await _forgetting(studio, forget or [], into),
            ]
            failed = [one for one in await asyncio.gather(*map(_tried, wanted)) if one is not None]
            known = await known_assets(studio)
    except GlobalAIOPCError as error:
        return stopped(error)
    said = _sentence(len(wanted), failed, known)
    await show_table("assets", None, [_row(record) for record in _ordered(known)], escaped(said))
    return _ended(said, len(wanted), failed, known)


def _checked(library: str, kind: str) -> tuple[AssetLibrary, Kind]:
    into = next((name for name in LIBRARIES if name == library), None)
    if into is None:
        known = ", ".join(LIBRARIES)
        raise InvalidRequest(
            f"There is no asset library {library!r}; there are {known}.",
            field="library",
            allowed=known,
        )
    of_kind = next((one for one in KINDS if one == kind), None)
    if of_kind is None:
        known = ", ".join(KINDS)
        raise InvalidRequest(
            f"{kind!r} is no kind of media; there are {known}.", field="kind", allowed=known
        )
    return into, of_kind


def _uploading(studio: Studio, source: str, library: AssetLibrary, kind: Kind) -> _Wanted:
    async def upload() -> None:
        media = await copied(
            studio,
            source,
            kind=kind,
            field="upload",
            stem=lambda sha256: f"{FOLDER}/{sha256}",
        )
        await asset_for(
            studio,
            library=library,
            key=media.key,
            sha256=media.sha256,
            kind=kind,
            run=orchestrated,
        )

    return _Wanted(cell(source), upload)


async def _forgetting(studio: Studio, names: Sequence[str], library: AssetLibrary) -> list[_Wanted]:
    """What is to be forgotten, each once. Raises `InvalidRequest` for what nobody knows."""
    if not names:
        return []
    noted = [one for one in await known_assets(studio) if one.library == library]
    return [_forgetting_one(studio, name, library, noted) for name in dict.fromkeys(names)]


def _forgetting_one(
    studio: Studio, name: str, library: AssetLibrary, noted: Sequence[AssetRecord]
) -> _Wanted:
    record = next((one for one in noted if name in (one.asset_id, one.sha256)), None)
    deletes = bool(library_of(library).delete_path)
    if record is None and (len(name) == _SHA256_DIGITS or not deletes):
        known = ", ".join(one.asset_id for one in noted) or "none"
        raise InvalidRequest(
            f"{name!r} is no known asset of {library}.",
            field="forget",
            allowed=f"an asset id or a SHA-256; known are: {known}",
        )

    async def forget() -> None:
        if record is None:  # uploaded by another program
            await orchestrated(asset_delete, studio, library, name)
        else:
            await forget_asset(studio, library=library, sha256=record.sha256, run=orchestrated)

    return _Wanted(name, forget)


async def _tried(wanted: _Wanted) -> Trouble | None:
    """Do it; one that fails stops no other."""
    try:
        await wanted.do()
    except GlobalAIOPCError as error:
        get_run_logger().warning("%s: %s", wanted.what, error.message)
        return Trouble(what=wanted.what, error=error.info())
    except Exception as error:  # a defect of ours must not hide what was done
        get_run_logger().exception("%s: a defect in the flow", wanted.what)
        return Trouble(what=wanted.what, error=defect(error, "The flow", DEFECT_ADVICE))
    return None


def _ordered(known: Sequence[AssetRecord]) -> list[AssetRecord]:
    return sorted(known, key=lambda one: (one.library, one.uploaded))


def _row(record: AssetRecord) -> dict[str, str]:
    return {
        "library": record.library,
        "asset": cell(record.asset_id),
        "kind": record.kind,
        "key": cell(record.key),
        "sha256": record.sha256,
        "uploaded": f"{record.uploaded:%Y-%m-%d %H:%M}",
    }


def _sentence(count: int, failed: Sequence[Trouble], known: Sequence[AssetRecord]) -> str:
    listed = "1 asset is known." if len(known) == 1 else f"{len(known)} assets are known."
    if not count:
        return listed
    done = f"{count - len(failed)} of {count} done. {listed}"
    why = " ".join(f"{one.what}: {one.error.message} {one.error.advice}".strip() for one in failed)
    return f"{done} {why}".strip()


def _ended(
    said: str, count: int, failed: Sequence[Trouble], known: Sequence[AssetRecord]
) -> State[Outcome]:
    """`Completed`, `PartlyDone`, or the Failed state `NothingDone`, whose error has the list."""
    data: Outcome = {
        "assets": [one.model_dump(mode="json") for one in _ordered(known)],
        "failed": [one.model_dump(mode="json") for one in failed],
    }
    if failed and len(failed) == count:
        error = NothingLanded(said, report=data)
        return Failed(name="NothingDone", message=said, data=error)
    name = "PartlyDone" if failed else None
    return Completed(name=name, message=said, data=data)
