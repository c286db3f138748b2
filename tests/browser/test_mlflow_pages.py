"""MLflow's own pages, in a real browser, on what the desk has logged there."""

import re

import pytest
from playwright.sync_api import Browser, expect

from dags.settings import Settings
from tests.browser.browsing import PATIENCE_MS, Visitor, visitor
from tests.desk import Desk
from tracking.client import open_client
from tracking.store import TrackingStore
from tracking.views import QUALITY, TRENDS


@pytest.fixture(scope="module")
def tracked(desk: Desk, passed_run: str) -> tuple[str, str]:
    """The experiment's and the run's id of a run that passed."""
    store = TrackingStore(desk.mlflow, Settings.model_fields["mlflow_experiment_name"].default)
    client = open_client(store)
    experiment = client.get_experiment_by_name(store.experiment)
    assert experiment is not None
    query = f"attributes.run_name = '{passed_run}'"
    (run,) = client.search_runs([experiment.experiment_id], query)
    return experiment.experiment_id, run.info.run_id


@pytest.fixture
def reader(desk: Desk, browser: Browser):
    """A window that nobody has used before."""
    with visitor(browser, desk, None) as found:
        yield found


def go(reader: Visitor, path: str) -> None:
    reader.page.goto(f"{reader.desk.mlflow}/{path}")


def test_a_runs_page_opens_with_its_verdict_and_leads_to_the_report(
    reader: Visitor, tracked: tuple[str, str]
) -> None:
    experiment, run = tracked
    go(reader, f"#/experiments/{experiment}/runs/{run}?workflowType=machine_learning")
    page = reader.page
    expect(page.get_by_text("46 bars of 2 symbols", exact=False).first).to_be_visible()
    reader.picture("mlflow_run")
    link = page.get_by_role("link", name="Report", exact=True).get_attribute("href")
    assert link is not None
    go(reader, link)  # the fold of a long description may lie over it; it opens a window
    frame = page.frame_locator("iframe").first
    expect(frame.get_by_role("heading", name=re.compile("46 bars"))).to_be_visible(
        timeout=PATIENCE_MS
    )
    reader.picture("mlflow_report")


def test_the_table_of_runs_shows_what_its_view_says(
    reader: Visitor, tracked: tuple[str, str], passed_run: str
) -> None:
    go(reader, QUALITY.url_path(tracked[0]))
    page = reader.page
    expect(page.get_by_text(passed_run).first).to_be_visible()
    for column in ("validation_status", "failing_share", "failures_critical"):
        expect(page.get_by_role("columnheader", name=column).first).to_be_visible()
    expect(page.get_by_text("Trend: stock_data")).to_have_count(0)
    reader.picture("mlflow_quality")


def test_the_trends_are_drawn_as_lines(
    reader: Visitor, tracked: tuple[str, str], desk: Desk
) -> None:
    go(reader, TRENDS.url_path(tracked[0]))
    page = reader.page
    for title in ("failing_share", "rows", "failures_critical", "failures_warning"):
        expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    expect(page.get_by_text("Trend: stock_data").first).to_be_visible()
    expect(page.locator(".scatterlayer .trace").first).to_be_attached(timeout=PATIENCE_MS)
    reader.picture("mlflow_trends")
