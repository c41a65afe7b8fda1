"""What all requests share, and how a media request is made from the neutral words."""

import json
from collections.abc import Mapping
from typing import ClassVar, Self, get_origin

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from globalaiopc.errors import InvalidRequest
from globalaiopc.faults import first_fault
from globalaiopc.generation import Generation
from globalaiopc.requests.checks import (
    check_addresses,
    check_frames,
    check_one_of_two,
    check_said,
)
from globalaiopc.rows import ApiVersion, ModelRow

__all__ = ["ApiVersion", "MediaRequest", "Request", "check_addresses", "encoded"]

_NOTHING: tuple[object, ...] = (None, "", (), [])
_FRAMES = ("first_frame", "last_frame")
_REFERENCES = ("images", "videos", "audios")


class Request(BaseModel):
    """One POST. `extra` is merged into the body last; it cannot change the model."""

    # `hide_input_in_errors`: an input may be a presigned URL, and errors are logged.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    endpoint: ClassVar[str]
    path: ClassVar[str]
    api: ClassVar[ApiVersion] = "v1"

    model: str
    extra: Mapping[str, JsonValue] = Field(default_factory=dict, repr=False)

    @model_validator(mode="after")
    def _has_a_model(self) -> Self:
        check_said(self.model, "model")
        if "model" in self.extra:
            # The limits that were checked, and the receipt, are those of the model named above.
            raise InvalidRequest("`extra` cannot name another model.", field="extra")
        return self

    @property
    def catalogue_name(self) -> str:
        """The name of the model's row, which some requests send with a suffix."""
        return self.model

    def body(self) -> dict[str, JsonValue]:
        """The JSON body; parameters that were not given are left out."""
        raise NotImplementedError

    def with_extra(self, body: dict[str, JsonValue]) -> dict[str, JsonValue]:
        """The body without what was not given, then `extra`."""
        present = {name: value for name, value in body.items() if value is not None}
        return {**present, **self.extra}


