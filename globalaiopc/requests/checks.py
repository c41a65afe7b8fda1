"""What requests refuse, whatever the model. Each raises `InvalidRequest` that names the field."""

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from globalaiopc.errors import InvalidRequest

_QUOTED = 80
_ON_THE_WEB = ("http://", "https://")
_IN_A_LIBRARY = ("asset://", "assetId://")
"""The spellings of the older and of the newer libraries (docs: asset-management; integrators)."""


def check_addresses(
    addresses: tuple[str, ...], field: str, *, inline: bool = False, assets: bool = True
) -> None:
    """Refuse what the provider's server cannot fetch: a file, a blank, base64 (E12).

    `inline` lets base64 text (`data:`) pass, `assets` a reference to the provider's library.
    """
    for number, url in enumerate(addresses, start=1):
        if inline and url.startswith("data:"):
            continue
        schemes = (*_ON_THE_WEB, *_IN_A_LIBRARY) if assets else _ON_THE_WEB
        if not (url.startswith(schemes) and _has_a_host(url)):
            # The URL itself may be presigned, so only its number is named.
            raise InvalidRequest(
                f"Reference {number} in {field} is not a web address that the provider can fetch.",
                field=field,
                allowed="http:// or https:// URLs",
            )


def _has_a_host(url: str) -> bool:
    if any(character.isspace() for character in url):
        return False
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False


def check_plain(url: str, field: str) -> None:
    """Refuse an address with other letters than ASCII (docs: no Chinese characters in it)."""
    if not url.isascii():
        raise InvalidRequest(
            f"The address in {field} may not hold Chinese characters; percent-encode them.",
            field=field,
        )


def check_said(text: str, field: str) -> None:
    """Refuse a text that is missing or blank."""
    if not text.strip():
        raise InvalidRequest(f"The {field} is empty.", field=field)


def check_one_of_two(one: object, other: object, names: tuple[str, str]) -> None:
    """Refuse two names for one thing."""
    if one not in (None, "", ()) and other not in (None, "", ()):
        raise InvalidRequest(
            f"{names[0]} and {names[1]} are two names for one thing: give only one of them.",
            field=names[1],
        )


def check_among(value: str | int | None, allowed: Collection[str | int], field: str) -> None:
    """Refuse a word that the endpoint does not know."""
    if value is not None and value not in allowed:
        listed = ", ".join(map(str, allowed))
        raise InvalidRequest(
            f"{field} {str(value)[:80]!r} is not known; it is one of {listed}.",
            field=field,
            allowed=listed,
        )


def quoted(value: str | int) -> str:
    """A value of a request in a message: as it is, or spelt and cut where it would break it."""
    text = str(value)
    return text if text.isprintable() and len(text) <= _QUOTED else repr(text[:_QUOTED])


def check_within(value: float | None, lowest: float, highest: float, field: str) -> None:
    """Refuse a number outside of what the endpoint takes, both ends included."""
    if value is not None and not lowest <= value <= highest:
        raise InvalidRequest(
            f"{field} is {value:g}; it may be {lowest:g} to {highest:g}.",
            field=field,
            allowed=f"{lowest:g} to {highest:g}",
        )


def check_count(values: Collection[object], most: int, field: str) -> None:
    """Refuse more than the endpoint looks at: the rest would be dropped silently."""
    if len(values) > most:
        raise InvalidRequest(
            f"{field} takes {most}, {len(values)} were given.",
            field=field,
            allowed=f"at most {most}",
        )


def check_frames(
    *,
    first: tuple[str, object],
    last: tuple[str, object],
    references: Mapping[str, object],
    last_alone: bool = False,
    together: bool = False,
) -> None:
    """Refuse a last frame without a first one, and frames together with reference media.

    Each is the field's name and its value; None and empty are not there.
    """
    if last[1] and not first[1] and not last_alone:
        raise InvalidRequest(
            f"{last[0]} is taken only beside a first frame.",
            field=last[0],
            advice="Give the first frame as well, or leave the last one away.",
        )
    given = next((field for field, value in references.items() if value), None)
    if given and not together and (first[1] or last[1]):
        raise InvalidRequest(
            f"A first or last frame and {given} cannot be sent together.",
            field=given,
            advice="Give either frames or reference media.",
        )
