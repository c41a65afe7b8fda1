"""One brief under one batch, and where its things lie in the bucket."""

from dataclasses import dataclass

from flows.briefs import Brief
from ledger import JobKey


@dataclass(frozen=True)
class Work:
    """What one brief of a batch is known by."""

    batch_id: str
    brief: Brief

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
