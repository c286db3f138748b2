"""A browser that is logged in, and a witness of what its pages did."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote, urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Locator,
    Page,
    Request,
    StorageState,
    expect,
)
from playwright.sync_api import TimeoutError as PageTimeoutError

from dags.run.settings import ROOT
from dags.staging.layout import DAG_ID, PAGES
from tests.desk import Desk

# Debian's browser as root in a container, asking nobody for updates or experiments.
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
SCREENSHOTS = ROOT / "var" / "screenshots"
WIDE, NARROW = 1280, 420
Scheme = Literal["light", "dark"]
PATIENCE_MS = 30_000


@dataclass
class Witness:
    """What the pages of one browser did that they must not.

    ``errors`` are console errors and uncaught exceptions of the desk's own pages (Airflow's own
    say 401 before the login), ``outside`` are requests to other hosts than the desk's.
    """

    desk: Desk
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        """Note whatever the pages of ``context`` do from now on."""
        context.on("console", self._console)
        context.on("weberror", lambda found: self.errors.append(str(found.error)))
        context.on("request", self._request)
        context.on("dialog", self._dialog)

    def refuse(self, status: int) -> None:
        """Strike one refusal off the errors: the test provoked it. A browser logs each."""
        for error in self.errors:
            if f"status of {status}" in error:
                self.errors.remove(error)
                return
        raise AssertionError(f"no answer was {status}: {self.errors}")

    def saw_nothing(self) -> None:
        """Assert that the pages were quiet."""
        assert not self.errors, self.errors
        assert not self.outside, self.outside
        assert not self.dialogs, self.dialogs

    def _console(self, message: ConsoleMessage) -> None:
        where = message.location["url"]
        ours = where.startswith(self.desk.airflow + PAGES)
        if message.type == "error" and (ours or not where):
            self.errors.append(f"{message.text} ({where})")

    def _request(self, request: Request) -> None:
        at = urlsplit(request.url)
        known = {urlsplit(self.desk.airflow).netloc, urlsplit(self.desk.mlflow).netloc}
        if at.scheme not in ("data", "blob") and at.netloc not in known:
            self.outside.append(request.url)

    def _dialog(self, dialog: Dialog) -> None:
        self.dialogs.append(f"{dialog.type}: {dialog.message}")
        dialog.accept()


@dataclass(frozen=True)
class Visitor:
    """Somebody at a browser: a tab, and where things are."""

    desk: Desk
    page: Page
    witness: Witness

    def go(self, path: str = "/") -> Page:
        """Open one of the desk's own pages; ``path`` is below the mount."""
        self.page.goto(self.desk.airflow + PAGES + path)
        return self.page

    def go_to_run(self, run_id: str) -> Page:
        """Open the report of a run."""
        return self.go(f"/runs/{quote(run_id, safe='')}")

    def go_to_airflow(self, path: str = "", dag_id: str = DAG_ID) -> Page:
        """Open a page of Airflow's own about the workflow."""
        self.page.goto(f"{self.desk.airflow}/dags/{dag_id}{path}")
        return self.page

    def open_form(self) -> Locator:
        """Open Airflow's form that triggers the workflow."""
        page = self.go_to_airflow()
        form = page.locator("[role=dialog][data-state=open]")
        button = page.get_by_role("button", name="Trigger").first
        try:
            button.click(timeout=PATIENCE_MS / 3)
        except PageTimeoutError:  # Airflow's page was busy drawing itself, and took no notice
            page.reload()
            button.click()
        expect(form).to_be_visible()
        return form

    def edit(self, suite: str = "stock_data") -> Page:
        """Open a suite in the editor, and wait until it is ready."""
        page = self.go(f"/suites/{suite}")
        expect(page.locator("#state")).to_have_text("saved", timeout=PATIENCE_MS)
        return page

    def picture(self, name: str) -> None:
        """Keep what the whole page looks like, for a person."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


@contextmanager
def visitor(
    browser: Browser,
    desk: Desk,
    state: StorageState | None,
    width: int = WIDE,
    scheme: Scheme = "light",
) -> Iterator[Visitor]:
    """A browser window of its own; at its end its pages must have been quiet."""
    context = browser.new_context(
        storage_state=state,
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        # What a person types when MLflow asks.
        http_credentials={
            "origin": desk.mlflow,
            "username": "viewer",
            "password": desk.passwords["viewer"],
        },
    )
    context.set_default_timeout(PATIENCE_MS)
    witness = Witness(desk)
    witness.watch(context)
    try:
        yield Visitor(desk, context.new_page(), witness)
        witness.saw_nothing()
    finally:
        context.close()


def log_in(page: Page, desk: Desk, user: str) -> None:
    """Fill in Airflow's login, which is the page that is shown."""
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password").fill(desk.passwords[user])
    page.get_by_role("button", name="Sign in").click()
