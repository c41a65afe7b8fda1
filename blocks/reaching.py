"""What a person is told when the Prefect server cannot be asked."""

from urllib.parse import urlsplit

import httpx
from prefect.settings import get_current_settings


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
