"""The table of metrics in docs/observability.md; `python -m tests.metrics_table` writes it anew."""

from tasks.instruments import INSTRUMENTS
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "observability.md"
BEGIN, END = "<!-- metrics: begin -->\n", "<!-- metrics: end -->\n"


def table() -> str:
    """From the instruments that really exist."""
    rows = [
        f"| `{one.name}` | {one.kind} | {one.unit} | "
        f"{', '.join(f'`{name}`' for name in one.attributes) or 'nothing'} | "
        f"{one.description} |"
        for one in INSTRUMENTS.values()
    ]
    return "\n".join(["| metric | kind | unit | split by | what |", "|" + " --- |" * 5, *rows, ""])


def with_table(page: str) -> str:
    """The page with the table as it is now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text("utf-8")), "utf-8")
