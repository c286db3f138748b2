"""What became of a symbol and of an expectation, and what people said of a run, in the browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.up.browsing import NARROW, WIDE, Scheme
from tests.up.conftest import Open

SAID = "A000 is the feed's fault: asked them, they restate it tonight"


def fits(page: Page) -> bool:
    """Nothing stands out of the page to the side."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_a_comment_is_written_with_the_keyboard_alone(open_as: Open, crowded_run: str):
    page = open_as("admin").go_to_run(crowded_run)
    form = page.get_by_role("button", name="Add the comment")
    expect(form).to_be_enabled()
    page.get_by_role("link", name="Comments").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Comment", exact=True)).to_be_focused()
    page.keyboard.type(SAID)
    page.keyboard.press("Tab")
    expect(form).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#comments .comment")).to_contain_text(SAID)

    page = open_as("viewer", NARROW, "dark").go_to_run(crowded_run)
    expect(page.locator("#comments .comment")).to_contain_text(SAID)
    expect(page.locator("#comments .comment b")).to_have_text("admin")
    expect(page.locator("#comments form")).to_have_count(0)


@pytest.mark.parametrize(
    ("width", "scheme"),
    [(WIDE, "light"), (WIDE, "dark"), (NARROW, "light"), (NARROW, "dark")],
)
def test_a_report_leads_to_its_symbols_and_its_expectations(
    open_as: Open, crowded_run: str, width: int, scheme: Scheme
):
    viewer = open_as("viewer", width, scheme)
    page = viewer.go_to_run(crowded_run)
    page.locator("#failing").get_by_role("link", name="A000").first.click()
    expect(page.locator("h1")).to_contain_text("A000")
    marks = page.locator("figure.flags a")
    expect(marks).not_to_have_count(0)
    marks.last.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"#flag-\d+$"))
    expect(page.locator("tr:target")).to_be_in_viewport()
    assert fits(page)
    viewer.picture(f"symbol_{width}_{scheme}")

    page = viewer.go_to_run(crowded_run)
    page.get_by_role("link", name="Over runs").first.click()
    expect(page.locator("figure.trend svg a")).not_to_have_count(0)
    expect(page.get_by_role("link", name="A001")).to_be_visible()
    assert fits(page)
    viewer.picture(f"expectation_{width}_{scheme}")
    page.get_by_role("link", name="A001").click()
    expect(page.locator("h1")).to_contain_text("A001")
