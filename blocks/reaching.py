"""What a person is told when the Prefect server cannot be asked."""

import asyncio
import sys
from collections.abc import Coroutine
from urllib.parse import urlsplit

import httpx
from prefect.settings import get_current_settings

from globalaiopc.errors import ConfigurationError


def exit_code(work: Coroutine[None, None, int]) -> int:
    """Of a program that does this work: its own, 2 for bad settings, 1 without a server.

    What went wrong goes to standard error, in a sentence.
    """
    try:
        return asyncio.run(work)
    except ConfigurationError as error:
        sys.stderr.write(f"{error.message} {error.advice}".strip() + "\n")
        return 2
    except (httpx.HTTPError, OSError) as error:
        sys.stderr.write(unreachable(error) + "\n")
        return 1
    except (RuntimeError, ValueError) as error:
        if not is_without_server(error):
            raise
        sys.stderr.write(WITHOUT_SERVER + "\n")
        return 1


WITHOUT_SERVER = (
    "PREFECT_API_URL is not set, and no temporary Prefect server answered in time. Start one that "
    "stays: `prefect server start`; then, where this is run, "
    "`export PREFECT_API_URL=http://127.0.0.1:4200/api`."
)


def is_without_server(error: BaseException) -> bool:
    """Whether Prefect's client was told of no server and has not got one of its own to run.

    Prefect has no type for that. Its error carries all that its server has printed.
    """
    said = str(error)
    return "ephemeral Prefect API server" in said or said.startswith("No Prefect API URL")


def unreachable(error: Exception) -> str:
    """One sentence: which server, how it failed, and what to do."""
    parts = urlsplit(get_current_settings().api.url or "")
    where = f" at {parts.scheme}://{parts.hostname}:{parts.port}" if parts.hostname else ""
    if isinstance(error, httpx.HTTPStatusError):
        how = f"answered HTTP {error.response.status_code}"
    else:
        how = f"does not answer ({type(error).__name__})"
    return (
        f"The Prefect server{where} {how}: start it with `prefect server start`, or correct "
        "PREFECT_API_URL."
    )
