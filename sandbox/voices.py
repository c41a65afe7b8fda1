"""The cloned voices: which there are, and which may still be used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox import seeded
from sandbox.fields import invalid


@dataclass
class Voices:
    """A voice lives `ttl` seconds from its cloning, and for ever once it was used.

    The ids begin with "voice_" and the seed: those of an earlier sandbox of the same seed are good
    as well, since whoever keeps a voice's id keeps it longer than a sandbox lives.
    """

    seed: int
    ttl: float
    clock: Callable[[], float]
    _until: dict[str, float | None] = field(default_factory=dict)

    def cloned(self, job_id: str) -> str:
        """The id of the voice that this job makes; asked again, it is the same."""
        voice = f"voice_{self.seed}_{seeded.digest('voice', self.seed, job_id)[:20]}"
        self._until.setdefault(voice, self.clock() + self.ttl)
        return voice

    def use(self, voice: object) -> None:
        """Refuses an id that nobody cloned, or that has expired."""
        known = isinstance(voice, str) and (
            voice in self._until or voice.startswith(f"voice_{self.seed}_")
        )
        if not known or not isinstance(voice, str):
            raise invalid("modelId does not exist or has expired.")
        until = self._until.get(voice)
        if until is not None and self.clock() >= until:
            raise invalid("modelId does not exist or has expired.")
        self._until[voice] = None

    def clear(self) -> None:
        self._until.clear()
