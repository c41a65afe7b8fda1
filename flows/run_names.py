"""How a flow run is called, and what it gives a batch its name from."""

import re
from datetime import UTC, datetime

from prefect.runtime import flow_run

from flows.names import batch_id_for
from flows.work import Named
from globalaiopc.errors import InvalidRequest
from ledger.receipt import check_id

_MADE_UP = re.compile(r"[a-z]+\d*(-[a-z]+){1,2}")
"""What Prefect (wise-otter) and its run form (lambda68-maleda-q) call a run that nobody named."""


def this_batch(template: str | None, timezone: str | None = None) -> str:
    """The batch id of this run: `template` filled from the scheduled time, or the run's own name.

    The run's name alone can come again some day, and then two batches would be one: a part of its
    id is added. A retry of the run has the same name and id, and so continues the batch.
    """
    scheduled = flow_run.get_scheduled_start_time() or datetime.now(UTC)
    fallback = f"{flow_run.get_name()}-{str(flow_run.get_id())[:8]}"
    return batch_id_for(template, scheduled=scheduled, fallback=fallback, timezone=timezone)


def name_of_brief() -> str:
    """Of a run that makes one brief: `batch/brief`, its folder (Prefect's `flow_run_name`)."""
    brief: Named = flow_run.get_parameters()["brief"]
    batch = _told_batch()
    try:
        check_id(brief.id, "id")
    except InvalidRequest:  # likewise refused by the flow, and no name of a run
        return batch or str(flow_run.get_name())
    return f"{batch}/{brief.id}" if batch else brief.id


def name_of_batch() -> str:
    """Of a run that makes a batch: the batch's name, unless somebody has named the run."""
    name = str(flow_run.get_name())
    return (_told_batch() or name) if _MADE_UP.fullmatch(name) else name


def _told_batch() -> str | None:
    given = flow_run.get_parameters()
    if not given.get("batch_id"):
        return None
    try:
        return this_batch(given["batch_id"], given.get("timezone"))
    except InvalidRequest:  # which the flow refuses in its own words
        return None
