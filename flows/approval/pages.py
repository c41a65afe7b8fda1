"""A sheet for the eye: markdown for Prefect's UI, and a page of HTML that stands by itself."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from flows.approval.records import Answered, Row
from flows.approval.thumbs import Thumbs
from flows.approval.words import HOW, Facts
from flows.cells import cell, escaped

_PROMPT = 140


def markdown(facts: Facts, thumbs: Mapping[int, Thumbs]) -> str:
    """For an artifact and for the form in which the sheet is answered."""
    # Three columns: the dialog in which a run is resumed is no wider.
    rows = [
        f"| **{row.number}** | {_picture(row, thumbs)} | {_prompts(row)}<br>"
        f"**{escaped(facts.cost(row))}**: {escaped(facts.asked(row))} |"
        for row in facts.sheet.rows
    ]
    table = ["| | picture | prompts, and what the video costs |", "| --- | --- | --- |", *rows]
    how = [f"- `{word}`: {meaning}" for word, meaning in HOW]
    name = facts.page.rpartition("/")[2]
    parts = [
        f"# {escaped(facts.title)}",
        f"**The last reply was refused, and nothing was spent by it.** {escaped(facts.refusal)}"
        if facts.refusal
        else "",
        f"**{escaped(facts.waits)}** {escaped(facts.budget)}",
        "\n".join(table),
        f"The reply names the numbers of this sheet ({facts.numbers}):",
        "\n".join(how),
        f"The same with larger pictures: `aws s3 cp {facts.page} .`, then open `{name}`.",
    ]
    return "\n\n".join(part for part in parts if part)


def answered(batch_id: str, history: Sequence[Answered]) -> str:
    """What the artifact says once no sheet of the batch waits: who decided what, and when."""
    rows = [
        f"| {answer.sheet} | {escaped(cell(answer.reply))} | {escaped(answer.by)} | "
        f"{answer.at:%Y-%m-%d %H:%M:%S} | {len(answer.approved)} | {len(answer.declined)} | "
        f"{len(answer.again)} |"
        for known in history
        if (answer := known.answer) is not None
    ]
    head = [
        "| sheet | reply | to the run | UTC | approved | declined | again |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    title = f"# No sheet of batch {escaped(batch_id)} waits"
    return "\n\n".join([title, "\n".join([*head, *rows])])


def _picture(row: Row, thumbs: Mapping[int, Thumbs]) -> str:
    small = thumbs[row.number].small if row.number in thumbs else ""
    if small:
        return f"![{row.number}]({small})"
    return "without a picture" if row.picture is None else "see the page"


def _prompts(row: Row) -> str:
    parts = [f"`{row.id}`", *(escaped(cell(text, _PROMPT)) for text in row.words)]
    if row.note:
        parts.append(f"**{escaped(cell(row.note))}**")
    return "<br>".join(part for part in parts if part)


def html(facts: Facts, thumbs: Mapping[int, Thumbs]) -> str:
    """One file without a reference to anything else, for a screen of any size, light or dark."""
    how = "".join(
        f"<dt><code>{escape(word)}</code></dt><dd>{escape(meaning)}</dd>" for word, meaning in HOW
    )
    cards = "".join(_card(facts, row, thumbs) for row in facts.sheet.rows)
    return _PAGE.format(
        title=escape(facts.title),
        waits=escape(facts.waits),
        budget=escape(facts.budget),
        numbers=escape(facts.numbers),
        how=how,
        cards=cards,
    )


def _card(facts: Facts, row: Row, thumbs: Mapping[int, Thumbs]) -> str:
    page = thumbs[row.number].page if row.number in thumbs else ""
    alt = escape(f"Picture {row.number}: {''.join(row.words[:1])}"[:200], quote=True)
    picture = f'<img src="{page}" alt="{alt}">' if page else '<p class="none">No picture</p>'
    told = "".join(f"<p>{escape(text)}</p>" for text in _told(row))
    return (
        f'<li><figure>{picture}<figcaption><b class="number">{row.number}</b> '
        f"<code>{escape(row.id)}</code>{told}<p class=money>{escape(facts.asked(row))}: "
        f"<b>{escape(facts.cost(row))}</b></p></figcaption></figure></li>"
    )


def _told(row: Row) -> Iterator[str]:
    yield from (text for text in (*row.words, row.note) if text)


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \
style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --line: light-dark(#d5d8dd, #3a3f47);
  --quiet: light-dark(#565c66, #a7adb8); --paper: light-dark(#fff, #15181d);
  --card: light-dark(#f6f7f9, #1e2228); }}
body {{ margin: 0 auto; padding: 1rem; max-width: 90rem; background: var(--paper);
  font: 16px/1.45 system-ui, sans-serif; }}
h1 {{ font-size: 1.4rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; }}
dd {{ margin: 0; color: var(--quiet); }}
ol {{ list-style: none; margin: 1.5rem 0; padding: 0; display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(min(17rem, 100%), 1fr)); }}
figure {{ margin: 0; height: 100%; border: 1px solid var(--line); border-radius: .5rem;
  overflow: hidden; background: var(--card); }}
img {{ display: block; width: 100%; height: auto; }}
.none {{ margin: 0; padding: 3rem 1rem; text-align: center; color: var(--quiet); }}
figcaption {{ padding: .75rem; overflow-wrap: anywhere; }}
figcaption p {{ margin: .4rem 0 0; font-size: .9rem; }}
.number {{ font-size: 1.25rem; }}
.money {{ color: var(--quiet); }}
@media (max-width: 36rem) {{ dl {{ display: block; }} dd {{ margin: 0 0 .5rem; }} }}
</style></head><body>
<h1>{title}</h1>
<p><b>{waits}</b> {budget}</p>
<p>Answer it in Prefect's UI: open the run, press Resume. The numbers of this sheet are {numbers}.
</p>
<dl>{how}</dl>
<ol>{cards}</ol>
</body></html>
"""
