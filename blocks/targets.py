"""Where notices go: Prefect's notification blocks, saved from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from prefect.blocks.abstract import NotificationBlock
from prefect.blocks.notifications import (
    CustomWebhookNotificationBlock,
    SendgridEmail,
    SlackWebhook,
)

from blocks.notices import Patience
from globalaiopc.errors import ConfigurationError

SLACK = "NOTIFY_SLACK_WEBHOOK"
WEBHOOK = "NOTIFY_WEBHOOK"
EMAIL = "NOTIFY_EMAIL"
EMAIL_FROM = "NOTIFY_EMAIL_FROM"
EMAIL_KEY = "NOTIFY_SENDGRID_API_KEY"
NOTHING_LANDED = "NOTIFY_NOTHING_LANDED_MINUTES"
LATE = "NOTIFY_LATE_MINUTES"

LEAST = timedelta(seconds=10)
"""Prefect waits no shorter for what does not come."""


@dataclass(frozen=True, slots=True)
class Target:
    """One notification block to be saved. `values` are secret in part: never show them."""

    name: str
    kind: type[NotificationBlock]
    values: Mapping[str, object]

    def __repr__(self) -> str:
        return f"Target({self.name})"


def targets_of(environment: Mapping[str, str]) -> tuple[Target, ...]:
    """Those that the environment names. Raises `ConfigurationError` that names the variable."""
    found: list[Target] = []
    if environment.get(SLACK):
        url = _address(environment, SLACK)
        found.append(Target("globalaiopc-slack", SlackWebhook, {"url": url}))
    if environment.get(WEBHOOK):
        found.append(_webhook(_address(environment, WEBHOOK)))
    if environment.get(EMAIL):
        found.append(_email(environment))
    if not found:
        raise ConfigurationError(
            f"No target is set: {SLACK}, {WEBHOOK} or {EMAIL}.",
            code="missing_target",
            advice="Set at least one, to say where notices go; docs/notifications.md shows how.",
        )
    return tuple(found)


def patience_of(environment: Mapping[str, str]) -> Patience:
    """How long to wait before people are told. Raises `ConfigurationError`."""
    usual = Patience()
    return Patience(
        nothing_landed=_minutes(environment, NOTHING_LANDED, usual.nothing_landed),
        late=_minutes(environment, LATE, usual.late),
    )


def _webhook(url: str) -> Target:
    # The block shows its address in the UI, and the address is often all that protects a hook.
    return Target(
        "globalaiopc-webhook",
        CustomWebhookNotificationBlock,
        {
            "name": "GlobalAI OPC",
            "url": "{{url}}",
            "json_data": {"subject": "{{subject}}", "body": "{{body}}"},
            "secrets": {"url": url},
        },
    )


def _email(environment: Mapping[str, str]) -> Target:
    for name, what in ((EMAIL_FROM, "the sender"), (EMAIL_KEY, "the SendGrid API key")):
        if not environment.get(name):
            raise ConfigurationError(
                f"{name} is not set, and {EMAIL} is: it holds {what}.", code="missing_target"
            )
    addresses = [one.strip() for one in environment[EMAIL].split(",") if one.strip()]
    return Target(
        "globalaiopc-email",
        SendgridEmail,
        {
            "api_key": environment[EMAIL_KEY],
            "sender_email": environment[EMAIL_FROM],
            "to_emails": addresses,
        },
    )


def _address(environment: Mapping[str, str], name: str) -> str:
    address = environment[name].strip()
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(
            f"{name} is no web address: it begins with https://.", code="bad_setting"
        )
    return address


def _minutes(environment: Mapping[str, str], name: str, usual: timedelta) -> timedelta:
    given = environment.get(name)
    if not given:
        return usual
    try:
        minutes = timedelta(minutes=float(given))
    except (ValueError, OverflowError):
        minutes = timedelta(0)
    if minutes < LEAST:
        raise ConfigurationError(
            f"{name} is not usable: it is a number of minutes, at least {LEAST.seconds / 60:.2f}.",
            code="bad_setting",
        )
    return minutes
