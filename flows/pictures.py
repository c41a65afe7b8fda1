"""The pictures that a batch made last, on its page: a bounded number, each read once."""

import asyncio
from collections.abc import Mapping, Sequence

from flows.thumbnails import thumbnail
from flows.work import Work
from ledger import ObjectStore
from tasks import poster_key
from tasks.timeline import End

SHOWN = 6
_SIDE = 160


class Pictures:
    """Of the briefs that landed last, the newest first."""

    def __init__(self, store: ObjectStore, works: Sequence[Work]) -> None:
        self._store = store
        self._works = {work.brief.id: work for work in works}
        self._last: dict[str, str] = {}

    async def look(self, ended: Mapping[str, End]) -> None:
        """Read the posters of those that have landed since. Raises nothing."""
        landed = [(end.at, brief) for brief, end in ended.items() if end.state == "landed"]
        last = [brief for _, brief in sorted(landed, reverse=True)[:SHOWN]]
        found = await asyncio.gather(*(self._picture(brief) for brief in last))
        self._last = dict(zip(last, found, strict=True))

    def markdown(self) -> str:
        shown = [(brief, picture) for brief, picture in self._last.items() if picture]
        if not shown:
            return ""
        rows = (
            f"| ![{brief}]({picture}) | `{brief}` | `{self._folder(brief)}` |"
            for brief, picture in shown
        )
        head = "## Landed last\n\n| | brief | its folder |\n| --- | --- | --- |"
        return "\n".join([head, *rows])

    def _folder(self, brief: str) -> str:
        return f"{self._store.uri(self._works[brief].folder)}/"

    async def _picture(self, brief: str) -> str:
        if brief in self._last:
            return self._last[brief]
        work = self._works.get(brief)
        return await thumbnail(self._store, poster_key(work.job("video")), _SIDE) if work else ""
