"""What people do all day, in a real browser on the real desk."""

import re
from urllib.parse import quote

import psycopg2
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from dags.run.settings import Settings
from dags.staging.layout import PAGES
from tests.desk import Desk
from tests.up.browsing import NARROW, PATIENCE_MS, WIDE, Scheme, Visitor, log_in, visitor
from tests.up.conftest import HOSTILE, Open
from tracking.client import open_client
from tracking.history.views import QUALITY, TRENDS
from tracking.store import TrackingStore

LOW = "close stays below 300"
STORED = "<img src=x"  # what a column of ten characters has room for


def add_upper_bound(page: Page, highest: str) -> None:
    """Add a critical upper bound on close to the draft, through the catalogue's form."""
    page.locator("#open-add").click()
    page.get_by_label("Search the catalogue").fill("column values between")
    page.locator(".offer", has=page.get_by_text("Column values to be between", exact=True)).click()
    form = page.locator("#add form")
    form.get_by_label("Column *").fill("close")
    form.get_by_label("Max value").fill(highest)
    form.get_by_label("Severity").select_option("critical")
    form.get_by_label("Sentence").fill(LOW)
    form.get_by_role("button", name="Add").click()
    expect(entry(page, LOW)).to_be_visible()
    edit = entry(page, LOW).get_by_title("Edit", exact=True)
    # As the server calls it.
    expect(edit).to_have_accessible_name("Edit: column_values_to_be_between(close)")


def entry(page: Page, sentence: str) -> Locator:
    """The line of an expectation in the editor."""
    return page.locator("#list .entry", has_text=sentence)


def save(page: Page, reason: str) -> None:
    """Save the draft, or be told why not."""
    page.locator("#open-save").click()
    page.get_by_label("Reason").fill(reason)
    page.locator("#do-save").click()


def saved(page: Page) -> None:
    """Wait until the server has taken the draft."""
    expect(page.locator("#told")).to_have_text(re.compile("^Saved"))
    expect(page.locator("#state")).to_have_text("saved")


def restore_first(page: Page) -> None:
    """Restore the oldest version, from the history that is shown."""
    oldest = page.locator("section.version").last
    oldest.get_by_text("Restore this version").click()
    oldest.get_by_role("button", name="Restore").click()
    expect(page.locator("section.version").first.locator(".reason")).to_have_text(
        re.compile("^Restored"), timeout=PATIENCE_MS
    )


def test_nobody_sees_anything_before_the_login(desk: Desk, browser: Browser, passed_run: str):
    with visitor(browser, desk, None) as nobody:
        for path in ("/", "/suites/", "/suites/stock_data", "/docs/", f"/runs/{quote(passed_run)}"):
            page = nobody.go(path)
            expect(page.get_by_label("Password")).to_be_visible()
            assert "/auth/login" in page.url
        for path in ("/api/catalogue", "/api/suites/stock_data", "/docs/index.html"):
            answer = nobody.page.request.get(f"{desk.airflow}{PAGES}{path}")
            assert answer.status == 401
            assert answer.json() == {"error": "log in first"}


def test_the_login_leads_back_to_the_page_that_was_asked_for(desk: Desk, browser: Browser):
    with visitor(browser, desk, None) as somebody:
        page = somebody.go("/suites/stock_data?from=mail")
        log_in(page, desk, "admin")
        expect(page.get_by_role("heading", name="stock_data")).to_be_visible()
        assert page.url == f"{desk.airflow}{PAGES}/suites/stock_data?from=mail"


