"""The words of a private brief: no log, state or report is told of them, whoever quotes them.

The bucket has to keep them, or the brief could not be continued: `script.json` and the receipts.
What is said of the brief elsewhere passes through here, for as long as the brief is made.
"""

from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from globalaiopc import GlobalAIOPCError

P = ParamSpec("P")
R = TypeVar("R")

QUOTED = 12
"""So many characters in a row that are those of a private text are a quotation of it."""
SHORTEST = 4
"""A private text below that is any word."""

_words: ContextVar[set[str] | None] = ContextVar("private_words", default=None)


@contextmanager
def private(texts: Iterable[str | None], *, when: bool = True) -> Iterator[None]:
    """Within it, nothing that is raised or said quotes these texts, nor those of `keep_private`."""
    token = _words.set(set() if when else None)
    try:
        keep_private(*texts)
        yield
    finally:
        _words.reset(token)


def keep_private(*texts: str | None) -> None:
    """Add what was written for the brief, if that is private."""
    if (words := _words.get()) is not None:
        words.update(_plain(text) for text in texts if text and len(text) >= SHORTEST)


def is_private() -> bool:
    """Whether a private brief is being made."""
    return _words.get() is not None


def without_words(text: str) -> str:
    """The text with "…" for whatever it quotes of what is private."""
    words = _words.get()
    if not words:
        return text
    plain = text.casefold()
    if len(plain) != len(text):  # a letter that is longer in lower case: places would not agree
        plain = text.lower() if len(text.lower()) == len(text) else text
    hidden = bytearray(len(text))
    for word in words:
        size = min(QUOTED, len(word))
        for at in range(len(plain) - size + 1):
            if _squeezed(plain[at : at + size]) in word:
                hidden[at : at + size] = b"\x01" * size
    parts: list[str] = []
    for at, character in enumerate(text):
        if not hidden[at]:
            parts.append(character)
        elif not at or not hidden[at - 1]:
            parts.append("…")
    return "".join(parts)


def withhold(error: GlobalAIOPCError) -> None:
    """Take what is private out of an error, and out of what its traceback would show."""
    if not is_private():
        return
    error.message = without_words(error.message)
    error.advice = without_words(error.advice)
    error.args = (error.message,)
    error.__cause__ = error.__context__ = None


def withholding(
    call: Callable[P, Coroutine[Any, Any, R]],
) -> Callable[P, Coroutine[Any, Any, R]]:
    """The same coroutine function, whose errors quote nothing private: Prefect logs them."""

    @wraps(call)
    async def withheld(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await call(*args, **kwargs)
        except GlobalAIOPCError as error:
            withhold(error)
            raise
        except Exception as error:
            if not is_private():
                raise
            raise RuntimeError(f"{type(error).__name__}, of a private brief") from None

    return withheld


def _plain(text: str) -> str:
    return _squeezed(" ".join(text.casefold().split()))


def _squeezed(text: str) -> str:
    """As text looks after it has been made one line."""
    return text.replace("\n", " ").replace("\t", " ")
