"""What is wanted of an image, video or voice model, in words that all of them share.

Each endpoint spells these words in its own dialect; `dialects.request_for` translates them.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from globalaiopc.rows import WORDS, Medium

Pixels = Annotated[str, Field(pattern=r"^[1-9]\d*x[1-9]\d*$")]
Addresses = tuple[str, ...]


class Generation(BaseModel):
    """One generation. What is None or empty is left to the provider.

    `seconds` is the length of a video; `ratio` width to height ("16:9"); `resolution` the model's
    own word ("720p"); `size` exact pixels ("2560x1440"). Media are http(s) URLs that the provider
    can fetch, or references to its asset library; `first_frame` and `last_frame` are where a video
    begins and ends, `images`, `videos` and `audios` what it is to look or sound like. `sound` asks
    for a sound track. `voice` is a cloned voice's id. `extra` goes into the body last, as it is; an
    option that the endpoint's request knows (a speech's `speed`) is checked as one.
    """

    # `hide_input_in_errors`: an input may be a presigned URL, and errors are logged.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    model: str = Field(min_length=1)
    prompt: str = ""
    seconds: int | None = None
    ratio: str | None = None
    resolution: str | None = None
    size: Pixels | None = None
    quality: str | None = None
    first_frame: str | None = Field(default=None, repr=False)
    last_frame: str | None = Field(default=None, repr=False)
    images: Addresses = Field(default=(), repr=False)
    videos: Addresses = Field(default=(), repr=False)
    audios: Addresses = Field(default=(), repr=False)
    sound: bool | None = None
    seed: int | None = None
    voice: str | None = None
    extra: Mapping[str, JsonValue] = Field(default_factory=dict, repr=False)

    def words(self) -> dict[str, JsonValue]:
        """The words that were said: neither None nor empty."""
        said = ((word, getattr(self, word)) for word in WORDS)
        return {
            word: list(value) if isinstance(value, tuple) else value
            for word, value in said
            if value is not None and value != ()
        }

    def media(self) -> Iterator[tuple[str, str]]:
        """Every address, with the word it was given under."""
        for word in ("first_frame", "last_frame"):
            if address := getattr(self, word):
                yield word, address
        for word in ("images", "videos", "audios"):
            for address in getattr(self, word):
                yield word, address

    def references(self) -> dict[Medium, int]:
        """How many reference media there are of each kind."""
        return {"image": len(self.images), "video": len(self.videos), "audio": len(self.audios)}
