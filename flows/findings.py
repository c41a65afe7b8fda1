"""What is wrong with a list of briefs, however long: the first by name, the rest counted."""

import re
from collections import Counter
from collections.abc import Iterable

from flows.errors import BadBriefs, BriefProblem, ProblemKind

LISTED = 1_000
_KINDS = 100
_REASON = 160
# What differs from row to row in messages that say the same: quoted values, and numbers.
_VARIES = re.compile(r"""(?<!\w)"[^"]*"|(?<!\w)'[^']*'|\d[\d,.]*\b""")
_REST = ("", "problems of other kinds")


class Findings:
    """Problems as they are found: about 1 MB of them at most.

    The first 1,000 are kept whole. The others are counted by field and reason, in at most 100
    kinds and one for whatever is left.
    """

    def __init__(self) -> None:
        self._listed: list[BriefProblem] = []
        self._others: Counter[tuple[str, str]] = Counter()

    def __bool__(self) -> bool:
        return bool(self._listed)

    def add(self, problems: Iterable[BriefProblem]) -> None:
        for problem in problems:
            if len(self._listed) < LISTED:
                self._listed.append(problem)
            else:
                kind = (problem.field[:_REASON], _VARIES.sub("…", problem.message)[:_REASON])
                known = kind in self._others or len(self._others) < _KINDS
                self._others[kind if known else _REST] += 1

    def error(self) -> BadBriefs:
        """All of it as one refusal, the most frequent kinds first."""
        others = (
            ProblemKind(field=field, reason=reason, count=count)
            for (field, reason), count in self._others.most_common()
        )
        return BadBriefs(self._listed, tuple(others))
