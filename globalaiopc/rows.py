"""A row of the catalogue: what one model at one endpoint takes, makes and costs time."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Makes = Literal["text", "image", "video", "audio", "voice"]
Unit = Literal["token", "image", "second", "job", "unknown"]
Evidence = Literal["docs", "docs-old", "integrators"]
ApiVersion = Literal["v1", "v2"]
FirstFrame = Literal["no", "yes", "needed"]
LastFrame = Literal["no", "yes", "paired", "alone", "needed"]
"""`yes` only beside a first frame, `paired` neither without the other, `alone` also without one."""
Medium = Literal["image", "video", "audio"]
AssetStep = Literal["asked", "always"]

Pixels = Annotated[str, Field(pattern=r"^[1-9]\d*x[1-9]\d*$")]

WORDS = (
    *("seconds", "ratio", "resolution", "size", "quality", "first_frame", "last_frame"),
    *("images", "videos", "audios", "sound", "seed", "voice"),
)
"""The words of a `Generation` that a dialect translates, beside the model and the prompt."""

_LONGEST_RANGE = 3600


class EndpointRow(BaseModel):
    """What holds for every model at an endpoint, also for one that nobody has described.

    Times are seconds. `makes` is None where it depends on the model.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    makes: Makes | None = None
    path: str = Field(pattern=r"^/")
    api: ApiVersion = "v1"


class ModelRow(BaseModel):
    """One model at one endpoint. Times are seconds; sizes are pixels, "WIDTHxHEIGHT"."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    makes: Makes
    endpoint: str = Field(min_length=1)
    path: str = Field(pattern=r"^/")
    api: ApiVersion
    prompt_limit: int | None = Field(default=None, ge=0)
    """Characters; 0 where there is no prompt."""
    prompt_limit_chinese: int | None = Field(default=None, gt=0)
    """Of the characters, how many may be Chinese."""
    prompt_limit_words: int | None = Field(default=None, gt=0)
    needs_prompt: bool = True
    needs_voice: bool = False
    seconds: tuple[int, ...] = ()
    default_seconds: int | None = None
    ratios: tuple[str, ...] = ()
    default_ratio: str | None = None
    resolutions: tuple[str, ...] = ()
    default_resolution: str | None = None
    pixel_sizes: Mapping[str, Pixels] = Field(default_factory=dict)
    sizes: tuple[Pixels, ...] = ()
    any_size: bool = False
    """Exact pixels may be asked for and no page says which."""
    qualities: tuple[str, ...] = ()
    first_frame: FirstFrame = "no"
    last_frame: LastFrame = "no"
    references: Mapping[Medium, int] = Field(default_factory=dict)
    references_needed: Mapping[Medium, int] = Field(default_factory=dict)
    needs_media: bool = False
    """Makes nothing of text alone: wants a frame or a reference, whichever."""
    frames_exclude_references: bool = True
    images_beside_video: int | None = None
    video_decides: bool = False
    """A reference video decides length and ratio, so that neither can be asked for beside it."""
    audio_alone: bool = False
    inline_media: bool = False
    sound: bool = False
    seeds: tuple[int, int] | None = None
    video_reference_suffix: str = ""
    reference_mode: bool = False
    """The request says what its pictures are, `frame` or `image`."""
    asset_library: str = ""
    asset_step: AssetStep = "asked"
    spelling: Mapping[str, str] = Field(default_factory=dict)
    poll_every: tuple[float, float]
    typical_seconds: tuple[float, float]
    deadline_seconds: float = Field(gt=0)
    unit: Unit
    evidence: Evidence
    notes: str = ""
    lenient: bool = False
    """Nobody has described this model: whatever is asked of it is passed on unchecked."""

    @field_validator("seconds", mode="before")
    @classmethod
    def _ranges(cls, value: object) -> object:
        """`["4-15"]` is every whole number from 4 to 15."""
        if not isinstance(value, list | tuple):
            return value
        return [number for item in value for number in _numbers(item)]

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        for what, default, allowed in (
            ("default_seconds", self.default_seconds, self.seconds),
            ("default_ratio", self.default_ratio, self.ratios),
            ("default_resolution", self.default_resolution, self.resolutions),
        ):
            if default is not None and default not in allowed:
                raise ValueError(f"{what} is not among the allowed values")
        if not 0 < self.poll_every[0] <= self.poll_every[1]:
            raise ValueError("poll_every must be [shortest, longest], both above 0")
        if self.first_frame == "no" and self.last_frame in {"yes", "paired"}:
            raise ValueError(f"last_frame {self.last_frame!r} wants a first_frame beside it")
        if strange := sorted(set(self.spelling) - set(WORDS)):
            raise ValueError(f"spelling knows {', '.join(WORDS)}, not {', '.join(strange)}")
        for kind, least in self.references_needed.items():
            if least > self.references.get(kind, 0):
                raise ValueError(f"references_needed asks for more {kind}s than references allows")
        return self

    @property
    def takes_first_frame(self) -> bool:
        return self.first_frame != "no"

    def spelt_resolution(self, word: str | None) -> str | None:
        """The resolution as this model spells it: "720p" is "720P" for some, and "2k" is "2K"."""
        if word is None or word in self.resolutions:
            return word
        same = (known for known in self.resolutions if known.lower() == word.strip().lower())
        return next(same, word)

    def pixels(self, ratio: str) -> tuple[int, int] | None:
        """Width and height of the output in this ratio; None when the model does not fix them."""
        size = self.pixel_sizes.get(ratio)
        if size is None:
            return None
        width, _, height = size.partition("x")
        return int(width), int(height)


def _numbers(item: object) -> tuple[object, ...]:
    if not isinstance(item, str):
        return (item,)
    first, dash, last = item.partition("-")
    if not (dash and first.isdigit() and last.isdigit()):
        raise ValueError(f"{item!r} is no range such as '4-15'")
    if not int(first) <= int(last) <= _LONGEST_RANGE:
        raise ValueError(f"{item!r} does not rise")
    return tuple(range(int(first), int(last) + 1))
