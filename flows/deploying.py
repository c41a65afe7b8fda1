"""What `prefect deploy` leaves to the people who use the UI.

By itself it would switch a schedule off again that somebody has switched on, since prefect.yaml has
to say `active: false`; and it would delete all schedules that people have added, once one of the
deployment's has no slug, as those have none that are made in the UI.
"""

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound


def keep_schedules(deployment: str, slugs: list[str]) -> dict[str, bool]:
    """Prefect build step: which schedules of a deployment ("flow/name") are switched on.

    `slugs` are those of prefect.yaml; one that is not on the server yet is off. The schedules that
    people have added get a slug, with which `prefect deploy` leaves them as they are.
    """
    off = dict.fromkeys(slugs, False)
    with get_client(sync_client=True) as client:
        try:
            found = client.read_deployment_by_name(deployment)
        except ObjectNotFound:
            return off
        _give_slugs(client, found)
        return off | {one.slug: one.active for one in found.schedules if one.slug in off}


def _give_slugs(client: SyncPrefectClient, deployment: DeploymentResponse) -> None:
    for one in deployment.schedules:
        if not one.slug:
            client.update_deployment_schedule(
                deployment.id, one.id, active=one.active, slug=f"added-{str(one.id)[:8]}"
            )
