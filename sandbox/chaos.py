"""Misbehaviour on demand: rules that say which request or job gets which fault.

A plan is a JSON list of rules (or `{"rules": [...]}`), given by `--chaos FILE.json` at the start or
by `POST /sandbox/chaos` at run time. `GET /sandbox/chaos` shows the rules with how often each
matched (`seen`) and struck (`fired`).

    [{"fault": "lose_answer", "route": "sora", "match": "brief-3"},
     {"fault": "rate_limited", "route": "banana", "nth": [1, 2], "retry_after": "2"},
     {"fault": "no_url", "kind": "video", "looks": 2, "times": null},
     {"probability": 0.05, "faults": ["reset", "lose_answer", "error", "truncated_media"],
      "route": "*", "accepted": "either"}]

What a rule matches (all optional, all must hold):
    route        "sora", "veo", ... one create, by its endpoint's name ("banana" is nano_banana as
                 well); "create" every media create (default for answer faults and job fates);
                 "chat", "messages", "responses", "gemini" one text dialect; "result"; "media"
                 (default for media faults); "asset_upload", "asset_status", "asset_delete" one call
                 of every asset library, "asset" all of them (default for an asset's fates); "*" all
    kind         "image", "video", "audio", "text": of the job, on every route
    model        the exact name that was asked for
    match        text that the prompt holds, in any case; also on "result" and "media"
When it strikes:
    nth          only the n-th match, 1-based; a number or a list
    times        at most this often; null = without end. Default: 1, or without end when `nth` or
                 `probability` is given
    each_job     count `nth` and `times` for each job (each model and prompt) on its own
    probability  0 to 1, a seeded roll for each match: repeatable, whatever the order of arrival
    fault        one name, or `faults`: several, of which one is drawn by seed
The first rule that strikes wins, one for the answer and one for the fate of a new job.

Answer faults (any route; on a create, `accepted` says whether the job was made and billed first:
true, false or "either"; the default is in brackets):
    reset        [no]   connection reset without an answer
    lose_answer  [yes]  the same, after acceptance
    close        [no]   connection closed without an answer
    hang         [no]   silence for `seconds` (3600), then a reset
    drip         [yes]  the whole answer, spread over `seconds` (10)
    cut          [yes]  half the answer under the Content-Length of the whole, then closed
    empty        [yes]  `status` (200) and no body
    truncated_json  [yes]  200, half the JSON under a Content-Length that agrees
    error        [no]   `status` (502) with a gateway's JSON
    html         [no]   `status` (502) with HTML
    rate_limited [no]   429; `retry_after` is sent as it is ("5", "soon", "999999"), "date:7" is an
                        HTTP date 7 s ahead; left out, there is no such header
    error_envelope  [no]  200 {"code":500,"data":null,"msg":...}
Creates only:
    accepted_202 202 with {"id":...} alone
    no_id        200 without an id, and billed
    wrapped      the answer inside `data` (also on "result")
    failed_at_create  200 with an id and status "failed"; not billed
Text only (any of its routes, unless `route` names one):
    prose        the script is answered as prose
    fenced       the script's JSON inside a Markdown fence
    cut_stream   a stream ends as if whole, but without its terminator, after `after` (0) pieces of
                 the text. On a stream, `cut` and `truncated_json` end inside a piece at half the
                 bytes, `cut` with a broken connection; `drip` spreads the pieces over `seconds`
    stream_error  a stream tells of an error after `after` (0) pieces, and ends
Result only:
    not_found    404, as for an unknown id, while the job lives on
Fates of a job (drawn when it is accepted):
    moderated    fails as "content rejected" after its time
    job_failed   fails with `message` after its time
    never_ends   `processing` for ever
    slow         takes `factor` (10) times as long; any other fate may have a `factor` as well
    no_url       completed without a URL for the first `looks` looks (default: for ever)
    unknown_status  the status is `word` ("reviewing") for the first `looks` looks (for ever)
    gone         the task record answers 404 after `after` (0) good looks
Fates of an asset (drawn when it is uploaded; `model` is its library, `match` looks at name and URL;
`never_ends` and `slow` are asset fates too when `route` names an asset route):
    asset_failed   fails its review with `message` ("审核未通过") after its time
    asset_expired  expires after `after` (0) looks that showed it usable
    asset_gone     is not known any more after `after` (0) such looks
Media faults:
    expired      `status` (403; 404 and 410 are as likely)
    zero_bytes   200, Content-Length 0
    truncated_media  Content-Length of the whole, `fraction` (0.5) of the bytes, then closed
    short_media  `fraction` of the bytes, and a Content-Length that agrees
    wrong_length all bytes, a Content-Length of 1,000 more, then closed
    corrupt_media  the right length, two fifths of it inverted
    wrong_media  HTML under the media's type
    wrong_seconds  a whole video, half as long as was asked for
    redirect     302 to `location` (default: the same file under another host name)
    endless_media  the body goes on for ever, without a Content-Length
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from sandbox import seeded

ANSWER = (
    "reset", "lose_answer", "close", "hang", "drip", "cut", "empty", "error", "html",
    "rate_limited", "error_envelope", "truncated_json",
)  # fmt: skip
CREATE = ("accepted_202", "no_id", "failed_at_create")
SAID = ("prose", "fenced")
STREAM = ("cut_stream", "stream_error")
TEXT_ROUTES = frozenset({"chat", "messages", "responses", "gemini"})
RESULT = ("not_found",)
WRAPPED = ("wrapped",)
FATES = (
    "moderated", "job_failed", "never_ends", "slow", "no_url", "unknown_status", "gone",
)  # fmt: skip
ASSET = ("asset_failed", "asset_expired", "asset_gone")
MEDIA = (
    "expired", "truncated_media", "short_media", "wrong_length", "corrupt_media", "wrong_media",
    "wrong_seconds", "zero_bytes", "redirect", "endless_media",
)  # fmt: skip
ALL = frozenset(ANSWER + CREATE + SAID + STREAM + RESULT + WRAPPED + FATES + ASSET + MEDIA)

# These bend an answer that exists: without acceptance there is none.
_NEED_ACCEPTANCE = frozenset(("drip", "cut", "truncated_json", "wrapped", *SAID, *STREAM, *CREATE))
_ACCEPTED = _NEED_ACCEPTANCE | {"lose_answer", "empty"}


class Rule(BaseModel):
    """One line of a plan; the module's docstring says what each field means."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    route: str | None = None
    kind: Literal["image", "video", "audio", "text"] | None = None
    model: str | None = None
    match: str = ""
    nth: int | tuple[int, ...] = ()
    times: int | None = None
    each_job: bool = False
    probability: float | None = Field(default=None, ge=0, le=1)
    fault: str | None = None
    faults: tuple[str, ...] = ()
    accepted: bool | Literal["either"] | None = None
    status: int | None = Field(default=None, ge=100, le=599)
    seconds: float | None = Field(default=None, ge=0)
    retry_after: str | None = None
    word: str = "reviewing"
    message: str | None = None
    looks: int | None = None
    after: int = 0
    factor: float | None = Field(default=None, ge=0)
    fraction: float = Field(default=0.5, ge=0, le=1)
    location: str | None = None

    @model_validator(mode="after")
    def _known_faults(self) -> Rule:
        if not self.names:
            raise ValueError("a rule needs `fault` or `faults`")
        if unknown := [name for name in self.names if name not in ALL]:
            raise ValueError(f"unknown fault {unknown[0]!r}; known: {', '.join(sorted(ALL))}")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        return (self.fault,) if self.fault else self.faults

    @property
    def limit(self) -> int | None:
        """How often it strikes at most; None = without end."""
        if "times" in self.model_fields_set:
            return self.times
        return None if self.nth or self.probability is not None else 1

    def covers(self, name: str, occasion: Occasion) -> bool:
        return (
            not occasion.routes.isdisjoint({self.route} if self.route else _natural(name))
            and self.kind in (None, occasion.kind)
            and self.model in (None, occasion.model)
            and self.match.casefold() in occasion.prompt.casefold()
        )

    def is_turn(self, count: int) -> bool:
        turns = (self.nth,) if isinstance(self.nth, int) else self.nth
        return not turns or count in turns


