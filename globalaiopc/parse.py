"""Answers into replies: the one tolerant parser for every dialect of this API.

Order of reading (docs and integrators): HTTP status, JSON object, envelope code, then the task's
fields flat or wrapped. Any bytes give a reply or a `GlobalAIOPCError`, never anything else.
"""

from collections.abc import Mapping
from datetime import datetime

from globalaiopc import fields as read
from globalaiopc.answer import Answer
from globalaiopc.errors import GlobalAIOPCError, OutcomeUnknown
from globalaiopc.fields import Fields
from globalaiopc.replies import Submission, TaskView
from globalaiopc.rows import ApiVersion
from globalaiopc.scrub import scrub
from globalaiopc.verdicts import create_failure, look_failure, refusal

__all__ = ["parse_create", "parse_result"]


def parse_create(
    status_code: int,
    body: bytes,
    headers: Mapping[str, str],
    *,
    api: ApiVersion = "v1",
    model: str = "",
    secret: str = "",
    wall: datetime | None = None,
) -> Submission:
    """The accepted job, or why there is none.

    Raises `Refused` or a subclass when the provider clearly said no (an error envelope under HTTP
    200 and a job that is `failed` at once included), `OutcomeUnknown` when the answer does not say.
    `model` is the name that was asked for; `secret` is kept out of messages; `wall` is only for a
    Retry-After that is a date in an answer that has none.
    """
    answer = Answer(status_code, body, headers, secret, wall)
    failure = create_failure(answer)
    if failure is not None:
        raise failure
    fields = _fields(answer)
    if not fields.task_id:
        raise _unreadable(answer, "named no job")
    if fields.status == "failed":
        raise _failed_at_once(answer, fields)
    view = _view(answer, fields, fields.task_id)
    return Submission(
        task_id=fields.task_id,
        api=api,
        model=model or view.model,
        # Only an id is an accepted job too (seen: C4); it is not a word nobody knows.
        status=view.status if view.raw_status or view.media_url else "queued",
        view=view if view.status == "completed" and view.media_url else None,
    )


def parse_result(
    status_code: int,
    body: bytes,
    headers: Mapping[str, str],
    task_id: str,
    *,
    secret: str = "",
    wall: datetime | None = None,
) -> TaskView:
    """The job as this look saw it: also when it `failed`, also when it is done without a URL.

    Raises `PollFailed` when the look says nothing about the job (code "task_unknown" when the
    provider does not know the id, "rate_limited" for 429), and `NotHandled`, `Unauthorized`,
    `LoginFailed` or `Forbidden` when looking itself is refused. None of them is the job's failure.
    """
    answer = Answer(status_code, body, headers, secret, wall)
    fields = answer.fields
    if not answer.ok or fields is None:
        raise look_failure(answer, task_id)
    # A job's own status counts more than the envelope's code, which may be the job's error.
    speaks_of_a_job = bool(fields.raw_status or fields.media_url)
    if not speaks_of_a_job and not (fields.accepted and fields.task_id and fields.error is None):
        raise look_failure(answer, task_id)
    return _view(answer, fields, task_id)


def _fields(answer: Answer) -> Fields:
    if answer.fields is None:
        raise _unreadable(answer, "could not be read")
    return answer.fields


def _unreadable(answer: Answer, what: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"The provider's answer {what} (HTTP {answer.status_code}).", request_id=answer.request_id
    )


def _failed_at_once(answer: Answer, fields: Fields) -> GlobalAIOPCError:
    """Seen: C9. A job that is refused before it is made, under HTTP 200 and with an id."""
    failure = refusal(answer, 200)
    amount = read.number(fields.first("amount"))
    if amount:
        failure.charged, failure.advice = "yes", ""
    return failure


def _view(answer: Answer, fields: Fields, task_id: str) -> TaskView:
    status = fields.status
    if not fields.raw_status and fields.media_url:
        status = "completed"  # seen: a finished job whose answer had no status at all
    failed = status == "failed"
    return TaskView(
        task_id=task_id,
        status=status,
        raw_status=scrub(fields.raw_status, answer.secret)[:80],
        model=fields.text("model"),
        media_url=fields.media_url if status == "completed" else None,
        last_frame_url=fields.url("last_frame_url"),
        subtitle_url=fields.url("subtitleFile"),
        voice_id=fields.text("modelId") or None,
        amount=read.number(fields.first("amount")),
        actual_seconds=read.real(fields.first("actualDuration", "actual_duration")),
        total_tokens=_total_tokens(fields),
        progress=read.real(fields.first("progress")),
        error_code=(scrub(fields.error_code, answer.secret) or None) if failed else None,
        error_message=(scrub(fields.error_text, answer.secret) or None) if failed else None,
    )


def _total_tokens(fields: Fields) -> int | None:
    """`totalTokens` wins over `usage.total_tokens`; the two were seen to disagree (R6)."""
    own = read.whole(fields.first("totalTokens"))
    usage = fields.first("usage")
    if own is not None or not isinstance(usage, dict):
        return own
    return read.whole(usage.get("total_tokens"))
