"""How every task of this package is declared: no cache, no stored result, retries only if free.

Prefect's task retries are the one layer that tries a step again. The client sends a create once,
the flows have no retries of their own, and a result is never kept by Prefect: receipts are.
"""

from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeAlias, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

from globalaiopc import GlobalAIOPCError, InvalidRequest
from ledger import StoreError
from tasks.landing import NotStored
from tasks.orders import Bought, Order
from tasks.paid import buy
from tasks.private import withholding
from tasks.studio import Studio

P = ParamSpec("P")
R = TypeVar("R")

PaidTask: TypeAlias = Task[[Studio, Order], Coroutine[Any, Any, Bought]]

DELAYS = (1.0, 5.0, 20.0, 60.0, 120.0)
"""Seconds before each retry: more than three minutes in all, an outage of a bucket or a provider.

A 429's own Retry-After is kept by the client's shared cool-down.
"""


def retry_is_free(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Prefect's `retry_condition_fn`: the error's own answer."""
    return isinstance(state.data, GlobalAIOPCError) and heals_by_itself(state.data)


def heals_by_itself(error: GlobalAIOPCError) -> bool:
    """Whether a step that failed with it is tried again: it is free, and nobody has to act first.

    A bucket that does not answer is an operator's business only when that lasts: it is waited for.
    """
    if not error.retry_is_free:
        return False
    return error.who_acts == "nobody" or isinstance(error, StoreError | NotStored)


def api_task(
    *, name: str, run_name: str, description: str
) -> Callable[[Callable[P, Coroutine[Any, Any, R]]], Task[P, Coroutine[Any, Any, R]]]:
    """Declare a coroutine as a Prefect task under this project's rules.

    Without tags: for a tagged run Prefect asks its server for the tags' concurrency slots, whether
    or not anybody has limited them, and so needs it before every paid job. How much is under way at
    once is the connection's to say.
    """
    declared = task(
        name=name,
        task_run_name=run_name,
        description=description,
        cache_policy=NO_CACHE,
        persist_result=False,
        retries=len(DELAYS),
        retry_delay_seconds=list(DELAYS),
        retry_jitter_factor=0.5,
        retry_condition_fn=retry_is_free,
    )
    return lambda call: declared(withholding(call))


def paid_task(endpoint: str, path: str, makes: str) -> PaidTask:
    """Declare the task of one paid endpoint: buy its job, or continue the one bought already.

    It is called with a `Studio` and an `Order`, and raises what `tasks.paid.buy` raises; an order
    of another endpoint is an `InvalidRequest`.
    """

    async def bought(studio: Studio, order: Order) -> Bought:
        if order.request.endpoint != endpoint:
            raise InvalidRequest(
                f"{order.model} is made by {order.request.endpoint}, not by {endpoint}.",
                field="model",
                allowed=order.request.endpoint,
            )
        return await buy(studio, order)

    # Prefect tells tasks apart by their function's name.
    bought.__name__ = bought.__qualname__ = endpoint
    return api_task(
        name=endpoint,
        run_name="{order.label}",
        description=f"POST {path}, then wait for the {makes}. Pays at most once.",
    )(bought)
