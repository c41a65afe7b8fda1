"""What a user does once: save the blocks, with as many jobs at once as the figure asks for."""

from __future__ import annotations

import asyncio
import os

from prefect.client.orchestration import get_client

from benchmarks.arms.program import Places, program
from blocks import GlobalAIOPC
from blocks.saving import DEFAULT, Settings, save_blocks


async def _run(asked: Places) -> Places:
    async with get_client() as client:
        await save_blocks(Settings.from_environment(os.environ), client)
        connection: GlobalAIOPC = await GlobalAIOPC.aload(DEFAULT, client=client)
        places = {f"{kind}_in_flight": asked.limit for kind in ("text", "image", "video")}
        await connection.model_copy(update=places).asave(DEFAULT, overwrite=True, client=client)
    return asked


def work(asked: Places) -> Places:
    return asyncio.run(_run(asked))


if __name__ == "__main__":
    program(Places, work)