class MediaRequest(Request):
    """A paid generation: an image, a video, a voice.

    The fields have the names of the wire; what a class says of itself is how the neutral words
    become them. Only what can never be right at the endpoint is refused here: what a model takes is
    for its row to say (`globalaiopc.limits`).
    """

    spelling: ClassVar[Mapping[str, str]] = {}
    """Which field carries which word of a `Generation`."""
    prompt_field: ClassVar[str] = "prompt"
    needs_prompt: ClassVar[bool] = True
    aliases: ClassVar[Mapping[str, str]] = {}
    """Field -> its other name; only one of the two is given, and sent as it was given."""
    always: ClassVar[tuple[str, ...]] = ()
    """Words that are sent even when they were not said: then with the default of the row."""
    inline_media: ClassVar[bool] = False
    """Whether base64 is allowed for any of the models."""
    asset_references: ClassVar[bool] = False
    """Whether media may be references to an asset library."""
    last_frame_alone: ClassVar[bool] = False
    frames_beside_references: ClassVar[bool] = False

    @model_validator(mode="after")
    def _could_be_right(self) -> Self:
        if self.needs_prompt and self.prompt_field:
            check_said(getattr(self, self.prompt_field), self.prompt_field)
        for field, other in self.aliases.items():
            check_one_of_two(getattr(self, field), getattr(self, other), (field, other))
        self._check_media()
        return self

    def _check_media(self) -> None:
        given: dict[str, tuple[str, object]] = {}
        for word in (*_FRAMES, *_REFERENCES):
            spelt = self.spelling.get(word)
            field, value = self._named(spelt) if spelt else ("", None)
            given[word] = (field, value)
            if value not in _NOTHING:
                addresses = (value,) if isinstance(value, str) else value
                check_addresses(
                    tuple(addresses) if isinstance(addresses, tuple) else (),
                    field,
                    inline=self.inline_media,
                    assets=self.asset_references,
                )
        check_frames(
            first=given["first_frame"],
            last=given["last_frame"],
            references=dict(given[word] for word in _REFERENCES),
            last_alone=self.last_frame_alone,
            together=self.frames_beside_references,
        )

    def body(self) -> dict[str, JsonValue]:
        """The JSON body; parameters that were not given are left out."""
        given = self.model_dump(mode="json", exclude={"extra"}, exclude_none=True)
        return self.with_extra(
            {name: value for name, value in given.items() if value not in ([], "")}
        )

    def wish(self, row: ModelRow | None = None) -> Generation:
        """The request in neutral words, for what the catalogue has to say of it.

        The row is wanted where it spells a word differently from the endpoint.
        """
        try:
            return Generation.model_validate({"model": self.catalogue_name, **self._words(row)})
        except ValidationError as error:
            raise _invalid(error, self.spelling) from None

    def _words(self, row: ModelRow | None) -> dict[str, object]:
        """The prompt and the words that were said, by the fields that carry them."""
        spelling = self._spelling_of(row)
        words: dict[str, object] = {}
        for word, field in spelling.items():
            _, value = self._named(field)
            if isinstance(value, list | tuple) and word in _FRAMES:
                value = _frame_of(tuple(value), word, shared=spelling.get("first_frame") == field)
            elif isinstance(value, str) and word in _REFERENCES:
                value = (value,)
            if value not in _NOTHING:
                words[word] = value
        return {"prompt": getattr(self, self.prompt_field, ""), **words}

    @classmethod
    def _spelling_of(cls, row: ModelRow | None) -> dict[str, str]:
        """Which field carries which word of this model; a row may give a field another word."""
        rows_own = row.spelling if row else {}
        rest = {w: field for w, field in cls.spelling.items() if field not in rows_own.values()}
        return {word: field for word, field in {**rest, **rows_own}.items() if field}

    def _named(self, field: str) -> tuple[str, object]:
        """The value of a field, and the one of its names that it was given under."""
        others = {**self.aliases, **{other: name for name, other in self.aliases.items()}}
        for name in (field, others.get(field, "")):
            known = name in type(self).model_fields
            value = getattr(self, name) if known else self.extra.get(name)
            if value not in _NOTHING:
                return name, value
        return field, None

    @classmethod
    def of(cls, wish: Generation, row: ModelRow) -> Self:
        """The request for a generation that `limits.check` let pass.

        Raises `InvalidRequest` naming a word that this endpoint has no field for, or one that it
        can never take.
        """
        fields = cls._spelt(wish, row)
        own = set(cls.model_fields) - {"model", "extra"}
        options = own - set(cls.spelling.values()) - {cls.prompt_field, *fields}
        extra = {name: value for name, value in wish.extra.items() if name not in options}
        unknown = {name: value for name, value in fields.items() if name not in own}
        typed = {name: value for name, value in wish.extra.items() if name in options}
        typed |= {name: value for name, value in fields.items() if name in own}
        words = {field: word for word, field in {**cls.spelling, **row.spelling}.items()}
        words |= {other: words[field] for field, other in cls.aliases.items() if field in words}
        try:
            return cls.model_validate(
                {"model": cls._wire_name(wish, row), "extra": {**unknown, **extra}, **typed}
            )
        except InvalidRequest as error:
            raise InvalidRequest(
                error.message,
                field=cls._word_of(error.field, words),
                allowed=error.allowed,
                advice=error.advice,
            ) from None
        except ValidationError as error:
            raise _invalid(error, {}) from None

    @classmethod
    def _wire_name(cls, wish: Generation, row: ModelRow) -> str:
        """The model's name as it is sent: some are called otherwise beside a reference video."""
        suffix = row.video_reference_suffix if wish.videos else ""
        return row.name.removesuffix(suffix) + suffix

    @classmethod
    def _word_of(cls, field: str, words: Mapping[str, str]) -> str:
        """The neutral word for a field that was found wrong."""
        return "prompt" if field == cls.prompt_field else words.get(field, field)

    @classmethod
    def _spelt(cls, wish: Generation, row: ModelRow) -> dict[str, JsonValue]:
        """The words under the names of the wire."""
        said = wish.words()
        for word in cls.always:
            default = getattr(row, f"default_{word}")
            if word not in said and default is not None:
                said[word] = default
        fields: dict[str, JsonValue] = {}
        if wish.prompt and not cls.prompt_field:
            raise InvalidRequest(f"{row.endpoint} takes no prompt; leave it empty.", field="prompt")
        if wish.prompt:
            fields[cls.prompt_field] = wish.prompt
        for word, value in said.items():
            field = row.spelling.get(word, cls.spelling.get(word))
            if field is None:
                raise InvalidRequest(
                    f"{row.endpoint} has no field for {word}.",
                    field=word,
                    advice="Leave it empty, or give the provider's own field under `extra`.",
                )
            if field:
                cls._put(fields, field, word, value)
            else:
                _check_unsaid(row, word, value)
        return fields

    @classmethod
    def _put(cls, fields: dict[str, JsonValue], field: str, word: str, value: JsonValue) -> None:
        known = cls.model_fields.get(field)
        one_of_many = known is not None and get_origin(known.annotation) is tuple
        items = value if isinstance(value, list) else [value]
        before = fields.get(field)
        if one_of_many or (known is None and before is not None):
            fields[field] = [*_listed(before), *items]
        elif before is not None:
            raise InvalidRequest(
                f"{word} is one thing too many: {field} says only one.",
                field=word,
            )
        elif known is not None and len(items) > 1:
            raise InvalidRequest(
                f"{field} takes one, {len(items)} were given.", field=word, allowed="at most 1"
            )
        else:
            fields[field] = value if known is None else items[0]


def _frame_of(frames: tuple[object, ...], word: str, *, shared: bool) -> object:
    """A frame out of a list: the last one stands second where the first is in the same list."""
    place = 1 if word == "last_frame" and shared else 0
    return frames[place] if len(frames) > place else None


def _listed(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _check_unsaid(row: ModelRow, word: str, value: JsonValue) -> None:
    """What has no field is refused, unless the model does nothing else: its name says it."""
    fixed: dict[str, tuple[str | int, ...]] = {
        "seconds": row.seconds,
        "ratio": row.ratios,
        "resolution": row.resolutions,
    }
    if fixed.get(word) != (value,):
        raise InvalidRequest(
            f"{row.name} cannot be told its {word}: there is no field for it.", field=word
        )


def _invalid(error: ValidationError, spelling: Mapping[str, str]) -> InvalidRequest:
    field, why = first_fault(error, whole="request")
    return InvalidRequest(f"{spelling.get(field, field)}: {why}.", field=spelling.get(field, field))


def encoded(body: Mapping[str, JsonValue]) -> bytes:
    """The body's bytes, made before anything is sent: what cannot be encoded costs nothing."""
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except ValueError as exc:
        raise InvalidRequest(
            "The request holds a value that JSON cannot carry (NaN, or half a character).",
            field="extra",
        ) from exc
