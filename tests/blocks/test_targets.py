"""Where notices go, from the environment; and that every notice is a template Prefect can fill."""

from datetime import timedelta
from uuid import uuid4

import pytest
from prefect.server.events.schemas.automations import AutomationCore as ServersOwn

from blocks.notices import Patience, automations, notices
from blocks.targets import patience_of, targets_of
from globalaiopc.errors import ConfigurationError

HOOK = "https://hooks.example.com/services/T0/B0/canary-of-a-hook"
EMAIL = {
    "NOTIFY_EMAIL": "ann@example.com, ben@example.com",
    "NOTIFY_EMAIL_FROM": "films@example.com",
    "NOTIFY_SENDGRID_API_KEY": "canary-of-a-key",
}


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # in apprise
def test_each_target_that_is_named_is_a_block():
    found = targets_of({"NOTIFY_SLACK_WEBHOOK": HOOK, "NOTIFY_WEBHOOK": HOOK, **EMAIL})
    assert [one.name for one in found] == [
        "globalaiopc-slack",
        "globalaiopc-webhook",
        "globalaiopc-email",
    ]
    for one in found:
        block = one.kind.model_validate(one.values)
        assert "notify" in block.get_block_capabilities()
        for shown in (repr(one), repr(block), str(block.model_dump(mode="json"))):
            assert "canary" not in shown
    assert found[2].values["to_emails"] == ["ann@example.com", "ben@example.com"]


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({}, "No target is set: NOTIFY_SLACK_WEBHOOK"),
        ({"NOTIFY_WEBHOOK": "hooks.example.com/canary"}, "NOTIFY_WEBHOOK is no web address"),
        ({"NOTIFY_SLACK_WEBHOOK": "#canary"}, "NOTIFY_SLACK_WEBHOOK is no web address"),
        ({"NOTIFY_EMAIL": "ann@example.com"}, "NOTIFY_EMAIL_FROM is not set"),
        ({**EMAIL, "NOTIFY_SENDGRID_API_KEY": ""}, "NOTIFY_SENDGRID_API_KEY is not set"),
    ],
)
def test_what_is_missing_or_wrong_is_named(environment: dict[str, str], says: str):
    with pytest.raises(ConfigurationError, match=says) as caught:
        targets_of(environment)
    assert "canary" not in str(caught.value)


def test_patience_is_in_minutes():
    assert patience_of({}) == Patience()
    given = {"NOTIFY_NOTHING_LANDED_MINUTES": "90", "NOTIFY_LATE_MINUTES": "0.5"}
    assert patience_of(given) == Patience(timedelta(minutes=90), timedelta(seconds=30))


@pytest.mark.parametrize("minutes", ["soon", "0", "-3", "0.1", "nan", "1e99"])
def test_a_patience_that_cannot_be_is_refused(minutes: str):
    with pytest.raises(ConfigurationError, match="NOTIFY_LATE_MINUTES is not usable"):
        patience_of({"NOTIFY_LATE_MINUTES": minutes})


def test_the_server_takes_every_automation():
    """It refuses a template that it cannot fill, and a window that it cannot watch."""
    every = automations([uuid4(), uuid4()], Patience())
    assert len({one.name for one in every}) == len(every) == len(notices(Patience())) + 1
    for one in every:
        ServersOwn.model_validate(one.model_dump(mode="json"))
        assert one.name.startswith("GlobalAI OPC: ")
        assert one.description
