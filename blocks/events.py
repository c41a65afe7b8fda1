"""The events that a batch sends to Prefect, and what automations know them by.

A batch sends each at most once in a run, however many briefs it has; a shard may send the second to
the fourth as well. None holds a secret, an address or a prompt. The resource of all is
`globalaiopc.batch.<name>`, named after the batch; Prefect adds the run, its flow and its tags.
"""

from typing import Literal

BEGUN = "globalaiopc.batch.begun"
LANDED = "globalaiopc.batch.landed"
"""The first brief that landed in a run."""
BUDGET_REACHED = "globalaiopc.budget.reached"
JOB_UNKNOWN = "globalaiopc.job.unknown"
ENDED = "globalaiopc.batch.ended"
"""With the counts and the money of report.json, and the `VERDICT`."""

VERDICT = "globalaiopc.verdict"
Verdict = Literal["all", "some", "none", "waiting"]
"""How much landed; `waiting`: for a person's word, and so not ended for good."""

TAG = "globalaiopc"
"""Of all deployments in prefect.yaml: automations look at runs with it."""


def batch_resource(batch_id: str) -> str:
    return f"globalaiopc.batch.{batch_id}"
