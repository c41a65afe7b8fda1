"""A receipt: what the bucket knows about one job. Small JSON, versioned, readable for ever.

Receipts are read by people and kept for years, so they hold no secret: no key, no `Bearer`, no URL
with a query (a presigned or media URL *is* a secret). Inputs are named by the SHA-256 of their
bytes, which stays the same when a URL does not.

Schema rule: fields are added, never renamed or given another meaning, within version 1. A field
that this code does not know is kept and written back. A higher version is not touched.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    field_validator,
    model_validator,
)

from globalaiopc.errors import ErrorInfo, InvalidRequest
from globalaiopc.faults import first_fault
from ledger.errors import ReceiptUnreadable

SCHEMA_VERSION = 1
MAX_ID = 128
# These lie beside the briefs' folders; some stores cannot hold a folder and an object of one name.
RESERVED_BRIEF_IDS = frozenset(
    {"manifest.jsonl", "report.json", "index.html", "budget.json", "prices.toml", "plan.json"}
)

State = Literal["intent", "submitted", "completed", "landed", "failed", "unknown"]
Asked: TypeAlias = dict[str, JsonValue]

_ID_CHARACTER = re.compile(r"[A-Za-z0-9._-]")
_SAFE_ID = re.compile(rf"(?!\.)[A-Za-z0-9._-]{{1,{MAX_ID}}}")
_HALF_CHARACTER = re.compile(r"[\ud800-\udfff]")
_STAGE = re.compile(r"[A-Za-z0-9_-]+")
# One of these is in whatever the patterns below find; looking for them is twenty times faster.
_SECRET_MARKS = ("x-amz-", "bearer", "http")
_SECRETS = (
    (re.compile(r"X-Amz-(Signature|Credential|Security-Token)", re.IGNORECASE), "a presigned URL"),
    # A prompt may well say "the standard bearer of Rome": only what looks like a token counts.
    (re.compile(r"^\s*Bearer\s+\S+\s*$"), "an Authorization header"),
    (re.compile(r"Bearer\s+(?=\S*\d)[\w.~+/=-]{16,}"), "an Authorization header"),
    (re.compile(r"^\s*https?://\S+\?\S*\s*$", re.IGNORECASE), "a URL with a query"),
    (
        re.compile(r"https?://\S+[?&](\w+[-_])?(signature|sig|token|key|secret)=", re.IGNORECASE),
        "a URL with a secret in its query",
    ),
)
_URL_QUERY = re.compile(r"(https?://[^\s?]+)\?\S*", re.IGNORECASE)
_BEARER = re.compile(r"Bearer\s+\S+")


def check_id(value: str, what: str) -> str:
    """`value` itself when it is safe as a part of an object key.

    1 to 128 of A-Z a-z 0-9 . _ - and no dot in front. Raises `InvalidRequest` that names `what`
    and the first offending character.
    """
    if _SAFE_ID.fullmatch(value):
        return value
    allowed = f"1 to {MAX_ID} of A-Z a-z 0-9 . _ - and not starting with a dot"
    if not value:
        problem = f"{what} is empty"
    elif bad := next((c for c in value if not _ID_CHARACTER.fullmatch(c)), None):
        problem = f"{what} {_short(value)} contains {bad!r} (U+{ord(bad):04X})"
    elif value.startswith("."):
        problem = f"{what} {_short(value)} starts with '.'"
    else:
        problem = f"{what} {_short(value)} is {len(value)} characters long"
    raise InvalidRequest(f"{problem}; allowed: {allowed}.", field=what, allowed=allowed)


def is_receipt(key: str) -> bool:
    """Whether an object's key is that of a receipt (`JobKey.receipt_key`)."""
    parts = key.split("/")
    return len(parts) >= 2 and parts[-2] == "receipts" and key.endswith(".json")


def check_asked(asked: Mapping[str, JsonValue]) -> None:
    """Raise `InvalidRequest`, naming the field, when a value may not be kept for others to read."""
    for name, value in asked.items():
        for leaf in _leaves(value):
            if problem := _unkeepable(leaf):
                raise InvalidRequest(
                    f"{name!r} holds {problem}, which cannot be kept in a receipt.",
                    field=name,
                    allowed="text and numbers; inputs by the SHA-256 of their bytes, never by URL",
                )


