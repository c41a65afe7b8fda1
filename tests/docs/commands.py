"""The commands of the docs, as a shell would read them, and the files that pages have one save."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

DOCS = ROOT / "docs"
PROGRAMS = ("make", "python", "prefect", "export", "docker", "aws", "pip", "cp", "apt-get")
"""A fence that names no language is a shell's when a line of it begins with one of these."""

SHELL = frozenset({"sh", "bash"})
# Of what stands in a sentence, only what is plainly a command, and not the name of a program.
_INLINE = re.compile(r"(?:[A-Z_]+=\S* )?(?:python -m|make|prefect|docker|aws|pip|apt-get) .+")
_FENCE = re.compile(r"^ *```(?P<language>\w*)(?P<more>.*)$")
_PLACEHOLDER = re.compile(r"<[A-Z]+>")
_ID = "00000000-0000-0000-0000-000000000000"
_ASSIGNED = re.compile(r"[A-Z][A-Z_0-9]*=.*")
_ENDS = frozenset(";&|()\n")


@dataclass(frozen=True)
class Fence:
    """A fenced block; `line` is that of its first line in the page, `title` the file's name."""

    line: int
    language: str
    text: str
    title: str = ""

    @property
    def shell(self) -> str:
        """What of it a person types."""
        if self.language in ("console", "text"):
            typed = [line[2:] for line in self.text.splitlines() if line.startswith("$ ")]
            return "\n".join(typed)
        begins = any(line.split(" ")[0] in PROGRAMS for line in _bare(self.text).splitlines())
        return self.text if self.language in SHELL or (not self.language and begins) else ""


@dataclass(frozen=True)
class Command:
    """`settings` are the variables before it. `python` stands for `.venv/bin/python` as well."""

    where: str
    words: tuple[str, ...]
    settings: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.where}: {shlex.join(self.words)}"


def pages() -> list[Path]:
    return [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def fences(text: str) -> Iterator[Fence]:
    """The fenced blocks in order, without the indentation that a list gives them."""
    opened: tuple[int, re.Match[str]] | None = None
    lines: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        fence = _FENCE.match(line)
        if fence and opened is None:
            opened, lines = (number + 1, fence), []
        elif fence and opened is not None:
            title = re.search(r'title="([^"]+)"', opened[1]["more"])
            indent = len(line) - len(line.lstrip())
            body = "\n".join(one[indent:] for one in lines)
            yield Fence(opened[0], opened[1]["language"], body, title[1] if title else "")
            opened = None
        else:
            lines.append(line)
    assert opened is None, f"line {opened and opened[0]}: this fence is never closed"


def commands(text: str, name: str) -> Iterator[Command]:
    """All that a page has a person type: in fences, and in sentences."""
    covered = set[int]()
    for fence in fences(text):
        covered.update(range(fence.line, fence.line + fence.text.count("\n") + 1))
        yield from parsed(fence.shell, f"{name}:{fence.line}")
    for number, line in enumerate(text.splitlines(), 1):
        if number not in covered:
            for code in re.findall(r"`([^`]+)`", line):
                if _INLINE.fullmatch(code):
                    yield from parsed(code, f"{name}:{number}")


def parsed(script: str, where: str) -> Iterator[Command]:
    """The commands of a script; redirections and comments are left out."""
    for line in _whole_lines(_PLACEHOLDER.sub(_ID, _bare(script))):
        words: list[str] = []
        for word in [*_words(line), "\n"]:
            if not set(word) <= _ENDS:
                words.append(word)
            elif words:
                yield _command(words, where)
                words = []


def _command(words: list[str], where: str) -> Command:
    settings = []
    while words and _ASSIGNED.fullmatch(words[0]):
        settings.append(words.pop(0))
    if ">" in words:
        words = words[: words.index(">")]
    return Command(where, tuple(words), tuple(settings))


def _bare(script: str) -> str:
    """Without the folder in which the programs of an environment lie."""
    return script.replace(".venv/bin/p", "p")


def _whole_lines(script: str) -> Iterator[str]:
    """Lines that belong together as one: after a backslash, or within quotes."""
    kept = ""
    for line in script.splitlines():
        kept = f"{kept}\n{line}" if kept else line
        if kept.endswith("\\"):
            kept = kept[:-1]
            continue
        try:
            shlex.split(kept, comments=True)
        except ValueError:
            continue
        yield kept.replace("\n", " ") if "'" not in kept and '"' not in kept else kept
        kept = ""
    assert not kept, f"a quotation is never closed: {kept}"


def _words(line: str) -> list[str]:
    reader = shlex.shlex(line, posix=True, punctuation_chars=";&|()<>")
    reader.whitespace_split = True
    return list(reader)
