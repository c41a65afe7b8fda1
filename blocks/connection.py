"""The GlobalAIOPC block: the key, the two hosts, and how much may be under way."""

import asyncio
import json
import re
import secrets
from typing import ClassVar, Self

import httpx
from prefect.blocks.core import Block
from prefect.blocks.system import Secret
from pydantic import Field, HttpUrl, field_validator, model_validator

from globalaiopc import Catalogue, GlobalAIOPCClient, urls
from globalaiopc.auth import is_usable
from globalaiopc.auth import key_hash as hash_of
from globalaiopc.errors import (
    BadBaseURL,
    ConfigurationError,
    Forbidden,
    GlobalAIOPCError,
    InvalidRequest,
    MalformedKey,
    NotHandled,
    PlaintextKey,
    PollFailed,
    Unauthorized,
)
from globalaiopc.scrub import quieten_http_loggers
from globalaiopc.wire import Timeouts
from ledger import Verdict

SECRET_NAME = "globalaiopc-api-key"  # noqa: S105 - the name of the block that holds it
FORMER_NAME = "globalaiopc-former-keys"
CHECK_TIMEOUT = 15.0

KEY_WELL_FORMED = "well-formed key"
TEXT_HOST = "answer from the text host"
MEDIA_HOST = "answer from the media host"
KEY_ACCEPTED = "key accepted"
KEY_ENCRYPTED = "key encrypted on its way"


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
    former_keys: Secret | None = Field(  # type: ignore[type-arg]
        default=None,
        title="Former keys",
        description=(
            f"A Secret block with the keys before this one, as a JSON list; normally "
            f"`{FORMER_NAME}`, which `python -m blocks` keeps. Jobs are looked up with the key "
            "that bought them; nothing new is bought with a former key."
        ),
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
    allow_plaintext_key: bool = Field(
        default=False,
        title="The key may travel unencrypted",
        description=(
            "Needed for an address that begins with http:// and is not this machine: everybody on "
            "the way can read the key there."
        ),
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

        Raises `MalformedKey` when the Secret does not hold a usable key, and `PlaintextKey`.
        """
        # Not Secret.get(): it reads the text as JSON, and a key of digits would become a number.
        key = self.api_key.value.get_secret_value()
        if not isinstance(key, str):
            raise MalformedKey("The Secret block of the API key holds JSON, not a key.")
        return self._client(key)

    def former_client(self, key_hash: str) -> GlobalAIOPCClient | None:
        """A client with the former key of this hash, to look jobs up; None where it is not kept."""
        former = former_keys(self.former_keys) if self.former_keys is not None else ()
        return next((self._client(key) for key in former if hash_of(key) == key_hash), None)

    def _client(self, key: str) -> GlobalAIOPCClient:
        usual = Timeouts()
        return GlobalAIOPCClient(
            key,
            text_base_url=self.text_base_url,
            media_base_url=self.media_base_url,
            allow_plaintext_key=self.allow_plaintext_key,
            timeouts=Timeouts(
                connect=self.connect_timeout,
                read=self.read_timeout,
                chat=max(usual.chat, self.read_timeout),
            ),
            time_scale=self.time_scale,
            catalogue=Catalogue.load(own_rows=self.catalogue),
        )

    def check_addresses(self) -> None:
        """Raise `PlaintextKey` for an address that the key is not to be sent to."""
        if not self.allow_plaintext_key:
            urls.refuse_plain(self.text_base_url, field="text_base_url")
            urls.refuse_plain(self.media_base_url, field="media_base_url")

    async def check(self) -> tuple[Verdict, ...]:
        """Whether the key is usable and the hosts answer. Spends nothing.

        The API has no call that only checks a key. Looking up a job is free, so a made-up job is
        looked up: an unusable key is refused there (HTTP 401, or code 204 under HTTP 200), a usable
        one hears that there is no such job. The text host has no free call; it takes the same key.
        """
        quieten_http_loggers()
        text, media = await asyncio.gather(
            _answers(TEXT_HOST, self.text_base_url), _answers(MEDIA_HOST, self.media_base_url)
        )
        hosts = (text, media, *self._encrypted())
        try:
            client = self.client()
        except ConfigurationError as error:
            key = Verdict(KEY_WELL_FORMED, ok=False, detail=error.message, advice=error.advice)
            accepted = Verdict(KEY_ACCEPTED, ok=False, detail=f"Not tried: no {key.name}.")
            return key, *hosts, accepted
        key = Verdict(KEY_WELL_FORMED, ok=True, detail=f"Its hash is {client.key_hash}.")
        accepted = Verdict(KEY_ACCEPTED, ok=False, detail=f"Not tried: no {media.name}.")
        async with client:
            if media.ok:
                accepted = await _key_accepted(client)
        return key, *hosts, accepted

    def _encrypted(self) -> list[Verdict]:
        """What there is to say about addresses that are plain http; nothing where there is none."""
        plain = [one for one in (self.text_base_url, self.media_base_url) if urls.is_plain(one)]
        if not plain:
            return []
        told = f"Plain http: everybody on the way to {' and '.join(plain)} can read the key."
        if self.allow_plaintext_key:
            return [Verdict(KEY_ENCRYPTED, ok=True, detail=f"{told} It is allowed to.")]
        try:
            self.check_addresses()
        except PlaintextKey as error:
            return [Verdict(KEY_ENCRYPTED, ok=False, detail=told, advice=error.advice)]
        advice = (
            f"Ask the provider for an https address. From release {urls.PLAINTEXT_REFUSED_FROM} on "
            "this is refused unless GLOBALAIOPC_ALLOW_PLAINTEXT_KEY=true."
        )
        return [Verdict(KEY_ENCRYPTED, ok=True, detail=told, advice=advice)]


def former_keys(secret: Secret) -> tuple[str, ...]:  # type: ignore[type-arg]
    """The keys in a Secret of former keys: a JSON list, or text with white space or commas between.

    What is no usable key is passed over.
    """
    value = secret.value.get_secret_value()
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = re.split(r"[\s,]+", value)
    found = value if isinstance(value, list) else []
    return tuple(one for one in found if isinstance(one, str) and is_usable(one))


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