def test_a_run_is_triggered_by_form_and_its_findings_are_one_click_away(admin: Visitor):
    page, form = admin.page, admin.open_form()
    form.locator("[aria-label='Remove NVDA']").click()
    form.locator("#element_start_date").fill("2025-10-06")
    form.locator("#element_end_date").fill("2025-10-24")
    with page.expect_response(lambda answer: answer.url.endswith("/dagRuns")) as asked:
        form.get_by_role("button", name="Trigger", exact=True).click()
    run = asked.value.json()
    asked_for = {name: run["conf"][name] for name in ("symbols", "start_date", "end_date")}
    assert asked_for == {"symbols": ["TSLA"], "start_date": "2025-10-06", "end_date": "2025-10-24"}

    page.get_by_role("link", name="Quality report").click()
    report = page.frame_locator("iframe")
    # The report says that the run is under way, and looks again by itself.
    verdict = re.compile(r"^Published 15 bars of 1 symbol")
    expect(report.locator("h1")).to_have_text(verdict, timeout=PATIENCE_MS)
    expect(page.get_by_text("Success", exact=True).first).to_be_visible(timeout=PATIENCE_MS)
    with page.context.expect_page() as opened:
        report.get_by_role("link", name="MLflow run").click()
    expect(opened.value.get_by_text(run["dag_run_id"]).first).to_be_visible()
    opened.value.close()
    report.get_by_role("link", name="Data Docs").last.click()
    site = report.frame_locator("iframe")
    expect(site.get_by_text("stock_data").first).to_be_visible()

    task = f"/runs/{quote(run['dag_run_id'], safe='')}/tasks/validate_data/details"
    for link, found in (
        ("Quality report", r"/gate/runs/manual"),
        ("Data Docs", r"/gate/docs/\?page=validations"),
        ("MLflow run", r"/#/experiments/\d+/runs/\w{32}"),
    ):
        admin.go_to_airflow(task).get_by_role("link", name=link, exact=True).click()
        page.wait_for_url(re.compile(found), wait_until="commit")


def test_bad_symbols_are_refused_in_the_form(admin: Visitor):
    page, form = admin.page, admin.open_form()
    form.locator("#element_more_symbols").fill("TSLA,,NVDA")
    form.get_by_role("button", name="Trigger", exact=True).click()
    expect(page.get_by_text(re.compile("does not match|Invalid|pattern")).first).to_be_visible()


def test_more_symbols_alone_are_enough_for_the_form(admin: Visitor):
    page, form = admin.page, admin.open_form()
    for name in ("TSLA", "NVDA"):
        form.locator(f"[aria-label='Remove {name}']").click()
    form.locator("#element_more_symbols").fill("NVDA")
    form.get_by_text("When bars are bad").click()
    expect(form.locator("#element_suite")).to_have_value("stock_data")
    form.locator("#element_suite").scroll_into_view_if_needed()
    admin.picture("form")
    with page.expect_response(lambda answer: answer.url.endswith("/dagRuns")) as asked:
        form.get_by_role("button", name="Trigger", exact=True).click()
    conf = asked.value.json()["conf"]
    assert (conf["symbols"] or [], conf["more_symbols"]) == ([], "NVDA")
    assert conf["suite"] == "stock_data"


def test_the_form_offers_no_backfill_and_says_what_to_do_instead(admin: Visitor):
    form = admin.open_form()
    expect(form.get_by_role("radio", name="Backfill")).to_be_disabled()
    expect(form.get_by_text("one run checks them all")).to_be_visible()
    admin.picture("form_without_backfill")


def test_the_pages_are_as_dark_as_airflow_whatever_the_browser_prefers(
    admin: Visitor, passed_run: str
):
    report = f"/runs/{quote(passed_run, safe='')}/plugin/quality_report"
    page = admin.go_to_airflow(report)
    body = page.frame_locator("iframe").locator("body")
    expect(body).to_have_css("background-color", "rgb(255, 255, 255)")
    page.evaluate("localStorage.setItem('theme', 'dark')")
    page.reload()
    expect(body).to_have_css("background-color", "rgb(20, 24, 31)")
    admin.picture("report_in_dark_airflow")


