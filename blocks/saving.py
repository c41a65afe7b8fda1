"""From the environment to saved blocks. Saving twice changes nothing.

What the environment names is put into the blocks. What it leaves out stays as somebody set it in
the UI, or becomes the default of a new block.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

from prefect.blocks.core import Block
from prefect.blocks.system import Secret
from prefect.client.orchestration import PrefectClient
from prefect.exceptions import ObjectNotFound
from prefect_aws.client_parameters import AwsClientParameters
from prefect_aws.credentials import AwsCredentials
from pydantic import ValidationError

from blocks.bucket import MediaBucket
from blocks.connection import FORMER_NAME, SECRET_NAME, GlobalAIOPC, former_keys
from globalaiopc.auth import KEY_VARIABLE, check_key
from globalaiopc.errors import ConfigurationError, MissingKey
from globalaiopc.faults import first_fault

B = TypeVar("B", bound=Block)

DEFAULT = "default"
CREDENTIALS_NAME = "media-bucket-credentials"
KEPT_KEYS = 3
"""Former keys that are kept: jobs are polled for about a day with the key that bought them."""
VARIABLES = {
    "text_base_url": "GLOBALAIOPC_TEXT_BASE_URL",
    "media_base_url": "GLOBALAIOPC_MEDIA_BASE_URL",
    "allow_plaintext_key": "GLOBALAIOPC_ALLOW_PLAINTEXT_KEY",
    "time_scale": "GLOBALAIOPC_TIME_SCALE",
    "catalogue": "GLOBALAIOPC_CATALOGUE",
    "bucket": "MEDIA_BUCKET",
    "prefix": "MEDIA_PREFIX",
    "addressing": "MEDIA_ADDRESSING",
    "encryption": "MEDIA_ENCRYPTION",
    "kms_key_id": "MEDIA_KMS_KEY_ID",
    "tags": "MEDIA_TAGS",
}
"""Where the fields of the two blocks come from."""

Outcome = Literal["created", "updated", "unchanged"]


@dataclass(frozen=True, slots=True)
class Saved:
    """One block document and what became of it."""

    block: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says, checked. What it leaves out is absent."""

    key: str = field(repr=False)
    connection: Mapping[str, str]
    bucket: Mapping[str, object]
    aws: Mapping[str, object] | None = field(repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], key: str | None = None) -> "Settings":
        """`key` stands in for the variable. Raises `ConfigurationError` that names the variable."""
        key = key or environment.get(KEY_VARIABLE)
        if not key:
            raise MissingKey(
                f"{KEY_VARIABLE} is not set: it holds your GlobalAI OPC API key.",
                advice="Set it, or take the key from elsewhere by --key-from (docs/keys.md).",
            )
        if not environment.get(VARIABLES["bucket"]):
            raise ConfigurationError(
                f"{VARIABLES['bucket']} is not set: it names the S3 bucket for media and receipts.",
                code="missing_bucket",
            )
        settings = cls(
            key=check_key(key),
            connection={
                **_given(environment, "text_base_url", "media_base_url", "time_scale"),
                **_given(environment, "allow_plaintext_key"),
                **_own_rows(environment),
            },
            bucket={
                **_given(environment, "bucket", "prefix", "addressing"),
                **_at_rest(environment),
                **_tags(environment),
            },
            aws=_aws(environment),
        )
        # Built once before anything is saved, so that a bad value saves nothing at all.
        connection = {**settings.connection, "api_key": Secret(value="unused")}
        _try_out(GlobalAIOPC, connection).check_addresses()
        _try_out(MediaBucket, settings.bucket)
        return settings


async def save_blocks(settings: Settings, client: PrefectClient) -> tuple[Saved, ...]:
    """Register the block types, and save what the settings name where it differs."""
    for block_type in (GlobalAIOPC, MediaBucket):  # and, with them, the types that they nest
        await block_type.aregister_type_and_schema(client=client)
    connection: dict[str, object] = {**settings.connection}
    saved: list[Saved] = []
    # First: a process that dies in between must not have lost the key that jobs were bought with.
    if (former := await _former(client, settings.key)) is not None:
        connection["former_keys"], kept = await save_block(
            client, FORMER_NAME, Secret, {"value": former}
        )
        saved.append(kept)
    connection["api_key"], first = await save_block(
        client, SECRET_NAME, Secret, {"value": settings.key}
    )
    _, second = await save_block(client, DEFAULT, GlobalAIOPC, connection)
    saved += [first, second]
    bucket: dict[str, object] = {**settings.bucket}
    if settings.aws is not None:
        credentials, third = await save_block(
            client, CREDENTIALS_NAME, AwsCredentials, settings.aws
        )
        saved.append(third)
        bucket["credentials"] = credentials
    _, last = await save_block(client, DEFAULT, MediaBucket, bucket)
    return (*saved, last)


