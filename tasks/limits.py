"""How much may be under way in this process: by stage and by model, and how fast more is sent."""

import math
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager

from globalaiopc import Clock, Cooldown, RateLimited, SystemClock
from tasks.places import Places

_RANKS = {"video": 0, "speech": 0, "image": 1, "voice": 1, "script": 2, "writing": 2}
"""What is nearest to done goes first where several stages want the same model's places."""

_AHEAD = 1.5
"""Pictures that are under way or wait for their video's place, for each place of the larger stage.

More than one for each, since they do not come evenly."""

_PAID = frozenset({"image", "video", "voice", "speech"})


class Limits:
    """How much of each kind may be under way in this process at once.

    They live in the process because Prefect's global limits cost a thread and a round trip for
    every holder; a job that the provider already runs is waited for without a place. `models` says
    how many jobs of one model at most, by its catalogue id, within its stage's limit.
    """

    def __init__(
        self,
        *,
        text: int,
        image: int,
        video: int,
        models: Mapping[str, int] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._places = Places(
            {
                # Held while a script's receipt is claimed, which "script" is not: a chat takes its
                # own. A claim made before the queue would run out in it.
                "writing": text,
                "script": text,
                "image": image,
                "video": video,
                # Quickly made, as images are.
                "voice": image,
                "speech": image,
                **{_of(model): most for model, most in (models or {}).items()},
            },
            gates={"writing": self._scripts_are_wanted, "image": self._pictures_are_wanted},
        )
        self._making = 0
        self._sends: dict[str, Sends] = {}
        self._clock = clock or SystemClock()

    def place(self, stage: str, model: str = "") -> AbstractAsyncContextManager[None]:
        """Wait for a place at a stage: `script`, `image`, `video`, `voice` or `speech`.

        Or at `writing` a script, which takes no place of its model's. While finished media wait
        for landing (`hold_back`), nobody gets a place at a stage that is paid for.
        """
        pools = (stage, _of(model)) if model and stage != "writing" else (stage,)
        if stage in _PAID:
            pools = (*pools, _BUYING)
        return self._places.place(*pools, rank=_RANKS[stage])

    def size(self, stage: str) -> int | None:
        """How many places a stage has; None for a stage without a limit."""
        return self._places.size(stage)

    def share(self, shares: int) -> None:
        """So many processes make the batch together: this one takes its part, rounded up.

        Landings are not divided: they are about one machine's memory.
        """
        self._places.share(shares)

    @contextmanager
    def makes_video(self) -> Iterator[None]:
        """Wrap the making of one brief's picture and of the video that starts from it.

        Those who do are kept from running far ahead of the videos: no picture is bought while half
        as many again as there are places have or get one, and no place for their video yet; and no
        script is asked for while half as many as there are places wait for a picture's. What would
        only wait costs nobody's time yet, and no money.
        """
        self._making += 1
        try:
            yield
        finally:
            self._making -= 1
            self._places.serve()

    def _pictures_are_wanted(self) -> bool:
        places = self._places
        # Those who wait for their model's places alone are not ahead: others may overtake them.
        not_ahead = 0 if places.is_full("video") else places.waiting("video")
        ahead = self._making - places.waiting("image") - places.taken("video") - not_ahead
        most = max(places.size("image") or math.inf, places.size("video") or math.inf)
        return ahead < _AHEAD * most

    def _scripts_are_wanted(self) -> bool:
        places = self._places
        if not places.is_full("image") and self._pictures_are_wanted():
            return True
        return places.waiting("image") < (_AHEAD - 1) * (places.size("image") or math.inf)

    def hold_back(self, hold: bool) -> None:
        """Stop buying, or go on: more is finished than lands."""
        if hold != (self._places.size(_BUYING) == 0):
            self._places.resize(_BUYING, 0 if hold else None)

    def sends(self, model: str) -> "Sends":
        """How many requests for a model may be on their way at once."""
        if model not in self._sends:
            self._sends[model] = Sends(self._clock)
        return self._sends[model]


class Sends:
    """The sends to one model: halved by a 429, and one more after each round that went well.

    The limit of places bounds them from above. A 429 to a send that began before the last halving
    is of the same episode, so that one cool-down halves once however many were on their way.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._places = Places({})
        self._most: float | None = None
        self._halved_at = 0.0

    @property
    def most(self) -> int | None:
        """How many at once; None before the first 429."""
        return None if self._most is None else int(self._most)

    @asynccontextmanager
    async def turn(self, cooldown: Cooldown) -> AsyncIterator[None]:
        """Hold one of the sends, from before the claim until the provider has answered.

        It begins when the gate is open: a pause of an hour would outlast a claim that was made
        before, and others would think us dead.
        """
        async with self._places.place("send"):
            await cooldown.wait()
            began = self._clock.now()
            try:
                yield
            except RateLimited:
                if self._most is None or began > self._halved_at:
                    self._halve()
                raise

    def accepted(self) -> None:
        """The provider took one: as many as are allowed at once make room for one more."""
        if self._most is not None:
            self._most += 1 / self._most
            self._places.resize("send", int(self._most))

    def _halve(self) -> None:
        under_way = self._places.taken("send")
        self._most = max(1.0, min(self._most or under_way, under_way) / 2)
        self._halved_at = self._clock.now()
        self._places.resize("send", int(self._most))


_BUYING = "buying"


def _of(model: str) -> str:
    return f"model {model}"