@pytest.mark.parametrize(("width", "scheme"), [(WIDE, "light"), (NARROW, "dark")])
def test_of_302_symbols_those_that_passed_are_folded_and_found_by_name(
    open_as: Open, crowded_run: str, width: int, scheme: Scheme
):
    visitor = open_as("viewer", width, scheme)
    page = visitor.go_to_run(crowded_run)
    symbols = page.locator("#symbols")
    shown = symbols.locator("tbody tr:visible")
    expect(shown).to_have_count(4)
    field = symbols.get_by_label("Find a symbol")
    field.fill("a15")
    expect(shown).to_have_count(10)
    expect(symbols.get_by_role("status")).to_have_text("10 of 302")
    visitor.picture(f"symbols_{width}_{scheme}")
    field.fill("")
    expect(shown).to_have_count(4)
    symbols.get_by_text("298 symbols passed").click()
    expect(shown).to_have_count(302)


def test_next_keeps_its_place_for_the_pointer_and_the_keyboard(viewer: Visitor, crowded_run: str):
    page = viewer.go_to_run(crowded_run)
    link, rows = page.locator("#rows a[rel=next]"), page.locator("#rows")
    link.scroll_into_view_if_needed()
    before = link.bounding_box()
    link.click()
    expect(rows).to_contain_text("Page 2 of 3")
    after = link.bounding_box()
    assert before and after and abs(after["y"] - before["y"]) <= 2
    expect(link).to_be_focused()
    # The last page is shorter, and has no next one: the way back is there.
    page.keyboard.press("Enter")
    expect(rows).to_contain_text("Page 3 of 3")
    expect(page.locator("#rows a[rel=prev]")).to_be_focused()
    expect(page.locator("#rows a[rel=prev]")).to_be_in_viewport()


@pytest.mark.usefixtures("fresh_suites")
def test_a_suite_is_edited_tried_saved_and_restored(admin: Visitor, desk: Desk, passed_run: str):
    page = admin.edit()
    add_upper_bound(page, "300")
    expect(page.locator("#state")).to_have_text("1 unsaved change")
    page.locator("#open-try").click()
    page.locator("#try select", has=page.locator(f"option[value='{passed_run}']")).select_option(
        passed_run
    )
    page.get_by_role("button", name="Try the draft").click()
    result = page.locator("#try-result")
    expect(result.get_by_text("The draft:")).to_be_visible(timeout=PATIENCE_MS)
    expect(result.locator("p", has_text="The draft:").locator(".chip")).to_have_text("closed")
    expect(result.locator("p", has_text="The saved suite:").locator(".chip")).to_have_text("open")
    expect(result.locator("li.critical", has_text=LOW)).to_contain_text("TSLA")
    admin.picture("trial_1280")
    assert desk.trigger_and_wait()["state"] == "success"  # the last run, of the sample
    save(page, "no share of ours costs more")
    told = page.locator("#accepting")
    expect(told).to_contain_text("On the bars of the last run", timeout=PATIENCE_MS)
    expect(told).to_contain_text("which it holds: TSLA")
    admin.witness.refuse(422)  # what has to be accepted
    admin.picture("save_1280")
    told.get_by_role("checkbox").check()
    page.locator("#do-save").click()
    saved(page)

    failed = desk.trigger_and_wait()
    assert failed["state"] == "failed"
    page = admin.go_to_run(failed["dag_run_id"])
    expect(page.locator("h1")).to_contain_text("closed")
    expect(page.locator(".outcome", has_text=LOW).first).to_be_visible()
    rows = page.locator("table.failing tbody tr", has_text=LOW)
    expect(rows).not_to_have_count(0)
    assert all("TSLA" in text for text in rows.all_inner_texts())
    expect(page.locator("[data-load$='/failed'] svg").first).to_be_visible()
    expect(page.locator("[data-load$='/changes']")).to_contain_text("newly failing")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()
    assert download.value.path().read_text().splitlines()[0].startswith("symbol,date")

    page = admin.go("/suites/stock_data/history")
    newest = page.locator("section.version").first
    expect(newest).to_contain_text("by admin")
    expect(newest).to_contain_text("no share of ours costs more")
    expect(newest.locator(".changes")).to_contain_text(LOW)
    expect(newest.locator(f".runs-of a[href$='{failed['dag_run_id']}']")).to_be_visible()
    restore_first(page)
    assert desk.trigger_and_wait()["state"] == "success"


