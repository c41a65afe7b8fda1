"""What pydantic found wrong, in words for a person."""

from pydantic import ValidationError


def first_fault(error: ValidationError, *, whole: str = "") -> tuple[str, str]:
    """The first field that is wrong (`whole` where it is all of it), and why; never its value."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or whole
    return field, first["msg"].removeprefix("Value error, ")
