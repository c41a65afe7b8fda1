"""A list of briefs that was refused, where a person sees all of it."""

from flows.artifacts import show_table
from flows.cells import cell, escaped
from flows.errors import SHOWN_PROBLEMS, BadBriefs, BriefProblem


async def show_problems(batch_id: str, error: BadBriefs) -> None:
    """Put the problems into the UI as the table `problems-{batch_id}`, at most 1,000 of them.

    Nothing when the state's own message holds them all.
    """
    if len(error.problems) <= SHOWN_PROBLEMS:
        return
    rest = "\n".join(f"- {escaped(cell(str(kind)))}" for kind in error.others)
    more = f"\n\nBeyond the first {len(error.problems):,}:\n\n{rest}" if rest else ""
    description = f"What is wrong with the briefs of {batch_id}; nothing was sent.{more}"
    await show_table(
        "problems", batch_id, [problem_row(one) for one in error.problems], description
    )


def problem_row(problem: BriefProblem) -> dict[str, str]:
    """For a table."""
    return {
        "row": str(problem.row or ""),
        "line": str(problem.line or ""),
        "id": cell(problem.id or ""),
        "field": cell(problem.field),
        "problem": cell(problem.message),
        "allowed": cell(problem.allowed),
    }
