"""`python -m blocks.automations` has Prefect tell people of trouble; `--remove` takes that back.

Environment, at least one of: NOTIFY_SLACK_WEBHOOK, NOTIFY_WEBHOOK, NOTIFY_EMAIL (addresses, with
NOTIFY_EMAIL_FROM and NOTIFY_SENDGRID_API_KEY). Optional: NOTIFY_NOTHING_LANDED_MINUTES (120) and
NOTIFY_LATE_MINUTES (10). PREFECT_API_URL says where.

Automations are known by their names. Running it again changes what differs and nothing else: one
that somebody has paused stays paused, and those of other people are not touched.

Exit codes: 0 done; 1 the server cannot be reached; 2 bad settings.
"""

import os
import sys
from collections.abc import Sequence
from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.events.schemas.automations import Automation, AutomationCore

from blocks.notices import Patience, automations
from blocks.reaching import exit_code
from blocks.saving import Saved, save_block
from blocks.targets import Target, patience_of, targets_of

USAGE = "Usage: python -m blocks.automations [--remove]\n"


def main(arguments: Sequence[str]) -> int:
    if list(arguments) not in ([], ["--remove"]):
        sys.stderr.write(USAGE)
        return 2
    return exit_code(_remove() if arguments else _save())


async def _save() -> int:
    targets, patience = targets_of(os.environ), patience_of(os.environ)
    async with get_client() as client:
        for saved in await save_automations(client, targets, patience):
            sys.stdout.write(f"{saved.outcome:<9}  {saved.block}\n")
    return 0


async def _remove() -> int:
    async with get_client() as client:
        for name in await remove_automations(client):
            sys.stdout.write(f"removed    {name}\n")
    return 0


async def save_automations(
    client: PrefectClient, targets: Sequence[Target], patience: Patience
) -> tuple[Saved, ...]:
    """Save the notification blocks, then every automation that differs from what is stored."""
    saved: list[Saved] = []
    blocks: list[UUID] = []
    for target in targets:
        _, one = await save_block(client, target.name, target.kind, target.values)
        slug = target.kind.get_block_type_slug()
        document = await client.read_block_document_by_name(target.name, slug)
        blocks.append(document.id)
        saved.append(one)
    for wanted in automations(blocks, patience):
        saved.append(await _save_one(client, wanted))
    return tuple(saved)


async def remove_automations(client: PrefectClient) -> tuple[str, ...]:
    """Delete ours, whatever they send to; the names of those that were there."""
    removed: list[str] = []
    for ours in automations((), Patience()):
        for one in await client.read_automations_by_name(ours.name):
            await client.delete_automation(one.id)
            removed.append(one.name)
    return tuple(removed)


async def _save_one(client: PrefectClient, wanted: AutomationCore) -> Saved:
    name = f"automation/{wanted.name}"
    stored = await client.read_automations_by_name(wanted.name)
    if not stored:
        await client.create_automation(wanted)
        return Saved(name, "created")
    # Made twice, by two that ran this at once: people would be told twice.
    for surplus in stored[1:]:
        await client.delete_automation(surplus.id)
    wanted = wanted.model_copy(update={"enabled": stored[0].enabled})
    if _same(stored[0], wanted):
        return Saved(name, "unchanged")
    await client.update_automation(stored[0].id, wanted)
    return Saved(name, "updated")


def _same(stored: Automation, wanted: AutomationCore) -> bool:
    return AutomationCore.model_validate(stored.model_dump()) == wanted


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