def test_an_exception_is_added_by_keyboard_and_rules_its_symbol(admin: Visitor, passed_run: str):
    page = admin.edit()
    add_upper_bound(page, "300")
    line = entry(page, LOW)
    line.get_by_title("Edit", exact=True).press("Enter")
    page.get_by_role("button", name="New exception").press("Enter")
    row = page.get_by_role("group", name="Exception 1", exact=True)
    expect(row.get_by_label("Symbols")).to_be_focused()
    page.keyboard.type("TS*")
    expect(row).to_contain_text("rules TSLA")
    row.get_by_label("Differs in").select_option(label="Max value")
    expect(row.get_by_label("Max value", exact=True)).to_be_focused()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("320")
    row.get_by_label("Severity").select_option("warning")
    admin.picture("exceptions_1280")
    page.keyboard.press("Enter")
    expect(line).to_contain_text("For TS*: max_value 320, as warning")

    page.locator("#open-try").press("Enter")
    page.locator("#try select", has=page.locator(f"option[value='{passed_run}']")).select_option(
        passed_run
    )
    page.get_by_role("button", name="Try the draft").press("Enter")
    result = page.locator("#try-result")
    expect(result.get_by_text("The draft:")).to_be_visible(timeout=PATIENCE_MS)
    expect(result.locator("p", has_text="The draft:").locator(".chip")).to_have_text("open")
    tried = result.locator("li.warning", has_text=LOW).first
    expect(tried).to_contain_text("TS*: max_value 320, as warning (1 symbol: TSLA)")
    expect(tried).to_contain_text("failed as warning")


def test_every_select_of_the_editor_has_a_label_of_its_own(admin: Visitor):
    page = admin.edit()
    labels = page.locator("select[aria-label]").evaluate_all("all => all.map(one => one.ariaLabel)")
    assert len(labels) > 20
    assert len({*labels}) == len(labels)


@pytest.mark.usefixtures("passed_run")
def test_a_parameter_says_by_keyboard_what_it_means_and_what_it_does(admin: Visitor):
    page = admin.edit()
    nearness = page.get_by_role("button", name="nearness = ")
    nearness.focus()
    tip = page.get_by_role("tooltip")
    expect(tip).to_contain_text("How near the jump at the open must be to a split ratio")
    expect(tip).to_contain_text("as with the saved suite", timeout=PATIENCE_MS)
    expect(nearness).to_have_accessible_description(re.compile("split ratio"))
    page.keyboard.press("Escape")
    expect(tip).to_have_count(0)


@pytest.mark.usefixtures("fresh_suites")
def test_of_two_editors_the_second_is_shown_what_the_first_did(open_as: Open):
    first, second = open_as("admin"), open_as("admin")
    page, other = first.edit(), second.edit()
    entry(page, "There is at least one bar").get_by_label("Severity").select_option("warning")
    add_upper_bound(other, "9999")
    save(page, "a warning is enough")
    saved(page)

    save(other, "a ceiling")
    saved(other)
    expect(other.locator("#told")).to_contain_text("(severity); both are saved")
    loaded = entry(other, "There is at least one bar").get_by_label("Severity")
    expect(loaded).to_have_value("warning")
    expect(other.get_by_role("button", name="Undo")).to_be_disabled()

    loaded.select_option("info")  # and now the same, by both
    save(other, "it is only told")
    saved(other)
    entry(page, "There is at least one bar").get_by_label("Severity").select_option("critical")
    save(page, "it closes the gate")
    conflict = page.locator("#conflict")
    expect(conflict).to_contain_text("Somebody was faster")
    expect(conflict).to_contain_text("it is only told")
    expect(conflict).to_contain_text("You both changed severity of")
    first.witness.refuse(409)
    conflict.get_by_role("button", name="Load theirs").click()
    mine = entry(page, "There is at least one bar").get_by_label("Severity")
    expect(mine).to_have_value("info")
    expect(entry(page, LOW)).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(mine).to_have_value("critical")  # nothing of the second's work is lost

    page = second.go("/suites/stock_data/history")  # the first one's draft is not saved
    reasons = page.locator("section.version .reason").all_inner_texts()
    assert reasons[:3] == ["it is only told", "a ceiling", "a warning is enough"]
    expect(page.locator("section.version").nth(1)).to_contain_text("merged: admin changed")
    restore_first(page)


