"""What a command answers: for people, for programs, and as an exit code."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, JsonValue
from rich.console import RenderableType

from flows.cells import UNSEEN
from flows.cli.exits import Exit
from globalaiopc.errors import ErrorInfo, GlobalAIOPCError


@dataclass(frozen=True)
class Answer:
    """`state` names how it ended, as a flow run's state would; `message` is the whole of it.

    `shown` is for people and stands below the message. `result` and `problems` are for programs:
    the plan, report or status; the findings about single rows. `next` are commands to go on with.
    """

    exit: Exit
    state: str
    message: str
    result: Mapping[str, JsonValue] | None = None
    error: ErrorInfo | None = None
    problems: tuple[Mapping[str, JsonValue], ...] = ()
    shown: tuple[RenderableType, ...] = ()
    next: tuple[str, ...] = field(default=())

    @classmethod
    def refused(cls, error: GlobalAIOPCError) -> Self:
        """Something that a person can put right, before anything was spent."""
        message = f"{error.message} {error.advice}".strip()
        return cls(Exit.REFUSED, "Refused", message, error=error.info())


class Document(BaseModel):
    """What `--json` prints, whatever happens: one document on standard output.

    `result` is `plan.json` of `plan`, `report.json` of `run`, the report of `rescue`, the status
    of `status`; null when there is none. `problems` are the findings about rows: `row`, `line`,
    `id`, `field`, `message`, `allowed`.
    """

    model_config = ConfigDict(frozen=True)

    schema_version: Literal[1] = 1
    command: str
    exit_code: int
    state: str
    message: str
    error: ErrorInfo | None
    problems: tuple[Mapping[str, JsonValue], ...]
    result: Mapping[str, JsonValue] | None
    next: tuple[str, ...]

    @classmethod
    def of(cls, command: str, answer: Answer) -> Self:
        return cls(
            command=command,
            exit_code=int(answer.exit),
            state=answer.state,
            message=answer.message,
            error=answer.error,
            problems=answer.problems,
            result=answer.result,
            next=answer.next,
        )

    def document(self) -> str:
        """As text; what would move a terminal's cursor, or cannot be encoded, is spelt."""
        told = json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False)
        return UNSEEN.sub(lambda hit: json.dumps(hit[0])[1:-1], told)
