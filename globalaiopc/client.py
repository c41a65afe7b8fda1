"""The API as a typed client. Usable on its own; knows neither Prefect nor S3."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cached_property
from types import TracebackType
from typing import Self, TypeVar

import httpx
from pydantic import JsonValue

from globalaiopc import urls
from globalaiopc.assets import Assets
from globalaiopc.auth import key_from, key_hash
from globalaiopc.catalogue import Catalogue, ModelRow
from globalaiopc.errors import GlobalAIOPCError, InvalidRequest, RateLimited
from globalaiopc.exchanges import Watch
from globalaiopc.limits import check
from globalaiopc.parse import parse_create, parse_result
from globalaiopc.parse_text import parse_text
from globalaiopc.polling import Poller
from globalaiopc.replies import ChatReply, Submission, TaskView
from globalaiopc.requests import (
    ApiVersion,
    ChatRequest,
    GenerateContentRequest,
    MediaRequest,
    MessagesRequest,
    NanoBananaRequest,
    ResponsesRequest,
    SoraRequest,
    StreamGenerateContentRequest,
    TextRequest,
)
from globalaiopc.requests.base import Request, encoded
from globalaiopc.streaming import Call, TextStream
from globalaiopc.texting import TextAsk, text_request_for
from globalaiopc.waiting import Cadence, Clock, Cooldown, Looks, SystemClock
from globalaiopc.wire import Arriving, Timeouts, Wire

# For a model without a row: the slowest cadence of the docs, which no family objects to.
_UNKNOWN_POLL_EVERY = (30.0, 60.0)
_UNKNOWN_DEADLINE = 3600.0

Reply = TypeVar("Reply")
BeforeSend = Callable[[], None]
"""Called right before the POST leaves, after every wait; what it raises keeps the POST back."""


class GlobalAIOPCClient:
    """One key, both hosts.

        async with GlobalAIOPCClient() as client:
            job = await client.nano_banana(NanoBananaRequest(model="nano-banana-2", prompt="a cat"))
            view = await client.wait(job.task_id, model=job.model)

    A create is exactly one POST: it is never retried in here, because the API knows no idempotency
    key and a second POST is a second bill. Every error answers what it cost and who has to act.
    Without `api_key` the environment's GLOBALAIOPC_API_KEY is used. `time_scale` multiplies every
    advised wait. Belongs to one event loop. A plain http address other than this machine and the
    documented one is `PlaintextKey`, unless `allow_plaintext_key`.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        text_base_url: str = urls.TEXT_BASE_URL,
        media_base_url: str = urls.MEDIA_BASE_URL,
        allow_plaintext_key: bool = False,
        timeouts: Timeouts | None = None,
        time_scale: float = 1.0,
        clock: Clock | None = None,
        cooldown: Cooldown | None = None,
        max_connections: int = 100,
        catalogue: Catalogue | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        if time_scale <= 0:
            raise ValueError("time_scale must be above 0")
        self._key = key_from(api_key)
        self._text_base = urls.text_base(text_base_url)
        self._media_base = urls.media_base(media_base_url)
        self._allow_plaintext_key = allow_plaintext_key
        if not allow_plaintext_key:
            urls.refuse_plain(self._text_base, field="text_base_url")
            urls.refuse_plain(self._media_base, field="media_base_url")
        self._timeouts = timeouts or Timeouts()
        self.time_scale = time_scale
        self.clock: Clock = clock or SystemClock()
        self.cooldown = cooldown or Cooldown(
            self.clock, first=5.0 * time_scale, longest=120.0 * time_scale
        )
        self.catalogue = catalogue or Catalogue.load()
        self._words_seen: set[str] = set()
        self._wire = Wire(
            self._key,
            timeouts=self._timeouts,
            max_connections=max_connections,
            transport=transport,
        )

    def __repr__(self) -> str:
        return f"<GlobalAIOPCClient key {self.key_hash}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._wire.aclose()

    @property
    def key_hash(self) -> str:
        """12 hex digits that tell keys apart without giving the key away."""
        return key_hash(self._key)

    @cached_property
    def assets(self) -> Assets:
        """The asset libraries: upload, look, wait, delete."""
        return Assets(
            self._wire,
            self._media_base,
            secret=self._key,
            timeouts=self._timeouts,
            clock=self.clock,
            cooldown=self.cooldown,
            time_scale=self.time_scale,
        )

    async def chat_completions(
        self, request: ChatRequest, *, before_send: BeforeSend | None = None
    ) -> ChatReply:
        """Ask a chat model. Raises like `create`; `OutcomeUnknown` for an answer without text."""
        return await self._asked(request, before_send)

    async def messages(
        self, request: MessagesRequest, *, before_send: BeforeSend | None = None
    ) -> ChatReply:
        """Ask in Anthropic's dialect. Raises like `chat_completions`."""
        return await self._asked(request, before_send)

    async def responses(
        self, request: ResponsesRequest, *, before_send: BeforeSend | None = None
    ) -> ChatReply:
        """Ask in OpenAI's newer dialect. Raises like `chat_completions`."""
        return await self._asked(request, before_send)

    async def generate_content(
        self, request: GenerateContentRequest, *, before_send: BeforeSend | None = None
    ) -> ChatReply:
        """Ask in Google's dialect. Raises like `chat_completions`."""
        return await self._asked(request, before_send)

    async def ask(
        self, asked: TextRequest | TextAsk, *, before_send: BeforeSend | None = None
    ) -> ChatReply:
        """Ask any text model, in its endpoint's dialect or in the words that all of them share.

        A `StreamGenerateContentRequest` is read to its end. Raises like `chat_completions`, and
        `StreamCut`.
        """
        request = text_request_for(asked, self.catalogue) if isinstance(asked, TextAsk) else asked
        if isinstance(request, StreamGenerateContentRequest):
            async with self.stream(request, before_send=before_send) as pieces:
                return await pieces.rest()
        return await self._asked(request, before_send)

    def stream(
        self, asked: TextRequest | TextAsk, *, before_send: BeforeSend | None = None
    ) -> TextStream:
        """Ask any text model and read its answer while it is being written: see `TextStream`.

        Exactly one POST, sent on entering, never retried. Raises `InvalidRequest` at once.
        """
        request = text_request_for(asked, self.catalogue) if isinstance(asked, TextAsk) else asked
        self._check(request)
        content = encoded(request.stream_body())
        url = self._text_base + request.address(stream=True)
        watch = Watch("chat", self._text_base, request.path, self._key, model=request.model)

        @asynccontextmanager
        async def arriving() -> AsyncIterator[Arriving]:
            await self._ready(self._text_base)
            patience, leaving = self._timeouts.chat, watch.leaving(before_send)
            with watch:
                async with self._wire.stream_create(url, content, patience, leaving) as answer:
                    watch.answered(answer.status_code, answer.headers)
                    yield answer

        def settle(parse: Callable[[], ChatReply]) -> ChatReply:
            return watch.heard(lambda: self._parsed(parse))

        return TextStream(Call(request.endpoint, arriving, settle, self.clock.wall, self._key))

    async def create(
        self, request: MediaRequest, *, before_send: BeforeSend | None = None
    ) -> Submission:
        """Ask for an image, a video or a voice.

        Raises `InvalidRequest` or `NotSent` (nothing left), `Refused` or a subclass (a clear no,
        not charged), `OutcomeUnknown` (it may have been accepted; do not send it again).
        """
        row = self._refuse_elsewhere(request)
        if row is not None:
            check(row, request.wish(row), self.catalogue)
        return await self._submit(request, before_send)

    async def nano_banana(
        self, request: NanoBananaRequest, *, before_send: BeforeSend | None = None
    ) -> Submission:
        """Ask for an image. Raises like `create`."""
        return await self.create(request, before_send=before_send)

    async def sora(
        self, request: SoraRequest, *, before_send: BeforeSend | None = None
    ) -> Submission:
        """Ask for a video. Raises like `create`."""
        return await self.create(request, before_send=before_send)

    async def result(self, task_id: str, *, api: ApiVersion = "v1") -> TaskView:
        """One look at a job, free and repeatable. Raises as `parse_result` does."""
        await self.cooldown.wait()
        return await self._look(task_id, api)

    async def wait(
        self,
        task_id: str,
        *,
        model: str,
        api: ApiVersion = "v1",
        deadline_seconds: float | None = None,
        on_look: Callable[[TaskView], None] | None = None,
        cadence: Looks | None = None,
    ) -> TaskView:
        """Look, as often as the model's row advises, until the job is done; free and repeatable.

        `cadence` says otherwise when to look; it has to keep to what is advised (`self.advised`).

        Returns the completed job with its `media_url`. Raises `JobFailed` or `JobModerated` (its
        final answer), `CompletedWithoutMedia`, `TaskGone`, `DeadlinePassed` (after one last look at
        the deadline; by default the row's), and `NotHandled`, `Unauthorized`, `LoginFailed` or
        `Forbidden` when looking itself is refused three times in a row.
        """
        row = self.catalogue.get(model)
        if deadline_seconds is None:
            deadline_seconds = row.deadline_seconds if row else _UNKNOWN_DEADLINE
        poller = Poller(
            task_id,
            lambda: self._look(task_id, api, model),
            clock=self.clock,
            cooldown=self.cooldown,
            cadence=cadence or self.advised(model),
            deadline_seconds=deadline_seconds,
            words_seen=self._words_seen,
            on_look=on_look,
        )
        return await poller.run()

    def advised(self, model: str) -> Cadence:
        """How often the model's row advises to look, scaled; for one without a row the slowest."""
        row = self.catalogue.get(model)
        return Cadence.of(row.poll_every if row else _UNKNOWN_POLL_EVERY, self.time_scale)

    def _check(self, request: MediaRequest | TextRequest) -> None:
        """Raise `InvalidRequest` for what the catalogue says the model does not do."""
        row = self._refuse_elsewhere(request)
        if row is not None:
            check(row, request.wish(), self.catalogue)

    def _refuse_elsewhere(self, request: Request) -> ModelRow | None:
        """The model's row at the request's endpoint; refused when it is made only elsewhere."""
        name = request.catalogue_name
        preferred = self.catalogue.get(name)
        if preferred is None or preferred.endpoint == request.endpoint:
            return preferred
        row = self.catalogue.get(f"{request.endpoint}/{name}")
        if row is not None and not row.lenient:
            return row
        raise InvalidRequest(
            f"{name} is made by {preferred.endpoint}, not by {request.endpoint}.",
            field="model",
            allowed=preferred.endpoint,
        )

    async def _asked(self, request: TextRequest, before_send: BeforeSend | None) -> ChatReply:
        self._check(request)
        watch = Watch("chat", self._text_base, request.path, self._key, model=request.model)
        path, body = request.address(stream=False), request.plain_body()
        return await self._post(
            watch,
            path,
            body,
            before_send,
            read_timeout=self._timeouts.chat,
            parse=lambda answer: parse_text(
                request.endpoint,
                answer.status_code,
                answer.content,
                answer.headers,
                secret=self._key,
                wall=self.clock.wall(),
            ),
        )

    async def _submit(self, request: MediaRequest, before_send: BeforeSend | None) -> Submission:
        watch = Watch("create", self._media_base, request.path, self._key, model=request.model)
        return await self._post(
            watch,
            request.path,
            request.body(),
            before_send,
            read_timeout=self._timeouts.read,
            parse=lambda answer: parse_create(
                answer.status_code,
                answer.content,
                answer.headers,
                api=request.api,
                model=request.model,
                secret=self._key,
                wall=self.clock.wall(),
            ),
        )

    async def _post(
        self,
        watch: Watch,
        path: str,
        body: Mapping[str, JsonValue],
        before_send: BeforeSend | None,
        *,
        read_timeout: float,
        parse: Callable[[httpx.Response], Reply],
    ) -> Reply:
        content, leaving = encoded(body), watch.leaving(before_send)
        await self._ready(watch.base)
        with watch:
            answer = await self._wire.create(watch.base + path, content, read_timeout, leaving)
            watch.answered(answer.status_code, answer.headers)
            return watch.heard(lambda: self._parsed(lambda: parse(answer)))

    async def _ready(self, base: str) -> None:
        await self.cooldown.wait()
        self._warn_if_plain(base)

    def _warn_if_plain(self, base: str) -> None:
        if not self._allow_plaintext_key:
            urls.warn_if_plain(base)

    async def _look(self, task_id: str, api: ApiVersion, model: str = "") -> TaskView:
        self._warn_if_plain(self._media_base)
        base, path = self._media_base, urls.result_path(task_id, api)
        watch = Watch("look", base, urls.RESULTS[api], self._key, model=model, job=task_id)
        with watch:
            answer = await self._wire.look(base + path, task_id)
            watch.answered(answer.status_code, answer.headers)
            return watch.heard(
                lambda: self._parsed(
                    lambda: parse_result(
                        answer.status_code,
                        answer.content,
                        answer.headers,
                        task_id,
                        secret=self._key,
                        wall=self.clock.wall(),
                    )
                )
            )

    def _parsed(self, parse: Callable[[], Reply]) -> Reply:
        """The parsed answer; a 429, of a create or of a look, closes the gate for everyone."""
        try:
            reply = parse()
        except GlobalAIOPCError as exc:
            if exc.code == RateLimited.code:
                self.cooldown.trip(exc.retry_after)
            raise
        self.cooldown.clear()
        return reply