def _unkeepable(leaf: JsonValue) -> str | None:
    if isinstance(leaf, float) and not math.isfinite(leaf):
        return f"the number {leaf}"
    if not isinstance(leaf, str):
        return None
    if _HALF_CHARACTER.search(leaf):
        return "half a character (a lone surrogate)"
    lowered = leaf.lower()
    if not any(mark in lowered for mark in _SECRET_MARKS):
        return None
    return next((what for pattern, what in _SECRETS if pattern.search(leaf)), None)


def fingerprint(asked: Mapping[str, JsonValue]) -> str:
    """SHA-256 (hex) of what was asked: the order of fields and 5 against 5.0 make no difference."""
    return hashlib.sha256(_canonical(dict(asked)).encode()).hexdigest()


def scrubbed(error: ErrorInfo) -> ErrorInfo:
    """The error without what a provider may have quoted back at us."""

    def clean(text: str) -> str:
        return _BEARER.sub("Bearer …", _URL_QUERY.sub(r"\1?…", text))

    return error.model_copy(update={"message": clean(error.message), "advice": clean(error.advice)})


class _Kept(BaseModel):
    # `allow`: an older program must not drop what a newer one has noted.
    model_config = ConfigDict(frozen=True, extra="allow")


class JobKey(BaseModel):
    """Names one paid generation: which batch, which brief, which stage of it, which take."""

    model_config = ConfigDict(frozen=True)

    batch_id: str
    brief_id: str
    stage: str
    take: int = Field(default=1, ge=1)

    @field_validator("batch_id", "brief_id")
    @classmethod
    def _safe_id(cls, value: str, info: object) -> str:
        what = getattr(info, "field_name", None) or "id"
        if what == "brief_id" and value in RESERVED_BRIEF_IDS:
            raise InvalidRequest(
                f"brief_id {value!r} is the name of the batch's own file.",
                field="brief_id",
                allowed=f"anything but {', '.join(sorted(RESERVED_BRIEF_IDS))}",
            )
        return check_id(value, what)

    @field_validator("stage")
    @classmethod
    def _safe_stage(cls, value: str) -> str:
        # No dot: `image.take2` as a stage would share a key with take 2 of `image`.
        if not _STAGE.fullmatch(value):
            raise InvalidRequest(
                f"stage {_short(value)} must be letters, digits, _ or -.",
                field="stage",
                allowed="A-Z a-z 0-9 _ -",
            )
        return value

    @property
    def folder(self) -> str:
        """The brief's own folder in the bucket, relative to the store's prefix."""
        return f"{self.batch_id}/{self.brief_id}"

    @property
    def receipt_key(self) -> str:
        suffix = "" if self.take == 1 else f".take{self.take}"
        return f"{self.folder}/receipts/{self.stage}{suffix}.json"

    def __str__(self) -> str:
        take = "" if self.take == 1 else f" take {self.take}"
        return f"{self.batch_id}/{self.brief_id}/{self.stage}{take}"


class Claim(_Kept):
    """Who may send this job, and until when. The nonce is how a holder knows its own claim."""

    holder: str
    nonce: str
    until: AwareDatetime


class Landed(_Kept):
    """The finished object: where (relative to the prefix), and what its bytes are.

    `source_sha256` is of what the provider delivered, where a label was written into it.
    """

    key: str
    sha256: str
    source_sha256: str | None = None
    size: int = Field(ge=0, description="bytes")
    content_type: str
    width: int | None = None
    height: int | None = None
    seconds: float | None = None


class Decision(_Kept):
    """What a person decided about a job of unknown outcome."""

    what: Literal["resubmit", "abandon"]
    by: str
    at: AwareDatetime


def _only_clean(asked: Asked) -> Asked:
    try:
        check_asked(asked)
    except InvalidRequest as error:
        raise ValueError(error.message) from None
    return asked