async def forget_former_keys(client: PrefectClient) -> Saved:
    """Keep the present key only: one that leaked, and was revoked, is of no use any more."""
    name = f"{Secret.get_block_type_slug()}/{FORMER_NAME}"
    if await _loaded(client, FORMER_NAME, Secret) is None:
        return Saved(name, "unchanged")
    _, saved = await save_block(client, FORMER_NAME, Secret, {"value": []})
    return saved


async def _former(client: PrefectClient, key: str) -> list[str] | None:
    """The former keys once `key` is the present one, latest first; None where that is no change."""
    present = await _loaded(client, SECRET_NAME, Secret)
    before = present.value.get_secret_value() if present is not None else key
    if before == key or not isinstance(before, str):
        return None
    kept = await _loaded(client, FORMER_NAME, Secret)
    former = former_keys(kept) if kept is not None else ()
    return [before, *(one for one in former if one not in (before, key))][:KEPT_KEYS]


async def save_block(
    client: PrefectClient, name: str, kind: type[B], values: Mapping[str, object]
) -> tuple[B, Saved]:
    """Save `values` over what is stored under this name; nothing when that is no change."""
    block_name = f"{kind.get_block_type_slug()}/{name}"
    await kind.aregister_type_and_schema(client=client)
    schema = kind._block_schema_id
    try:
        stored = await client.read_block_document_by_name(name, kind.get_block_type_slug())
    except ObjectNotFound:
        new = kind.model_validate(values)
        await new.asave(name, client=client)
        return new, Saved(block_name, "created")
    old = await _loaded(client, name, kind)
    kept = {} if old is None else {field: getattr(old, field) for field in kind.model_fields}
    new = kind.model_validate({**kept, **values})
    # Another schema: an older release saved it, and the UI would go on showing the old form.
    if old is not None and stored.block_schema_id == schema and _same(old, new):
        return old, Saved(block_name, "unchanged")
    await new.asave(name, overwrite=True, client=client)
    return new, Saved(block_name, "updated")


async def _loaded(client: PrefectClient, name: str, kind: type[B]) -> B | None:
    """The stored block, or None when what the UI let somebody save does not hold together."""
    try:
        return await kind.aload(name, client=client)
    except (RuntimeError, ValueError):
        return None


def _same(old: Block, new: Block) -> bool:
    return all(
        _identity(getattr(old, name)) == _identity(getattr(new, name))
        for name in type(new).model_fields
    )


def _identity(value: object) -> object:
    """A nested block is the same when it is the same document: its content is saved on its own."""
    return value._block_document_id if isinstance(value, Block) else value


def _given(environment: Mapping[str, str], *fields: str) -> dict[str, str]:
    found = {name: environment.get(VARIABLES[name], "") for name in fields}
    return {name: value for name, value in found.items() if value}


def _own_rows(environment: Mapping[str, str]) -> dict[str, str]:
    """The text of the file that the variable names: a worker elsewhere has the block, no file."""
    variable = VARIABLES["catalogue"]
    path = environment.get(variable)
    if not path:
        return {}
    try:
        return {"catalogue": Path(path).read_text("utf-8-sig")}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{variable} names a file that cannot be read ({type(error).__name__}).",
            code="bad_setting",
            advice="Name a UTF-8 TOML file with rows of your own; docs/models.md shows one.",
        ) from None


def _at_rest(environment: Mapping[str, str]) -> dict[str, str]:
    """One unit: the key of yesterday must not stay where keys are S3's own by now."""
    given = _given(environment, "encryption", "kms_key_id")
    return {"kms_key_id": "", **given} if "encryption" in given else given


def _tags(environment: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """`project=spring, team=video` as names and values."""
    given = environment.get(VARIABLES["tags"], "")
    pairs = [pair.partition("=") for pair in given.split(",") if pair.strip()]
    if not all(equals for _, equals, _ in pairs):
        raise ConfigurationError(
            f"{VARIABLES['tags']} is not usable: write it as name=value,name=value.",
            code="bad_setting",
        )
    tags = {name.strip(): value.strip() for name, _, value in pairs}
    return {"tags": tags} if tags else {}


def _aws(environment: Mapping[str, str]) -> dict[str, object] | None:
    """The fields of AwsCredentials. One unit: a session token of yesterday must not stay."""
    access_key = environment.get("AWS_ACCESS_KEY_ID")
    if not access_key:
        return None
    secret_key = environment.get("AWS_SECRET_ACCESS_KEY")
    if not secret_key:
        raise ConfigurationError(
            "AWS_SECRET_ACCESS_KEY is not set, and AWS_ACCESS_KEY_ID is.", code="missing_secret"
        )
    endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL")
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    return {
        "aws_access_key_id": access_key,
        "aws_secret_access_key": secret_key,
        "aws_session_token": environment.get("AWS_SESSION_TOKEN") or None,
        "region_name": region or None,
        "aws_client_parameters": AwsClientParameters(endpoint_url=endpoint or None),
    }


def _try_out(kind: type[B], values: Mapping[str, object]) -> B:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        field, why = first_fault(error)
        variable = VARIABLES.get(field, field)
        raise ConfigurationError(
            f"{variable} is not usable: {why.rstrip('.')}.", code="bad_setting"
        ) from None
