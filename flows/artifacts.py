"""What a run leaves in the UI, under names that its next run takes again."""

import re
from collections.abc import Sequence

from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact

from flows.cells import shown_as_markdown
from flows.orchestration import server_is_back


async def show_table(
    kind: str, batch_id: str | None, rows: Sequence[dict[str, str]], description: str
) -> None:
    """Put `rows` into the UI as the artifact `{kind}-{batch_id}`; `description` is markdown.

    The rows are text, and stay so: what they hold fetches nothing and links nowhere.

    It is a run's last word before its end, so it waits for a Prefect server that is away.
    """
    await server_is_back()
    table = [{name: shown_as_markdown(text) for name, text in row.items()} for row in rows]
    key = artifact_key(kind, batch_id)
    await acreate_table_artifact(key=key, table=table, description=description)


async def show_page(kind: str, batch_id: str, page: str) -> None:
    """Put a page of markdown into the UI, likewise."""
    await server_is_back()
    await acreate_markdown_artifact(key=artifact_key(kind, batch_id), markdown=page)


def artifact_key(kind: str, batch_id: str | None) -> str:
    """Prefect's keys hold only lower-case letters, digits and dashes."""
    return re.sub("[^a-z0-9]+", "-", f"{kind}-{batch_id or ''}".lower()).strip("-")
