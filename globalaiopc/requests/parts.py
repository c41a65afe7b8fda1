"""`content[]`: one text and the media, each with the role it plays."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

PartType = Literal["text", "image_url", "video_url", "audio_url"]
Role = Literal["first_frame", "last_frame", "reference_image", "reference_video", "reference_audio"]

ROLES: Mapping[str, Role] = {
    "first_frame": "first_frame",
    "last_frame": "last_frame",
    "images": "reference_image",
    "videos": "reference_video",
    "audios": "reference_audio",
}
"""Neutral word -> role."""

TYPES: Mapping[str, PartType] = {
    "first_frame": "image_url",
    "last_frame": "image_url",
    "reference_image": "image_url",
    "reference_video": "video_url",
    "reference_audio": "audio_url",
}
"""Role -> what the part with it holds."""


class PartAddress(BaseModel):
    """Where a medium is: a URL, or a reference to the asset library."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: str = Field(repr=False)


class ContentPart(BaseModel):
    """One item of `content`: `text`, or the one `*_url` that `type` names.

    A picture without a role is the first frame.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    type: PartType
    text: str | None = None
    image_url: PartAddress | None = None
    video_url: PartAddress | None = None
    audio_url: PartAddress | None = None
    role: Role | None = None

    @classmethod
    def of_text(cls, text: str) -> Self:
        """The prompt."""
        return cls(type="text", text=text)

    @classmethod
    def of_medium(cls, url: str, role: Role) -> Self:
        """A medium in its role."""
        kind = TYPES[role]
        return cls.model_validate({"type": kind, kind: {"url": url}, "role": role})

    @property
    def plays(self) -> str:
        """The role, also where it goes without saying: "text", or that of a lone picture."""
        if self.type == "text":
            return "text"
        return (
            self.role
            or {
                "image_url": "first_frame",
                "video_url": "reference_video",
                "audio_url": "reference_audio",
            }[self.type]
        )

    @property
    def address(self) -> str:
        """The medium's address; "" for a text."""
        held = getattr(self, self.type)
        return held.url if isinstance(held, PartAddress) else ""

    @property
    def agrees_with_itself(self) -> bool:
        """Whether it holds what its type says, nothing else, and in a role that fits."""
        held = {
            kind
            for kind in ("text", "image_url", "video_url", "audio_url")
            if getattr(self, kind) is not None
        }
        fits = self.role is None if self.type == "text" else TYPES[self.plays] == self.type
        return held == {self.type} and fits
