"""The provider's asset libraries: media that it keeps, reviews, and takes by reference.

Nothing here costs money and every call may be repeated, so no failure is an `OutcomeUnknown`: the
worst that a lost answer leaves behind is an asset that nobody refers to. The errors are

    InvalidRequest   the library cannot do that; nothing was sent
    NotSent          it never left
    PollFailed       it may have left, and no answer came that can be read
    Refused          a clear no, or one of its subclasses. The codes of its own kind:
                     asset_unreachable (the provider could not fetch the URL), asset_failed (it did
                     not take the media), asset_gone (deleted, expired, or not known)
    Moderated        its review did not let the media pass
    DeadlinePassed   still under review when the waiting ended

and all of them say "not charged, trying again is free".
"""

import json
from collections.abc import Callable, Mapping

from pydantic import BaseModel, ConfigDict, JsonValue

from globalaiopc import urls
from globalaiopc.answer import Answer
from globalaiopc.asset_answers import (
    AssetStatus,
    Seen,
    not_taken,
    parse_deletion,
    parse_look,
    parse_upload,
)
from globalaiopc.asset_libraries import (
    LIBRARIES,
    AssetKind,
    AssetLibrary,
    AssetUpload,
    library_of,
    with_id,
)
from globalaiopc.errors import (
    DeadlinePassed,
    GlobalAIOPCError,
    InvalidRequest,
    NotSent,
    PollFailed,
    RateLimited,
    Refused,
)
from globalaiopc.exchanges import Watch
from globalaiopc.waiting import Cadence, Clock, Cooldown
from globalaiopc.wire import Timeouts, Wire

POLL_EVERY = (2.0, 5.0)
"""Seconds between two looks (integrators)."""
DEADLINE_SECONDS = 300.0
"""For how long an asset is waited for (the provider's samples)."""

_IN_A_ROW = 3
"""So many times the same "no" ends the waiting; one "no such asset" alone may be an asset that is
not visible yet."""


class Asset(BaseModel):
    """A medium in a library. Usable when `status` is "active", and not before.

    `raw_status` is the provider's own word and `message` what it said went wrong, both scrubbed.
    """

    model_config = ConfigDict(frozen=True)

    library: AssetLibrary
    asset_id: str
    status: AssetStatus
    raw_status: str = ""
    message: str = ""


def reference(asset: Asset) -> str:
    """How a request names the asset in the place of a URL."""
    return reference_to(asset.library, asset.asset_id)


def reference_to(library: AssetLibrary, asset_id: str) -> str:
    """The same for an asset that is known by its id; each library has its own scheme."""
    return f"{library_of(library).scheme}://{asset_id}"