def test_a_viewer_reads_but_saves_nothing(viewer: Visitor, desk: Desk):
    page = viewer.edit()
    expect(page.get_by_text("You may look at this suite, but not change it.")).to_be_visible()
    expect(page.locator("#open-save")).to_have_count(0)
    expect(page.get_by_role("button", name="Remove")).to_have_count(0)
    status = page.evaluate(
        """async (url) => (await fetch(url, {method: "PUT", body: "{}",
           headers: {"content-type": "application/json"}})).status""",
        f"{PAGES}/api/suites/stock_data",
    )
    assert status == 403
    viewer.witness.refuse(403)
    expect(viewer.go("/suites/stock_data/history").get_by_text("Restore")).to_have_count(0)
    expect(viewer.go("/suites/").get_by_text("New suite")).to_have_count(0)


def test_markup_in_the_data_is_shown_and_does_nothing(admin: Visitor, desk: Desk, hostile_run: str):
    stored = stored_symbol(desk)
    page = admin.go_to_run(hostile_run)
    expect(page.get_by_role("cell", name=HOSTILE, exact=True).first).to_be_visible()
    expect(page.locator("[data-load$='/failed'] svg").first).to_be_visible()
    expect(admin.go("/").locator(f"#symbols option[value='{HOSTILE}']")).to_have_count(1)
    page = admin.edit()
    page.locator("#open-try").click()
    page.get_by_role("combobox", name="Symbols", exact=True).fill(stored)
    page.get_by_role("button", name="Try the draft").click()
    expect(page.locator("#try-result")).to_contain_text("The draft:", timeout=PATIENCE_MS)
    expect(page.locator("#try-result")).to_contain_text(stored)
    assert page.locator("img").count() == 0


def stored_symbol(desk: Desk) -> str:
    """Put bars of a symbol that is markup into the table of bars."""
    socket = str(next(desk.var.glob("postgres/**/.s.PGSQL.*")).parent)
    connection = psycopg2.connect(host=socket, user="postgres", dbname="bars")
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "insert into stock_data (symbol, date, open, high, low, close, volume)"
            " values (%s, '2025-10-07', 5, 4, 6, 5, 10) on conflict do nothing",
            [STORED],
        )
    connection.close()
    return STORED


def every_page(run_id: str) -> dict[str, str]:
    """The addresses of our pages by the name of their picture."""
    return {
        "runs": "/",
        "report": f"/runs/{quote(run_id, safe='')}",
        "docs": "/docs/",
        "suites": "/suites/",
        "editor": "/suites/stock_data",
        "history": "/suites/stock_data/history",
        "new_suite": "/suites/new",
        "not_found": "/runs/there_is_none",
    }


@pytest.mark.parametrize(("width", "scheme"), [(WIDE, "light"), (NARROW, "light"), (WIDE, "dark")])
def test_every_page_fits_its_window_and_is_quiet(
    open_as: Open, hostile_run: str, width: int, scheme: Scheme
):
    somebody = open_as("admin", width, scheme)
    for name, path in every_page(hostile_run).items():
        page = somebody.go(path)
        page.wait_for_load_state("networkidle")
        expect(page.locator("[aria-busy=true]")).to_have_count(0)
        beyond = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert beyond <= 0, f"{name} is {beyond} pixels too wide at {width}"
        somebody.picture(f"{name}_{width}" + ("_dark" if scheme == "dark" else ""))
        if name == "not_found":
            somebody.witness.refuse(404)


