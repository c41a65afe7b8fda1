"""What all requests share, and how a media request is made from the neutral words."""

from collections.abc import Mapping
from typing import ClassVar, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from globalaiopc.errors import InvalidRequest
from globalaiopc.generation import Generation
from globalaiopc.rows import ApiVersion, ModelRow

__all__ = ["ApiVersion", "MediaRequest", "Request", "check_addresses"]

_ON_THE_WEB = {"http", "https"}
_IN_A_LIBRARY = {"asset", "assetid"}


class Request(BaseModel):
    """One POST. `extra` is merged into the body last."""

    # `hide_input_in_errors`: an input may be a presigned URL, and errors are logged.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    endpoint: ClassVar[str]
    path: ClassVar[str]
    api: ClassVar[ApiVersion] = "v1"

    model: str
    extra: Mapping[str, JsonValue] = Field(default_factory=dict, repr=False)

    @model_validator(mode="after")
    def _has_a_model(self) -> Self:
        if not self.model.strip():
            raise InvalidRequest("The model's name is empty.", field="model")
        return self

    def body(self) -> dict[str, JsonValue]:
        """The JSON body; parameters that were not given are left out."""
        raise NotImplementedError

    def with_extra(self, body: dict[str, JsonValue]) -> dict[str, JsonValue]:
        """The body without what was not given, then `extra`."""
        present = {name: value for name, value in body.items() if value is not None}
        return {**present, **self.extra}


class MediaRequest(Request):
    """A paid generation: an image, a video, a voice.

    `spelling` says which field of this request carries which word of a `Generation`.
    """

    spelling: ClassVar[Mapping[str, str]] = {}

    prompt: str = ""

    def body(self) -> dict[str, JsonValue]:
        """The JSON body; parameters that were not given are left out."""
        given = self.model_dump(mode="json", exclude={"extra"}, exclude_none=True)
        return self.with_extra(
            {name: value for name, value in given.items() if value not in ([], "")}
        )

    def wish(self) -> Generation:
        """The request in neutral words, for what the catalogue has to say of it."""
        said = {word: getattr(self, field) for word, field in self.spelling.items()}
        words = {word: value for word, value in said.items() if value not in (None, ())}
        return Generation.model_validate({"model": self.model, "prompt": self.prompt, **words})

    @classmethod
    def of(cls, wish: Generation, row: ModelRow) -> Self:
        """The request for a generation that `limits.check` let pass.

        Raises `InvalidRequest` naming a word that this endpoint has no field for.
        """
        fields: dict[str, JsonValue] = {}
        for word, value in wish.words().items():
            field = row.spelling.get(word, cls.spelling.get(word))
            if field is None:
                raise InvalidRequest(
                    f"{row.endpoint} has no field for {word}.",
                    field=word,
                    advice="Leave it empty, or give the provider's own field under `extra`.",
                )
            if field:
                fields[field] = value
        return cls.model_validate(
            {"model": row.name, "prompt": wish.prompt, "extra": dict(wish.extra), **fields}
        )


def check_addresses(addresses: tuple[str, ...], field: str, *, inline: bool = False) -> None:
    """Raise `InvalidRequest` for what the provider's server cannot fetch: a file, a blank (E12).

    A reference to the asset library passes; base64 text (`data:`) only with `inline`.
    """
    for number, url in enumerate(addresses, start=1):
        if not _fetchable(url, inline=inline):
            # The URL itself may be presigned, so only its number is named.
            raise InvalidRequest(
                f"Reference {number} in {field} is not a web address that the provider can fetch.",
                field=field,
                allowed="http:// or https:// URLs",
            )


def _fetchable(url: str, *, inline: bool) -> bool:
    if any(character.isspace() for character in url):
        return False
    try:
        parts = urlsplit(url)
        scheme, host = parts.scheme.lower(), parts.hostname
    except ValueError:
        return False
    return bool(host) if scheme in _ON_THE_WEB | _IN_A_LIBRARY else inline and scheme == "data"