@dataclass(frozen=True)
class Occasion:
    """A request that a fault may strike; `key` names the job, also before it has an id.

    A text call that streams has "stream" among its routes.
    """

    routes: frozenset[str]
    kind: str
    model: str
    prompt: str

    @property
    def key(self) -> str:
        return f"{self.kind}|{self.model}|{self.prompt}"

    def fits(self) -> frozenset[str]:
        """The answer faults that make sense here."""
        if "media" in self.routes:
            return frozenset(ANSWER + MEDIA)
        if "result" in self.routes:
            return frozenset(ANSWER + RESULT + WRAPPED)
        if "asset" in self.routes:
            return frozenset(ANSWER)
        if not self.routes.isdisjoint(TEXT_ROUTES):
            return frozenset(ANSWER + SAID + (STREAM if "stream" in self.routes else ()))
        return frozenset(ANSWER + CREATE + WRAPPED)


@dataclass(frozen=True)
class Hit:
    """A fault that strikes. `accepted`: the request is carried out before the answer is spoilt."""

    name: str
    rule: Rule
    accepted: bool

    @property
    def factor(self) -> float:
        """How many times as long the job takes."""
        if self.rule.factor is not None:
            return self.rule.factor
        return 10 if self.name == "slow" else 1


def _natural(name: str) -> frozenset[str]:
    """The routes of a fault whose rule names none."""
    if name in SAID + STREAM:
        return TEXT_ROUTES
    if name in ASSET:
        return frozenset({"asset"})
    return frozenset({"media" if name in MEDIA else "result" if name in RESULT else "create"})


