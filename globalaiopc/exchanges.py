"""What a caller may be told of each request, to count and to trace it: no secret, prompt or URL."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self, TypeAlias, TypeVar
from urllib.parse import urlsplit

from globalaiopc.answer import request_id_in
from globalaiopc.errors import GlobalAIOPCError
from globalaiopc.replies import ChatReply, Submission, TaskView

What = Literal["create", "chat", "look", "asset"]
"""`create` and `chat` are paid POSTs; `look` and `asset` are free."""

Reply = TypeVar("Reply")
_logger = logging.getLogger("globalaiopc")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and how it ended.

    `route` is the path without ids; `status` is None when no answer came; `error` is the code of
    the error that it ended in, or "". `sent` is False when it surely never left. `request_id` is
    the provider's, to be quoted to its support; `job` the provider's id of the job. Tokens are a
    chat's.
    """

    what: What
    method: str
    host: str
    port: int | None
    route: str
    model: str
    seconds: float
    sent: bool
    status: int | None = None
    error: str = ""
    request_id: str | None = None
    job: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


OnExchange: TypeAlias = Callable[[Exchange], None]

_observer: OnExchange | None = None


def observe(tell: OnExchange | None) -> None:
    """Have every request of this process told once it is over, in the task that made it.

    One observer at a time; None ends it. What it raises is logged and harms no request.
    """
    global _observer  # noqa: PLW0603 - as OpenTelemetry's providers, which it is for
    _observer = tell


class Watch:
    """Follows one request from its beginning to what its answer turned out to mean."""

    def __init__(
        self,
        what: What,
        base: str,
        route: str,
        secret: str,
        *,
        method: str = "",
        model: str = "",
        job: str | None = None,
    ) -> None:
        self._tell, self._secret = _observer, secret
        self.base = base
        self._what, self._route, self._model, self._job = what, route, model, job
        self._method = method or ("GET" if what == "look" else "POST")
        self._left = what in ("look", "asset")
        self._began = time.perf_counter()
        self._answer: int | None = None
        self._headers: Mapping[str, str] = {}
        self._reply: object = None
        self._error: GlobalAIOPCError | None = None

    def leaving(self, before_send: Callable[[], None] | None) -> Callable[[], None]:
        """What to call right before the POST leaves; until then nothing was sent."""

        def left() -> None:
            if before_send is not None:
                before_send()
            self._left, self._began = True, time.perf_counter()

        return left

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        """An answer has begun to come."""
        self._answer, self._headers = status, headers

    def heard(self, parse: Callable[[], Reply]) -> Reply:
        """What `parse` returns; what it raises is how the request ended."""
        try:
            reply = parse()
        except GlobalAIOPCError as error:
            self._error = error
            raise
        self._reply = reply
        return reply

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._tell is None:
            return
        try:
            self._tell(self._told(self._error if self._error is not None else exc))
        except Exception:  # who counts must never cost a paid job its id
            _logger.exception("A request could not be counted.")

    def _told(self, error: BaseException | None) -> Exchange:
        parts, reply = urlsplit(self.base), self._reply
        code, request_id = "", request_id_in(self._headers, self._secret)
        if isinstance(error, GlobalAIOPCError):
            code, request_id = error.code, request_id or error.request_id
        elif error is not None:
            code = type(error).__name__
        return Exchange(
            what=self._what,
            method=self._method,
            host=parts.hostname or "",
            port=parts.port,
            route=self._route,
            model=self._model,
            seconds=time.perf_counter() - self._began,
            sent=self._left and code != "not_sent",
            status=self._answer,
            error=code,
            request_id=request_id,
            job=reply.task_id if isinstance(reply, Submission | TaskView) else self._job,
            input_tokens=reply.input_tokens if isinstance(reply, ChatReply) else None,
            output_tokens=reply.output_tokens if isinstance(reply, ChatReply) else None,
        )
