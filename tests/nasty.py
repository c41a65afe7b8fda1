"""What others may write, everywhere where they can: one list for every place that shows it."""

SCRIPTS = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</title></style></textarea><svg onload=alert(1)>",
    "<img src=http://evil.example/x onerror=alert(1)>",
    "<!--<img src=x onerror=alert(1)>-->",
    "]]><script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#60;b&#62;",
    '" onmouseover="alert(1)" x=\'',
    "{{script}} {title} %s %(x)s ${7*7} {{7*7}}",
)
LINKS = (
    "[click](javascript:alert(1))",
    "javascript:alert(1)",
    "![](http://evil.example/x.png)",
    "![x][1]\n\n[1]: http://evil.example/x.png",
    "\\![x](http://evil.example/x.png)",
    "\\\\[x](http://evil.example)",
    "http://evil.example/?k=canary www.evil.example a@evil.example <https://evil.example>",
    "ftp://evil.example/x https://evil.example/x|y",
)
MARKS = (
    "a | b | ![](http://evil.example/x.png) |",
    "`code` ``two`` ```three",
    "` | ![](http://evil.example/x.png) | `",
    '```mermaid\ngraph TD; click A "javascript:alert(1)"\n```',
    "# heading\n## another",
    "1. one\n2. two",
    "12) twelve",
    "- list\n* list\n+ list",
    "> quoted\n---\n===",
    "**bold** _thin_ ~~gone~~ $x^2$ :smile: - [ ] task",
    "    indented\n\ttabbed",
)
TERMINAL = (
    "\x1b[2J\x1b]0;owned\x07\x1b]8;;http://evil.example\x07link\x1b]8;;\x07",
    "\x9b31m\x90q\x9c",
    "[red]x[/red] [link=http://evil.example]y[/link] [/] :smile:",
    "a\r\nb\x0bc\x0cd\x85e\u2028f\u2029g",
    "2026-01-01 00:00:00 | ERROR | forged\n2026-01-01 | CRITICAL | forged",
    "invoice\u202egnp.exe \u2066x\u2069 \u200f\u061c\ufeff",
    "\U000e0041\U000e0042 tags",
    "nul\x00 bell\x07 back\x08 del\x7f",
)
HALVES = ("half \ud83d", "\udcff surrogateescape", "\ud800\ud800")
PATHS = (
    "../..",
    "../../etc/passwd",
    "a/../../b",
    "/etc/passwd",
    "..\\..\\x",
    ".",
    "",
    "C:\\x",
    "~/x",
)
FORMULAS = (
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1+1",
    "\r=1+1",
    " =1+1",
    "\uff1d1+1",
    "\uff0b1 \uff0d1",
    "x;=1+1",
    'x\n=HYPERLINK("http://evil.example","y")',
    'a","=1+1',
)
LONG = tuple(sign * 100_000 for sign in ("x", "[", "\\"))

BRIEF = (*SCRIPTS, *LINKS, *MARKS, *TERMINAL, *HALVES, *PATHS, *FORMULAS)
NASTY = (*BRIEF, *LONG)

UNSEEN = frozenset(
    {
        *map(chr, (*range(0x0A), *range(0x0B, 0x20), *range(0x7F, 0xA0))),
        *"\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff",
        *map(chr, range(0xD800, 0xE000)),
        *map(chr, range(0xE0000, 0xE0080)),
    }
)
"""What no screen and no log is given: control characters, marks of direction, halves, tags."""


def short(text: str) -> str:
    """For a test's name."""
    return ascii(text[:24])
