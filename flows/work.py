"""One brief under one batch, and where its things lie in the bucket."""

from dataclasses import dataclass
from typing import Protocol

from pydantic import JsonValue

from flows.briefs import Brief
from ledger import JobKey


class Named(Protocol):
    """What every kind of brief has."""

    @property
    def id(self) -> str: ...
    @property
    def take(self) -> int: ...
    @property
    def model_fields_set(self) -> set[str]: ...
    def model_dump(self, *, mode: str, exclude_none: bool) -> dict[str, JsonValue]: ...


@dataclass(frozen=True)
class Place:
    """What one brief of a batch is known by, whatever kind of brief it is."""

    batch_id: str
    brief: Named

    def job(self, stage: str) -> JobKey:
        """The receipt of a stage. The script belongs to all takes of its brief."""
        take = 1 if stage == "script" else self.brief.take
        return JobKey(batch_id=self.batch_id, brief_id=self.brief.id, stage=stage, take=take)

    @property
    def folder(self) -> str:
        return f"{self.batch_id}/{self.brief.id}"

    @property
    def script_key(self) -> str:
        return f"{self.folder}/script.json"


@dataclass(frozen=True)
class Work(Place):
    """A brief of the image and video flows."""

    brief: Brief
