"""What one sandbox is told at its start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

TEXT_BASE = "/gw_llm_power"
MEDIA_BASE = "/kyyReactApiServer"
DEMO_KEY = "demo-key-not-a-real-one"

MODERATED_WORDS = ("[moderate]", "celebrity deepfake")
"""A prompt that holds one of these, in any case, runs its time and then fails as refused."""
REFUSED_WORDS = ("[refuse]",)
"""A prompt that holds one of these is failed in the create answer itself, under HTTP 200."""


@dataclass(frozen=True)
class Settings:
    """`*_seconds`: of one generation; it takes (1 - spread) to (1 + spread) times that."""

    key: str = DEMO_KEY
    seed: int = 1
    text_seconds: float = 1.0
    image_seconds: float = 4.0
    video_seconds: float = 20.0
    asset_seconds: float = 2.0
    spread: float = 0.3
    url_ttl: float = 86_400.0
    forbidden_models: frozenset[str] = frozenset()
    moderated_words: tuple[str, ...] = MODERATED_WORDS
    plain_media: bool = False
    catalogues: tuple[Path, ...] = ()
    """Files with rows of one's own, as the client takes them."""
    any_model: bool = False
    """A model that no catalogue knows is accepted at any endpoint, its limits unchecked."""
    voice_ttl: float = 259_200.0
    """Seconds that a cloned voice lives until it is first used: documented 3 days."""

    def base_seconds(self, kind: str) -> float:
        return {
            "text": self.text_seconds,
            "image": self.image_seconds,
            "asset": self.asset_seconds,
        }.get(kind, self.video_seconds)
