"""Prefect's UI in headless Chromium, driven by what a person sees: labels, buttons, texts."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, ViewportSize, sync_playwright

from tests.patience import prefect_api

MISSING = (
    "chromium is missing: apt-get install -y --no-install-recommends chromium fonts-dejavu-core"
)
SIZE: ViewportSize = {"width": 1280, "height": 800}
SHOW_MS = 30_000
"""How long a page of a busy server may take to show what is looked for."""

RUN_SECONDS = 300.0
"""How long a flow run may take, from the form to its end, on a machine with other work."""

TAKEN_SECONDS = 10.0
"""How long a resumed run may take to say so, before it is resumed again."""

_OVER = frozenset({"COMPLETED", "FAILED", "CANCELLED", "CRASHED"})
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# The UI is dark until somebody switches it in its settings, whatever the browser prefers.
_LIGHT = "localStorage.setItem('color-scheme', JSON.stringify('light'))"


class ChromiumMissing(RuntimeError):
    pass


@dataclass(frozen=True)
class Run:
    """A flow run as the server tells it."""

    id: str
    name: str
    type: str
    state: str
    message: str


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; raises `ChromiumMissing` with what to install."""
    program = shutil.which("chromium")
    if program is None:
        raise ChromiumMissing(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(_FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(ui_url: str) -> Iterator[PrefectUI]:
    """The UI in a browser of its own; raises `ChromiumMissing` with what to install."""
    with chromium() as browser:
        context = browser.new_context(viewport=SIZE, color_scheme="light", locale="en-GB")
        context.add_init_script(_LIGHT)
        context.set_default_timeout(SHOW_MS)
        yield PrefectUI(context.new_page(), ui_url)


class RunForm:
    """The form of one deployment. Fields are named as the form labels them."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def field(self, label: str) -> Locator:
        """The box of the field with this label: its title, help and input."""
        labels = self.page.locator(".schema-form-property__label", has_text=_exactly(label))
        mine = "xpath=ancestor::div[contains(concat(' ',@class,' '),' schema-form-property ')][1]"
        return labels.locator(mine)

    def fill(self, label: str, value: str) -> None:
        self.field(label).locator("textarea, input").fill(value)

    def choose(self, label: str, value: str) -> None:
        # Prefect 3.8.8 opens a select and closes it again when its text is clicked.
        self.field(label).locator(".p-select-button__icon").click()
        self.page.locator(".p-select-option", has_text=_exactly(value)).click()

    def switch(self, label: str, kind: str) -> None:
        self.field(label).get_by_role("button", name=kind, exact=True).click()

    def add_item(self, label: str) -> None:
        self.field(label).get_by_role("button", name="Add item").first.click()

    def name(self, value: str) -> None:
        """Give the run a name instead of the one that the form made up."""
        self.page.locator(".p-label", has_text=_exactly("Run Name")).locator("input").fill(value)

    def submit(self) -> None:
        self.page.get_by_role("button", name="Submit", exact=True).click()

    def submitted(self) -> str:
        """Submit, and again while the server is too busy; the id of the run that it made of it.

        A busy Prefect server on SQLite answers 503, and then it has made no run.
        """
        deadline = time.monotonic() + SHOW_MS / 1000
        while True:
            with self.page.expect_response(lambda it: "/create_flow_run" in it.url) as answer:
                self.submit()
            if answer.value.ok:
                return str(answer.value.json()["id"])
            if answer.value.status != 503 or time.monotonic() > deadline:
                raise RuntimeError(f"The server refused the form: {answer.value.text()}")


class PrefectUI:
    """One browser page on one Prefect server."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def open(self, path: str, *, shows: str) -> Page:
        """Go to a path and wait until a text is there."""
        self.page.goto(f"{self.url}{path}")
        self.page.get_by_text(shows).first.wait_for()
        return self.page

    def run_form(self, deployment: str) -> RunForm:
        """The run form of "flow/deployment"."""
        self.open(f"/deployments/deployment/{self.deployment(deployment)}/run", shows="Submit")
        return RunForm(self.page)

    def resume_form(self, run_id: str, *, shows: str) -> RunForm:
        """What a suspended run asks, in the dialog of its Resume button."""
        self.open(f"/runs/flow-run/{run_id}", shows="Suspended")
        self.page.get_by_role("button", name="Resume", exact=True).click()
        self.page.locator(".p-modal").get_by_text(shows).first.wait_for()
        return RunForm(self.page)

    def resume(self, run_id: str, *, shows: str, **fields: str) -> None:
        """Answer a suspended run, and again when the server was too busy to take it.

        The form asks the server twice: first whether the values are right.
        """
        deadline = time.monotonic() + RUN_SECONDS
        before = self._api(f"flow_runs/{run_id}")["state"]["id"]
        while time.monotonic() < deadline:
            form = self.resume_form(run_id, shows=shows)
            for label, value in fields.items():
                form.fill(label, value)
            form.submit()
            tried = time.monotonic()
            while time.monotonic() < tried + TAKEN_SECONDS:
                if self._api(f"flow_runs/{run_id}")["state"]["id"] != before:
                    return
                time.sleep(0.5)
        raise TimeoutError(f"The run {run_id} did not take the answer.")

    def open_artifact(self, key: str, *, shows: str) -> None:
        self.open(f"/artifacts/artifact/{self.artifact(key)}", shows=shows)

    def artifact(self, key: str, *, holds: str = "") -> str:
        """The id of the latest artifact of this name, once it is there and holds a text."""
        # `/artifacts/{key}/latest` names the key's collection, which has no page of its own.
        asked = {"artifacts": {"key": {"any_": [key]}}}
        deadline = time.monotonic() + RUN_SECONDS
        while True:
            with prefect_api(f"{self.url}/api") as api:
                found = api.post("/artifacts/filter", json=asked).raise_for_status().json()
            if found and holds in str(found[-1]["data"]):
                return str(found[-1]["id"])
            if time.monotonic() > deadline:
                raise TimeoutError(f"No artifact {key} holds {holds!r}.")
            time.sleep(0.5)

    def deployment(self, name: str) -> str:
        return str(self._api(f"deployments/name/{name}")["id"])

    def _api(self, path: str) -> dict[str, Any]:
        with prefect_api(f"{self.url}/api") as api:
            return dict(api.get(f"/{path}").raise_for_status().json())

    def finished(self, run_id: str) -> Run:
        """The run once it is over."""
        return self._once(run_id, lambda run: run.type in _OVER)

    def suspended(self, run_id: str, *, told: str = "") -> Run:
        """The run once it waits for somebody, with a message that holds `told`."""
        return self._once(
            run_id, lambda run: run.type in _OVER or (run.type == "PAUSED" and told in run.message)
        )

    def _once(self, run_id: str, ready: Callable[[Run], bool]) -> Run:
        deadline = time.monotonic() + RUN_SECONDS
        while True:
            found = self._api(f"flow_runs/{run_id}")
            state = found["state"]
            run = Run(run_id, found["name"], state["type"], state["name"], state["message"] or "")
            if ready(run):
                return run
            if time.monotonic() > deadline:
                raise TimeoutError(f"{run.name} is {run.state} after {RUN_SECONDS} s.")
            time.sleep(0.5)

    def picture(self, path: Path) -> None:
        """What the window shows, once nothing is loading and nothing has the focus."""
        self.page.wait_for_load_state("networkidle")
        self.page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
        self.page.mouse.move(0, 0)
        self.page.screenshot(path=path, animations="disabled")


def _exactly(text: str) -> re.Pattern[str]:
    return re.compile(rf"^\s*{re.escape(text)}( \(Optional\))?\s*$")
