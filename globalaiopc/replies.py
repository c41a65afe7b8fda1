"""What the API answers, in one shape whatever dialect it came in."""

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from globalaiopc.rows import ApiVersion

Status = Literal["queued", "processing", "completed", "failed", "unknown_word"]
"""`unknown_word`: a status nobody has described; the job counts as still running."""


class _Reply(BaseModel):
    model_config = ConfigDict(frozen=True)


class ChatReply(_Reply):
    """The first choice of a chat. Token counts are None when the answer does not say."""

    id: str
    model: str
    text: str
    finish_reason: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


class TaskView(_Reply):
    """A job as one look saw it.

    The URLs are signed and live for about a day, so they stay out of `repr`. `amount` is what the
    provider charged, in its own currency; `actual_seconds` the length of a video; `voice_id` a
    cloned voice, to be named when it is to speak; `progress` is
    0 to 100 and nobody relies on it.
    """

    task_id: str
    status: Status
    raw_status: str = ""
    model: str = ""
    media_url: str | None = Field(default=None, repr=False)
    last_frame_url: str | None = Field(default=None, repr=False)
    subtitle_url: str | None = Field(default=None, repr=False)
    voice_id: str | None = None
    amount: Decimal | None = None
    actual_seconds: float | None = None
    total_tokens: int | None = None
    progress: float | None = None
    error_code: str | None = None
    error_message: str | None = None

    @property
    def final(self) -> bool:
        """Whether the provider will not change it any more."""
        return self.status in {"completed", "failed"}


class Submission(_Reply):
    """An accepted create.

    `model` is the name that was asked for (answers sometimes name another one); `view` is there
    only when the job was already finished in the create's own answer.
    """

    task_id: str
    api: ApiVersion
    model: str
    status: Status
    view: TaskView | None = None
