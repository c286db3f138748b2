import html
import re

from dags.reporting.tracked.description import describe, escape
from gx.report.document import OutcomeDocument
from tests.report_documents import outcome_document, report_document

LINKS = {"Report": "artifact:validation/report.html", "Airflow run": "http://host/dags/d/runs/r"}
EVIL = "|<b>x\n**[y](http://z)** `"


def failed(
    description: str = "No bar lacks its close price.",
    severity: str = "critical",
    status: str = "failed",
    count: int = 3,
    symbols: tuple[str, ...] = ("TSLA",),
) -> OutcomeDocument:
    return outcome_document(
        description=description,
        severity=severity,
        status=status,
        unexpected_count=count,
        symbols=list(symbols),
    )


def rows(text: str) -> list[list[str]]:
    """The cells of the table as a reader sees them."""
    lines = [line for line in text.splitlines() if line.startswith("|")][2:]
    return [[html.unescape(cell.strip()) for cell in line.strip("|").split("|")] for line in lines]


def test_the_verdict_comes_first_then_where_to_read_on_and_what_failed():
    found = [failed(severity="info", count=9), failed(status="passed"), failed()]
    text = describe("Gate closed: 1 failed.", report_document(*found), held=["NVDA"], links=LINKS)
    pages = " · ".join(f"[{name}]({to})" for name, to in LINKS.items())
    assert text.startswith(f"**Gate closed: 1 failed.**\n\n{pages}\n\n| Severity")
    assert rows(text) == [
        ["critical", "No bar lacks its close price.", "3", "TSLA"],
        ["info", "No bar lacks its close price.", "9", "TSLA"],
    ]
    assert text.endswith("Held: NVDA")


def test_a_run_without_failures_has_no_table():
    text = describe("Passed.", report_document(*[failed(status="passed")]), links={})
    assert text == "**Passed.**"


def test_text_from_the_data_is_shown_as_it_is_and_breaks_nothing():
    text = describe(
        f"Gate closed {EVIL}", report_document(*[failed(EVIL, symbols=(EVIL,))]), links={}
    )
    one_line = EVIL.replace("\n", " ")
    (cells,) = rows(text)
    assert cells[:3] == ["critical", one_line, "3"]
    assert one_line.startswith(cells[3].removesuffix(" …"))
    assert not re.search(r"<b>|\]\(|`", text)


def test_a_crashed_check_comes_first_and_says_so():
    found = [failed(), failed(status="error", count=0)]
    (_, what, count, _), _ = rows(describe("Closed.", report_document(*found), links={}))
    assert (what, count) == ("No bar lacks its close price. (could not be checked)", "")


def test_a_long_list_is_cut_to_what_mlflow_shows():
    many = [failed("é|" * 400, symbols=tuple(f"S{n}|" for n in range(500))) for _ in range(300)]
    text = describe(
        "V|" * 9000,
        report_document(*many),
        held=["H|" * 9] * 99,
        error="E<" * 9000,
        links=LINKS,
    )
    assert len(text) < 8_000 - 300  # an artifact's link grows when it is sent
    assert re.search(r"and \d+ more in the report", text)
    assert "/runs/r)" in text


def test_an_error_after_the_verdict_is_told_and_the_gates_own_is_not():
    judged = report_document()
    later = describe("Passed.", judged, error="OperationalError: gone", links={})
    assert "Then: OperationalError" in later
    assert describe("Closed.", judged, error="GateClosed: x", links={}) == "**Closed.**"


def test_escaped_text_reads_the_same():
    assert html.unescape(escape("low ≤ open_x & <p> 100%")) == "low ≤ open_x & <p> 100%"
