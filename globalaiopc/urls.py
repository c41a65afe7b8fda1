"""Base URLs as people paste them, and the addresses made from them."""

import ipaddress
import logging
import re
from collections.abc import Mapping
from urllib.parse import SplitResult, quote, urlsplit

from globalaiopc.errors import BadBaseURL, PlaintextKey

TEXT_BASE_URL = "http://apillm.globalaiopc.com/gw_llm_power"
MEDIA_BASE_URL = "https://zcbservice.aizfw.cn/kyyReactApiServer"

PLAINTEXT_REFUSED_FROM = "0.3.0"
"""The release that refuses the documented plain http address too, unless that is allowed."""

_TEXT_PREFIX = "gw_llm_power"
_MEDIA_PREFIX = "kyyReactApiServer"
_PREFIX_OF_HOST = {
    "apillm.globalaiopc.com": _TEXT_PREFIX,
    "zcbservice.aizfw.cn": _MEDIA_PREFIX,
}
# Where the path of an endpoint begins, when a whole endpoint was pasted.
_ENDPOINT_STARTS = {"v1", "v2", "asset", "kyyvideo2", "chat", "messages", "responses"}

_logger = logging.getLogger("globalaiopc")
_warned: set[str] = set()


def text_base(url: str) -> str:
    """The base of the text endpoints, ending in no slash; `BadBaseURL` says what is wrong."""
    return _normalise(url, field="text_base_url", prefix=_TEXT_PREFIX, wrong=_MEDIA_PREFIX)


def media_base(url: str) -> str:
    """The base of the media endpoints, ending in no slash; `BadBaseURL` says what is wrong."""
    return _normalise(url, field="media_base_url", prefix=_MEDIA_PREFIX, wrong=_TEXT_PREFIX)


RESULTS: Mapping[str, str] = {"v1": "/v1/result/{id}", "v2": "/v2/model-center/tasks/{id}"}
"""Where a job is looked up, by the version of the API that it was created with."""


def result_path(task_id: str, api: str) -> str:
    """Where a job is looked up. Ids are opaque and may hold spaces and slashes: all is quoted."""
    return RESULTS[api].format(id=quote(task_id, safe=""))


def is_plain(base: str) -> bool:
    """Whether a key sent there can be read on the way; a loopback is nobody's network."""
    parts = urlsplit(base)
    return parts.scheme == "http" and not _is_loopback(parts.hostname or "")


def refuse_plain(base: str, *, field: str) -> None:
    """Raise `PlaintextKey` for a plain http address other than the one that the provider documents.

    That one is warned of until `PLAINTEXT_REFUSED_FROM`.
    """
    if is_plain(base) and base != TEXT_BASE_URL:
        raise PlaintextKey(f"{field} is plain http ({base}): the API key would travel unencrypted.")


def warn_if_plain(base: str) -> None:
    """Say once per process that the key travels in the clear."""
    if not is_plain(base) or _warned:
        return
    _warned.add(base)
    _logger.warning(
        "The API key travels unencrypted: %s is plain http, as the provider documents it. "
        "If the provider offers you an https address, set GLOBALAIOPC_TEXT_BASE_URL to it "
        "(or text_base_url of the GlobalAIOPC block). From release %s on plain http is refused "
        "unless GLOBALAIOPC_ALLOW_PLAINTEXT_KEY=true (allow_plaintext_key of the block).",
        base,
        PLAINTEXT_REFUSED_FROM,
    )


def _normalise(url: str, *, field: str, prefix: str, wrong: str) -> str:
    parts = _split(url.strip(), field)
    host = parts.netloc.lower()
    segments = [segment for segment in parts.path.split("/") if segment]
    lowered = [segment.lower() for segment in segments]
    if wrong.lower() in lowered:
        raise BadBaseURL(
            f"{field} is the address of the other kind of endpoint: it ends in {wrong}, "
            f"{field} ends in {prefix}."
        )
    if prefix.lower() in lowered:
        # Everything after the prefix is an endpoint's path, or the prefix a second time.
        kept = [*segments[: lowered.index(prefix.lower())], prefix]
    else:
        ends = [i for i, segment in enumerate(lowered) if segment in _ENDPOINT_STARTS]
        kept = segments[: ends[0]] if ends else segments
        if not kept and _PREFIX_OF_HOST.get(parts.hostname or "") == prefix:
            kept = [prefix]
    return f"{parts.scheme.lower()}://" + "/".join([host, *kept])


def _split(url: str, field: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        well_formed = bool(parts.hostname) and parts.port != 0
    except ValueError:
        well_formed = False
    if not url or not re.match(r"https?://", url, re.IGNORECASE):
        raise BadBaseURL(f"{field} must start with https:// or http://.")
    if not well_formed or re.search(r"[\s<>\"\\^`|]", url):
        raise BadBaseURL(f"{field} is not a web address.")
    if "@" in parts.netloc:
        raise BadBaseURL(f"{field} must not hold a user name or a password.")
    if parts.query or parts.fragment:
        raise BadBaseURL(f"{field} must not hold a query (?) or a fragment (#).")
    return parts


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