_PLAN = TypeAdapter(tuple[Rule, ...])


def parse_plan(text: str | bytes) -> tuple[Rule, ...]:
    """Rules from JSON; pydantic's ValidationError names the rule and the field that is wrong."""
    if text.lstrip()[:1] in ("{", b"{"):
        return TypeAdapter(dict[Literal["rules"], tuple[Rule, ...]]).validate_json(text)["rules"]
    return _PLAN.validate_json(text)


@dataclass
class Chaos:
    """The plan in force and what it has done."""

    seed: int
    rules: tuple[Rule, ...] = ()
    _seen: Counter[tuple[int, str, str]] = field(default_factory=Counter)
    _fired: Counter[tuple[int, str, str]] = field(default_factory=Counter)

    def replace(self, rules: tuple[Rule, ...]) -> None:
        self.rules = rules
        self._seen.clear()
        self._fired.clear()

    def answer_fault(self, occasion: Occasion) -> Hit | None:
        return self._draw("answer", occasion, occasion.fits())

    def fate(self, occasion: Occasion) -> Hit | None:
        """What will become of a job, or of an asset, that is about to be accepted."""
        fates = (*ASSET, "never_ends", "slow") if "asset" in occasion.routes else FATES
        return self._draw("fate", occasion, frozenset(fates))

    def view(self) -> list[dict[str, object]]:
        return [
            rule.model_dump(mode="json", exclude_defaults=True)
            | {"seen": _total(self._seen, index), "fired": _total(self._fired, index)}
            for index, rule in enumerate(self.rules)
        ]

    def _draw(self, category: str, occasion: Occasion, fitting: frozenset[str]) -> Hit | None:
        for index, rule in enumerate(self.rules):
            names = [n for n in rule.names if n in fitting and rule.covers(n, occasion)]
            if names and (hit := self._strike(index, rule, category, occasion, names)):
                return hit
        return None

    def _strike(
        self, index: int, rule: Rule, category: str, occasion: Occasion, names: list[str]
    ) -> Hit | None:
        counter = (index, category, occasion.key if rule.each_job else "")
        self._seen[counter] += 1
        count = self._seen[counter]
        if rule.limit is not None and self._fired[counter] >= rule.limit:
            return None
        # The roll depends on the job and on how often it came by, not on what else goes on.
        mine = (index, f"{category}|roll", f"{sorted(occasion.routes)}|{occasion.key}")
        self._seen[mine] += 1
        chance = (self.seed, *mine, self._seen[mine])
        if not rule.is_turn(count):
            return None
        if rule.probability is not None and seeded.fraction("roll", *chance) >= rule.probability:
            return None
        self._fired[counter] += 1
        name = seeded.choose(names, "which", *chance)
        return Hit(name, rule, self._accepted(name, rule, chance))

    def _accepted(self, name: str, rule: Rule, chance: tuple[object, ...]) -> bool:
        if name in _NEED_ACCEPTANCE or rule.accepted is None:
            return name in _ACCEPTED
        if rule.accepted == "either":
            return seeded.fraction("accepted", *chance) < 0.5
        return rule.accepted


def _total(counts: Counter[tuple[int, str, str]], index: int) -> int:
    return sum(
        count
        for (rule, category, _), count in counts.items()
        if rule == index and not category.endswith("roll")
    )