class Receipt(_Kept):
    """One job's whole story. Times are UTC; `amount` is in the provider's unit (yuan-like).

    `voice_id` is the provider's name of a cloned voice, which speech is asked for with. What was
    asked for with a `private` one is shown nowhere else; it is left out where it is not.
    """

    version: int = Field(default=SCHEMA_VERSION, ge=1)
    job: JobKey
    state: State
    endpoint: str
    model: str
    api: str
    key_hash: str
    asked: Annotated[Asked, AfterValidator(_only_clean)] = Field(repr=False)
    fingerprint: str
    private: bool | None = None
    claim: Claim | None = None
    task_id: str | None = None
    amount: Decimal | None = None
    actual_seconds: float | None = None
    total_tokens: int | None = None
    voice_id: str | None = None
    media: Landed | None = None
    error: ErrorInfo | None = None
    attempts: int = Field(default=1, ge=1)
    decisions: tuple[Decision, ...] = ()
    times: dict[State, AwareDatetime] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _whole(self) -> "Receipt":
        needed = {"intent": "claim", "submitted": "task_id", "landed": "media"}
        field = needed.get(self.state, "error" if self.state in ("failed", "unknown") else "state")
        if getattr(self, field) is None:
            raise ValueError(f"a receipt in state {self.state!r} needs {field!r}")
        return self

    @property
    def nonce(self) -> str:
        """Names the attempt that the receipt is about; empty when nobody ever claimed it."""
        return self.claim.nonce if self.claim else ""

    def moved(self, state: State, at: datetime, **changes: object) -> "Receipt":
        """The same receipt in its next state."""
        return self.model_copy(
            update={**changes, "state": state, "times": {**self.times, state: at}}
        )

    def to_json(self) -> bytes:
        return self.model_dump_json(indent=1, exclude_none=True).encode()

    @classmethod
    def from_json(cls, body: bytes, key: str) -> "Receipt":
        """Read what any version-1 program wrote. Raises `ReceiptUnreadable`, naming `key`."""
        try:
            receipt = cls.model_validate_json(body)
        except (ValidationError, InvalidRequest) as error:
            raise ReceiptUnreadable(f"{key} is not a receipt ({_first_problem(error)}).") from None
        if receipt.version > SCHEMA_VERSION:
            raise ReceiptUnreadable(
                f"{key} was written by a newer program (receipt version {receipt.version}, "
                f"this one knows {SCHEMA_VERSION}): upgrade this one."
            )
        return receipt


def differences(
    receipt: Receipt, *, endpoint: str, model: str, asked: Mapping[str, JsonValue]
) -> dict[str, tuple[str, str]]:
    """The fields in which a request differs from the receipt's: name -> (old, new), shortened.

    Of a private receipt no text is shown, neither what it was nor what it is now.
    """
    hidden = bool(receipt.private)
    old: dict[str, JsonValue] = {
        "endpoint": receipt.endpoint,
        "model": receipt.model,
        **receipt.asked,
    }
    new: dict[str, JsonValue] = {"endpoint": endpoint, "model": model, **asked}
    return {
        name: (_shown(old, name, hidden), _shown(new, name, hidden))
        for name in sorted(old.keys() | new.keys())
        if name not in old or name not in new or _canonical(old[name]) != _canonical(new[name])
    }


def _shown(values: Mapping[str, JsonValue], name: str, hidden: bool) -> str:
    if name not in values:
        return "absent"
    value = values[name]
    if hidden and name not in ("endpoint", "model") and not isinstance(value, int | float):
        return "(private)"
    return _short(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _short(text: str, limit: int = 48) -> str:
    clean = _BEARER.sub("Bearer …", _URL_QUERY.sub(r"\1?…", text))
    return repr(clean if len(clean) <= limit else clean[: limit - 1] + "…")


def _canonical(value: JsonValue) -> str:
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"))


def _plain(value: JsonValue) -> JsonValue:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value


def _leaves(value: JsonValue) -> Iterator[JsonValue]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value


def _first_problem(error: ValidationError | InvalidRequest) -> str:
    if isinstance(error, InvalidRequest):
        return error.message
    field, why = first_fault(error)
    return f"{field}: {why}" if field else why
