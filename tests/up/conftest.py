"""One desk for all, a browser for each file that needs it; both leave the checkout as it was."""

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, StorageState, expect, sync_playwright

from dags.staging.layout import PAGES
from tests.desk import Desk
from tests.staged_runs import daily_bars, judged, outcome, stage_run
from tests.up.browsing import ARGUMENTS, PATIENCE_MS, WIDE, Scheme, Visitor, log_in, visitor
from tests.up.stack import desk_of_a_copy, install_suites
from tests.webhook import Webhook, webhook

HOSTILE = "<script>alert(1)</script>"
Open = Callable[..., Visitor]
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The system's own."""
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("there is no `chromium` on this machine (Debian: apt-get install chromium)")
    return found


@pytest.fixture(scope="module")  # while it is open, no other test of this process can use asyncio
def browser(chromium: str) -> Iterator[Browser]:
    """A browser without a window."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=[*ARGUMENTS])
        yield started
        started.close()


@pytest.fixture(scope="package")
def told() -> Iterator[Webhook]:
    """Where the desk's alerts go."""
    with webhook() as hook:
        yield hook


# No longer than for this folder: one that nobody looks at any more takes a fifth of a core.
@pytest.fixture(scope="package")
def desk(told: Webhook) -> Iterator[Desk]:
    """`make up`, from a copy of the packages."""
    with desk_of_a_copy({"ALERT_URLS": told.url}) as running:
        yield running


@pytest.fixture(scope="module")
def sessions(desk: Desk, browser: Browser) -> dict[str, StorageState]:
    """The cookies of every user of the desk, got by logging in as people do."""
    found = {}
    for user in desk.passwords:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{desk.airflow}{PAGES}/suites/")
        log_in(page, desk, user)
        expect(page.get_by_role("heading", name="Suites")).to_be_visible()
        found[user] = context.storage_state()
        context.close()
    return found


@pytest.fixture
def open_as(desk: Desk, browser: Browser, sessions: dict[str, StorageState]) -> Iterator[Open]:
    """Open a window as a user; each one's pages must have been quiet when the test ends."""
    with ExitStack() as stack:

        def opened(user: str, width: int = WIDE, scheme: Scheme = "light") -> Visitor:
            return stack.enter_context(visitor(browser, desk, sessions[user], width, scheme))

        yield opened


@pytest.fixture
def admin(open_as: Open) -> Visitor:
    """A window of the administrator."""
    return open_as("admin")


@pytest.fixture
def viewer(open_as: Open) -> Visitor:
    """A window of somebody who may only look."""
    return open_as("viewer")


@pytest.fixture(scope="module")
def passed_run(desk: Desk) -> str:
    """A run that met every expectation."""
    ended = desk.trigger_and_wait()
    assert ended["state"] == "success"
    return str(ended["dag_run_id"])


@pytest.fixture
def fresh_suites(desk: Desk) -> Iterator[None]:
    """The suites as they are in the checkout, also for the test after this one."""
    install_suites(desk)
    yield
    install_suites(desk)


@pytest.fixture(scope="module")
def crowded_run(desk: Desk) -> str:
    """A run of 302 symbols; four are held, with 130 failing bars."""
    bars = daily_bars([f"A{number:03d}" for number in range(302)], 40)
    report = judged(bars, outcome(bars, list(range(130))))
    run_id = f"crowded_{uuid.uuid4().hex[:8]}"
    held = ("A000", "A001", "A002", "A003")
    stage_run(desk.var / "staging", run_id, bars, report, held=held)
    return run_id


@pytest.fixture(scope="module")
def hostile_run(desk: Desk) -> str:
    """A run whose worst bars belong to a symbol that is markup."""
    bars = daily_bars(["AAPL", HOSTILE], 60)
    report = judged(bars, outcome(bars, [5, 70, 71]), outcome(bars, [72], "warning", "volume"))
    run_id = f"hostile_{uuid.uuid4().hex[:8]}"
    stage_run(desk.var / "staging", run_id, bars, report)
    return run_id
