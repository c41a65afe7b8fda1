"""Looking at a job until it is over. A look's failure is never the job's failure."""

import logging
import random
from collections.abc import Awaitable, Callable

from globalaiopc.errors import (
    Charged,
    CompletedWithoutMedia,
    DeadlinePassed,
    Forbidden,
    GlobalAIOPCError,
    JobFailed,
    JobModerated,
    NotHandled,
    PollFailed,
    TaskGone,
    Unauthorized,
)
from globalaiopc.replies import TaskView
from globalaiopc.verdicts import is_moderation
from globalaiopc.waiting import Clock, Cooldown, Looks

_IN_A_ROW = 3
"""So many answers "no such job", "no such path" or "not with this key" in a row end the waiting.

One alone may be a job that is not visible yet, or a gateway that is being restarted.
"""
_MORE_LOOKS = 3
"""So many more looks does a finished job get to name its file."""

_logger = logging.getLogger("globalaiopc")


class Poller:
    """Waits for one job; made for one call of `run`.

    `look` makes one look, not minding the cool-down: that is minded here, up to the deadline.
    `words_seen` is shared by all jobs of a client, so that an unknown status is logged once.
    """

    def __init__(
        self,
        task_id: str,
        look: Callable[[], Awaitable[TaskView]],
        *,
        clock: Clock,
        cooldown: Cooldown,
        cadence: Looks,
        deadline_seconds: float,
        words_seen: set[str],
        on_look: Callable[[TaskView], None] | None = None,
    ) -> None:
        self._task_id = task_id
        self._look = look
        self._clock = clock
        self._cooldown = cooldown
        self._cadence = cadence
        self._deadline_seconds = deadline_seconds
        self._deadline = clock.now() + deadline_seconds
        self._words_seen = words_seen
        self._on_look = on_look
        self._not_before = clock.now()
        self._failure: GlobalAIOPCError | None = None
        self._in_a_row = 0
        self._bare_completions = 0

    async def run(self) -> TaskView:
        """The finished job with its media URL, or the error that says how it ended."""
        for interval in self._cadence.intervals():
            is_last = await self._sleep_until_next(interval)
            view = await self._look_once()
            if view is not None:
                self._judge(view)
                if view.status == "completed" and view.media_url:
                    return view
            if is_last:
                break
        raise self._out_of_time()

    async def _sleep_until_next(self, interval: float) -> bool:
        """Sleep until the next look is due. True: the deadline came first, this is the last look.

        The last look is made at the deadline whatever the cool-down says: it is one request, and
        a job that finished just in time is not reported as lost.
        """
        due = max(self._clock.now() + interval, self._not_before)
        while True:
            now = self._clock.now()
            if now >= self._deadline:
                return True
            if closed := self._cooldown.remaining:
                # Spread out, or everyone who waited would look in the same instant.
                due = max(due, now + closed * (1 + random.uniform(0, 0.1)))  # noqa: S311
            if now >= due:
                return False
            await self._clock.sleep(min(due, self._deadline) - now)

    async def _look_once(self) -> TaskView | None:
        try:
            view = await self._look()
        except (PollFailed, NotHandled, Unauthorized, Forbidden) as exc:
            self._note_failure(exc)
            return None
        self._failure, self._in_a_row = None, 0
        if self._on_look is not None:
            self._on_look(view)
        return view

    def _note_failure(self, exc: GlobalAIOPCError) -> None:
        same = self._failure is not None and self._failure.code == exc.code
        self._in_a_row = self._in_a_row + 1 if same else 1
        self._failure = exc
        if exc.retry_after is not None:
            self._not_before = self._clock.now() + exc.retry_after
        if self._in_a_row < _IN_A_ROW:
            return
        if exc.code == "task_unknown":
            raise TaskGone(
                f"The provider said {_IN_A_ROW} times in a row that it does not know the job.",
                task_id=self._task_id,
                request_id=exc.request_id,
            ) from exc
        if not isinstance(exc, PollFailed):
            raise exc

    def _judge(self, view: TaskView) -> None:
        if view.status == "failed":
            raise _job_failed(view)
        if view.status == "completed" and not view.media_url:
            self._bare_completions += 1
            if self._bare_completions > _MORE_LOOKS:
                raise self._without_media()
        if view.status == "unknown_word" and view.raw_status not in self._words_seen:
            self._words_seen.add(view.raw_status)
            _logger.warning(
                "The provider answers with the status %r, which is not documented; "
                "jobs with it count as still running.",
                view.raw_status,
            )

    def _out_of_time(self) -> GlobalAIOPCError:
        if self._bare_completions:
            return self._without_media()
        last = f" The last look failed: {self._failure.message}" if self._failure else ""
        return DeadlinePassed(
            f"The job was not done after {self._deadline_seconds:g} s of waiting.{last}",
            task_id=self._task_id,
        )

    def _without_media(self) -> CompletedWithoutMedia:
        return CompletedWithoutMedia(
            "The provider says that the job is done, but not where its file is.",
            task_id=self._task_id,
        )


def _job_failed(view: TaskView) -> JobFailed:
    said = view.error_message or view.error_code or "it does not say why"
    kind = JobModerated if is_moderation(f"{view.error_message} {view.error_code}") else JobFailed
    ended = "" if view.raw_status.lower() == "failed" else f" ({view.raw_status})"
    charged: Charged | None = None
    if view.amount is not None:
        charged = "yes" if view.amount else "no"
    return kind(
        f"The provider ended the job without a result{ended}: {said}.",
        charged=charged,
        task_id=view.task_id,
    )
