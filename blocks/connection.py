"""The GlobalAIOPC block: the key, the two hosts, and how much may be under way."""

import asyncio
import secrets
from typing import ClassVar, Self

import httpx
from prefect.blocks.core import Block
from prefect.blocks.system import Secret
from pydantic import Field, HttpUrl, field_validator, model_validator

from globalaiopc import Catalogue, GlobalAIOPCClient, urls
from globalaiopc.errors import (
    BadBaseURL,
    ConfigurationError,
    Forbidden,
    GlobalAIOPCError,
    InvalidRequest,
    MalformedKey,
    NotHandled,
    PollFailed,
    Unauthorized,
)
from globalaiopc.wire import Timeouts
from ledger import Verdict

SECRET_NAME = "globalaiopc-api-key"  # noqa: S105 - the name of the block that holds it
CHECK_TIMEOUT = 15.0

KEY_WELL_FORMED = "well-formed key"
TEXT_HOST = "answer from the text host"
MEDIA_HOST = "answer from the media host"
KEY_ACCEPTED = "key accepted"


class GlobalAIOPC(Block):
    """The connection to GlobalAI OPC. `client()` opens it; `check()` tries it without spending."""

    _block_type_name = "GlobalAIOPC"
    _block_type_slug = "globalaiopc"
    _description = (
        "The connection to GlobalAI OPC: one key for its text, image and video models, the two "
        "addresses, timeouts, and how many jobs may be under way at once."
    )
    # Prefect takes only http(s) addresses for logos, as for its own blocks (lucide.dev, ISC).
    _logo_url = HttpUrl("https://cdn.jsdelivr.net/npm/lucide-static@0.545.0/icons/clapperboard.svg")
    _code_example: ClassVar[str] = """\
        ```python
        from blocks import GlobalAIOPC
        from globalaiopc import NanoBananaRequest

        connection = await GlobalAIOPC.aload("default")
        async with connection.client() as client:
            job = await client.nano_banana(
                NanoBananaRequest(model="nano-banana-2", prompt="a fox in the snow")
            )
            view = await client.wait(job.task_id, model=job.model)
        ```
        """

    api_key: Secret = Field(  # type: ignore[type-arg]  # Prefect registers only the bare class
        default=...,
        title="API key",
        description=f"The Secret block that holds the bare key; normally `{SECRET_NAME}`.",
    )
    text_base_url: str = Field(
        default=urls.TEXT_BASE_URL,
        title="Text address",
        description="Base of the text endpoints, up to and without /v1.",
    )
    media_base_url: str = Field(
        default=urls.MEDIA_BASE_URL,
        title="Media address",
        description="Base of the image and video endpoints, up to and without /v1.",
    )
    connect_timeout: float = Field(
        default=10.0,
        gt=0,
        title="Connect timeout (s)",
        description="How long a connection may take. Nothing is sent, or charged, before it.",
    )
    read_timeout: float = Field(
        default=60.0,
        gt=0,
        title="Answer timeout (s)",
        description=(
            "How long the answer to a paid request may take. After it the outcome is unknown and "
            "the job is held, so do not make it short."
        ),
    )
    text_in_flight: int = Field(
        default=8, ge=1, title="Texts at once", description="Chat calls at once in one process."
    )
    image_in_flight: int = Field(
        default=16, ge=1, title="Images at once", description="Image jobs at once in one process."
    )
    video_in_flight: int = Field(
        default=16, ge=1, title="Videos at once", description="Video jobs at once in one process."
    )
    limits: dict[str, int] = Field(
        default_factory=dict,
        title="Jobs of one model at once",
        description=(
            'Fewer than the above for some models, such as {"openAiSora2Pro": 4}; in one process.'
        ),
    )
    landings: int = Field(
        default=8,
        ge=1,
        title="Landings at once",
        description="Finished files streamed into the bucket at once in one process.",
    )
    catalogue: str = Field(
        default="",
        title="Models of your own",
        description=(
            "Rows of the model table, as TOML: new models, or other limits for known ones (see "
            "docs/models.md). Empty: the built-in table."
        ),
    )
    time_scale: float = Field(
        default=1.0,
        gt=0,
        title="Time scale",
        description="Multiplies every advised wait. 1 for the provider; less for a fast stand-in.",
    )

    @field_validator("text_base_url")
    @classmethod
    def _text_base(cls, value: str) -> str:
        try:
            return urls.text_base(value)
        except BadBaseURL as error:
            raise ValueError(error.message) from None

    @field_validator("media_base_url")
    @classmethod
    def _media_base(cls, value: str) -> str:
        try:
            return urls.media_base(value)
        except BadBaseURL as error:
            raise ValueError(error.message) from None

    @field_validator("catalogue")
    @classmethod
    def _own_rows(cls, value: str) -> str:
        try:
            Catalogue.load(own_rows=value)
        except ConfigurationError as error:
            raise ValueError(error.message) from None
        return value

    @model_validator(mode="after")
    def _known_models(self) -> Self:
        models = Catalogue.load(own_rows=self.catalogue)
        for name, most in self.limits.items():
            try:
                models.model(name)
            except InvalidRequest as error:
                raise ValueError(f"limits: {error.message} {error.allowed}".strip()) from None
            if most < 1:
                raise ValueError(f"limits: {name} must be 1 or more")
        return self

    def client(self) -> GlobalAIOPCClient:
        """A client for this connection; close it, or use it in `async with`.

        Raises `MalformedKey` when the Secret does not hold a usable key.
        """
        # Not Secret.get(): it reads the text as JSON, and a key of digits would become a number.
        key = self.api_key.value.get_secret_value()
        if not isinstance(key, str):
            raise MalformedKey("The Secret block of the API key holds JSON, not a key.")
        usual = Timeouts()
        return GlobalAIOPCClient(
            key,
            text_base_url=self.text_base_url,
            media_base_url=self.media_base_url,
            timeouts=Timeouts(
                connect=self.connect_timeout,
                read=self.read_timeout,
                chat=max(usual.chat, self.read_timeout),
            ),
            time_scale=self.time_scale,
            catalogue=Catalogue.load(own_rows=self.catalogue),
        )

    async def check(self) -> tuple[Verdict, ...]:
        """Whether the key is usable and the hosts answer. Spends nothing.

        The API has no call that only checks a key. Looking up a job is free, so a made-up job is
        looked up: an unusable key is refused there (HTTP 401, or code 204 under HTTP 200), a usable
        one hears that there is no such job. The text host has no free call; it takes the same key.
        """
        text, media = await asyncio.gather(
            _answers(TEXT_HOST, self.text_base_url), _answers(MEDIA_HOST, self.media_base_url)
        )
        try:
            client = self.client()
        except ConfigurationError as error:
            key = Verdict(KEY_WELL_FORMED, ok=False, detail=error.message, advice=error.advice)
            accepted = Verdict(KEY_ACCEPTED, ok=False, detail=f"Not tried: no {key.name}.")
            return key, text, media, accepted
        key = Verdict(KEY_WELL_FORMED, ok=True, detail=f"Its hash is {client.key_hash}.")
        accepted = Verdict(KEY_ACCEPTED, ok=False, detail=f"Not tried: no {media.name}.")
        async with client:
            if media.ok:
                accepted = await _key_accepted(client)
        return key, text, media, accepted


async def _answers(name: str, base: str) -> Verdict:
    """Whether anything speaks HTTP there. The key is not sent."""
    try:
        async with httpx.AsyncClient(timeout=CHECK_TIMEOUT) as http:
            answer = await http.get(base)
    except (httpx.HTTPError, OSError) as error:
        return Verdict(
            name,
            ok=False,
            detail=f"No answer from {base} ({type(error).__name__}).",
            advice="Check the address in the GlobalAIOPC block and this machine's network.",
        )
    return Verdict(name, ok=True, detail=f"{base} answers (HTTP {answer.status_code}).")


async def _key_accepted(client: GlobalAIOPCClient) -> Verdict:
    def verdict(ok: bool, error: GlobalAIOPCError) -> Verdict:
        return Verdict(KEY_ACCEPTED, ok=ok, detail=error.message, advice=error.advice)

    try:
        await client.result(f"check-{secrets.token_hex(8)}")
    except (Unauthorized, Forbidden, NotHandled) as error:
        return verdict(ok=False, error=error)
    except PollFailed as error:
        if error.__cause__ is not None:  # the transport, not the provider
            return verdict(ok=False, error=error)
    return Verdict(KEY_ACCEPTED, ok=True, detail="A free look-up of a made-up job was not refused.")