class Assets:
    """The libraries of one key: `client.assets`. An asset belongs to the key that uploaded it."""

    def __init__(
        self,
        wire: Wire,
        base: str,
        *,
        secret: str,
        timeouts: Timeouts,
        clock: Clock,
        cooldown: Cooldown,
        time_scale: float,
    ) -> None:
        self._wire = wire
        self._base = base
        self._secret = secret
        self._timeouts = timeouts
        self._clock = clock
        self._cooldown = cooldown
        self._time_scale = time_scale

    async def upload(
        self,
        library: AssetLibrary,
        url: str,
        kind: AssetKind,
        name: str | None = None,
        model: str | None = None,
    ) -> Asset:
        """Have the provider fetch a medium into its library; free, and repeatable.

        Returns while it is still being processed: `wait` for it. A medium that is refused in the
        answer itself (seen under code 0) is `Refused` or `Moderated`. Uploads are better made one
        at a time: large ones in parallel were seen to starve each other.
        """
        request = AssetUpload.of(library=library, url=url, kind=kind, name=name, model=model)
        await self._cooldown.wait()
        answer = await self._call(
            "POST",
            library_of(library).upload_path,
            "The upload of an asset",
            request.body(),
            # The provider may fetch the file before it answers (seen: more than 30 s).
            read_timeout=2 * self._timeouts.read,
        )
        seen = self._minding_the_gate(lambda: parse_upload(answer, request.url))
        asset = _asset(library, seen.asset_id, seen)
        _raise_if_failed(asset)
        return asset

    async def look(self, library: AssetLibrary, asset_id: str) -> Asset:
        """One look at an asset; free. One that failed its review is returned, not raised.

        `PollFailed` with the code "asset_unknown" is the library's "I know no such asset", and it
        counts when it is repeated.
        """
        await self._cooldown.wait()
        return await self._look(library, asset_id)

    async def wait(
        self,
        library: AssetLibrary,
        asset_id: str,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> Asset:
        """Look every 2 to 5 s until the asset can be used; the first look is made at once.

        Raises `Refused` (asset_failed, asset_gone), `Moderated`, `DeadlinePassed` after one last
        look, and what refuses the look itself three times in a row. A failed look alone ends
        nothing.
        """
        watch = _Watch(library, asset_id, deadline_seconds)
        deadline = self._clock.now() + deadline_seconds
        intervals = Cadence.of(POLL_EVERY, self._time_scale).intervals()
        while True:
            is_last = self._clock.now() >= deadline
            try:
                asset = await self._look(library, asset_id)
            except (PollFailed, NotSent, Refused) as failure:
                watch.note(failure)
            else:
                if watch.judged(asset):
                    return asset
            if is_last:
                raise watch.out_of_time()
            pause = next(intervals) + self._cooldown.remaining
            await self._clock.sleep(max(0.0, min(pause, deadline - self._clock.now())))

    async def delete(self, library: AssetLibrary, asset_id: str) -> None:
        """Remove an asset for ever; videos that were made of it stay (docs).

        Only kyy_video2 documents this, for the others it is `InvalidRequest`. An asset that is not
        there is `Refused` with the code "asset_gone".
        """
        path = library_of(library).delete_path
        if not path:
            raise InvalidRequest(
                f"The library {library} documents no way to delete an asset.",
                field="library",
                allowed=", ".join(name for name, one in LIBRARIES.items() if one.delete_path),
            )
        await self._cooldown.wait()
        what = "The deletion of an asset"
        answer = await self._call("DELETE", with_id(path, asset_id), what, route=path)
        try:
            self._minding_the_gate(lambda: parse_deletion(answer))
        except PollFailed as failure:
            if failure.code == "asset_unknown":
                raise _gone(asset_id, "the library does not know it") from failure
            raise

    async def _look(self, library: AssetLibrary, asset_id: str) -> Asset:
        route = library_of(library).look_path
        path = with_id(route, asset_id)
        what = "One look at an asset"
        if library == "kyy_video2":
            answer = await self._call("GET", path, what, route=route)
        elif library == "sd2_manxue":
            answer = await self._call("POST", path, what, {"assetIds": [asset_id]})
        else:
            answer = await self._call("POST", path, what, {"assetId": asset_id})
        return _asset(
            library, asset_id, self._minding_the_gate(lambda: parse_look(answer, asset_id))
        )

    async def _call(
        self,
        method: str,
        path: str,
        what: str,
        body: Mapping[str, JsonValue] | None = None,
        *,
        read_timeout: float | None = None,
        route: str = "",
    ) -> Answer:
        urls.warn_if_plain(self._base)
        with Watch("asset", self._base, route or path, self._secret, method=method) as watch:
            answer = await self._wire.free(
                method,
                self._base + path,
                what=what,
                content=None if body is None else json.dumps(body).encode(),
                read_timeout=read_timeout or self._timeouts.look,
            )
            watch.answered(answer.status_code, answer.headers)
        return Answer(
            answer.status_code, answer.content, answer.headers, self._secret, self._clock.wall()
        )

    def _minding_the_gate(self, parse: Callable[[], Seen]) -> Seen:
        """The parsed answer; a 429 closes the gate for everyone who uses the key."""
        try:
            seen = parse()
        except RateLimited as refusal:
            self._cooldown.trip(refusal.retry_after)
            raise
        self._cooldown.clear()
        return seen


class _Watch:
    """What one waiting has seen so far."""

    def __init__(self, library: AssetLibrary, asset_id: str, deadline_seconds: float) -> None:
        self._asset_id = asset_id
        self._library = library
        self._deadline_seconds = deadline_seconds
        self._failure: GlobalAIOPCError | None = None
        self._in_a_row = 0
        self._raw_status = ""

    def note(self, failure: GlobalAIOPCError) -> None:
        same = self._failure is not None and self._failure.code == failure.code
        self._in_a_row = self._in_a_row + 1 if same else 1
        self._failure = failure
        if self._in_a_row < _IN_A_ROW:
            return
        if failure.code == "asset_unknown":
            raise _gone(self._asset_id, "the library does not know it") from failure
        if isinstance(failure, Refused) and not isinstance(failure, RateLimited):
            raise failure

    def judged(self, asset: Asset) -> bool:
        """Whether it can be used."""
        self._failure, self._in_a_row, self._raw_status = None, 0, asset.raw_status
        _raise_if_failed(asset)
        if asset.status in ("expired", "deleted"):
            raise _gone(self._asset_id, asset.status)
        return asset.status == "active"

    def out_of_time(self) -> DeadlinePassed:
        status = f" (status {self._raw_status})" if self._raw_status else ""
        last = f" The last look failed: {self._failure.message}" if self._failure else ""
        return DeadlinePassed(
            f"The asset {self._asset_id} was not usable after {self._deadline_seconds:g} s of "
            f"waiting{status}.{last}",
            charged="no",
            who_acts="provider",
            advice="Its review takes longer than usual. Run again: the same asset is waited for.",
        )


def _asset(library: AssetLibrary, asset_id: str, seen: Seen) -> Asset:
    return Asset(
        library=library,
        asset_id=asset_id,
        status=seen.status,
        raw_status=seen.raw_status,
        message=seen.message,
    )


def _raise_if_failed(asset: Asset) -> None:
    if asset.status == "failed":
        raise not_taken(asset.message)


def _gone(asset_id: str, why: str) -> Refused:
    return Refused(
        f"The asset {asset_id} cannot be used any more ({why}).",
        code="asset_gone",
        retry_is_free=True,
        advice="Upload it again, which is free.",
    )