def test_the_pages_open_inside_airflow(admin: Visitor, desk: Desk):
    admin.page.goto(f"{desk.airflow}/dags")
    admin.page.get_by_role("link", name="Data quality").click()
    inside = admin.page.frame_locator("iframe")
    expect(inside.get_by_role("heading", name="Data quality")).to_be_visible()
    inside.get_by_role("link", name="Suites").click()
    inside.locator("a[href$='/suites/stock_data']").click()
    expect(inside.locator("#state")).to_have_text("saved", timeout=PATIENCE_MS)
    inside.get_by_role("link", name="Data Docs").click()
    index = inside.frame_locator("iframe")
    index.get_by_role("link", name=re.compile(r"^20\d\d-")).first.click()
    expect(index.get_by_text("Evaluated Expectations")).to_be_visible()


# MLflow's own pages, on what the desk has logged there.


@pytest.fixture(scope="module")
def tracked(desk: Desk, passed_run: str) -> tuple[str, str]:
    """The experiment's and the run's id of a run that passed."""
    address = desk.mlflow.replace("://", "://{}:{}@".format(*desk.mlflow_login("viewer")))
    store = TrackingStore(address, Settings.model_fields["mlflow_experiment_name"].default)
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


def go_to_mlflow(reader: Visitor, path: str) -> None:
    reader.page.goto(f"{reader.desk.mlflow}/{path}")


def test_a_runs_page_opens_with_its_verdict_and_leads_to_the_report(
    reader: Visitor, tracked: tuple[str, str]
) -> None:
    experiment, run = tracked
    go_to_mlflow(reader, f"#/experiments/{experiment}/runs/{run}?workflowType=machine_learning")
    page = reader.page
    expect(page.get_by_text("46 bars of 2 symbols", exact=False).first).to_be_visible()
    reader.picture("mlflow_run")
    link = page.get_by_role("link", name="Report", exact=True).get_attribute("href")
    assert link is not None
    go_to_mlflow(reader, link)  # the fold of a long description may lie over it; it opens a window
    frame = page.frame_locator("iframe").first
    expect(frame.get_by_role("heading", name=re.compile("46 bars"))).to_be_visible(
        timeout=PATIENCE_MS
    )
    reader.picture("mlflow_report")


def test_who_comes_by_mlflows_own_home_finds_the_runs_and_their_verdicts(
    reader: Visitor, passed_run: str
) -> None:
    go_to_mlflow(reader, "")
    page = reader.page
    page.get_by_role("link", name="ibkr-stock-data").first.click()
    expect(page.get_by_role("link", name=passed_run)).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_role("columnheader", name="verdict").first).to_be_visible()
    expect(page.get_by_text("Published 46 bars of 2 symbols").first).to_be_in_viewport()
    expect(page.get_by_text("Welcome to MLflow Assistant")).to_have_count(0)
    reader.picture("mlflow_first_click")
    page.get_by_role("link", name=passed_run).click()
    verdict = page.get_by_text("verdict: Published 46 bars of 2 symbols", exact=False).first
    expect(verdict).to_be_in_viewport()
    reader.picture("mlflow_second_click")
    page.go_back()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name=QUALITY.name).click()
    header = opened.value.get_by_role("columnheader", name="verdict")
    expect(header.first).to_be_visible(timeout=PATIENCE_MS)


def test_the_table_of_runs_shows_what_its_view_says(
    reader: Visitor, tracked: tuple[str, str], passed_run: str
) -> None:
    go_to_mlflow(reader, QUALITY.url_path(tracked[0]))
    page = reader.page
    expect(page.get_by_text(passed_run).first).to_be_visible()
    for column in ("verdict", "validation_status", "failing_share", "failures_critical"):
        expect(page.get_by_role("columnheader", name=column).first).to_be_visible()
    expect(page.get_by_text("Trend: stock_data")).to_have_count(0)
    reader.picture("mlflow_quality")


def test_the_trends_are_drawn_as_lines(
    reader: Visitor, tracked: tuple[str, str], desk: Desk
) -> None:
    go_to_mlflow(reader, TRENDS.url_path(tracked[0]))
    page = reader.page
    for title in ("failing_share", "rows", "failures_critical", "failures_warning"):
        expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    expect(page.get_by_text("Trend: stock_data").first).to_be_visible()
    expect(page.locator(".scatterlayer .trace").first).to_be_attached(timeout=PATIENCE_MS)
    reader.picture("mlflow_trends")
