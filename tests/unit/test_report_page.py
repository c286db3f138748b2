"""The report as one file: what it shows, how large it may grow, and that it stands alone."""

import html
import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gx.gate.verdicts import failing_bars, with_removals
from gx.report.changes import Changes, ReportedRun, compare
from gx.report.console import report_lines
from gx.report.model import Outcome, QualityReport, SymbolVerdict
from gx.report.render import render_html
from tests.staged_runs import DOUBT, REMOVAL, daily_bars, judged, outcome

MAX_BYTES = 500_000
OUTSIDE = re.compile(
    r"""(?:\b(?:src|href|action|data|srcset|poster)\s*=\s*["']?+(?!\#|data:)[^\s>])"""
    r"""|url\(|@import|\bfetch\b|XMLHttpRequest|https?:|target=|localStorage""",
    re.IGNORECASE,
)
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def bars() -> pd.DataFrame:
    return daily_bars(["AAPL", "MSFT"], 150)


def between(
    bars: pd.DataFrame, column: str, low: float | None, high: float | None, **more: object
) -> Outcome:
    """The outcome of bounds on a column."""
    value = bars[column]
    bad = (value < (-np.inf if low is None else low)) | (value > (np.inf if high is None else high))
    kwargs = {"column": column, "min_value": low, "max_value": high}
    found = outcome(bars, np.flatnonzero(bad).tolist(), column=column)
    return replace(found, status="failed", kwargs=kwargs, **more)  # type: ignore[arg-type]


def market(bars: pd.DataFrame, rows: list[int], **more: object) -> Outcome:
    """The outcome of a market expectation."""
    found = outcome(bars, rows)
    text = {"type": "expect_no_reversing_spikes", "kwargs": {}, "description": "No spike."}
    return replace(found, **{**text, **more})  # type: ignore[arg-type]


def pictures(page: str, kind: str) -> int:
    return len(re.findall(rf'<svg [^>]*aria-label="{kind}', page))


def test_a_huge_report_stays_below_500_kb_and_says_what_it_leaves_out():
    every = tuple(f"S{n:04d}" for n in range(5_000))
    few = daily_bars(["S"], 20)
    bars = pd.concat([few] * len(every), ignore_index=True).assign(symbol=np.repeat(every, 20))
    rows = np.arange(100_000)
    outcomes = tuple(
        Outcome(
            type=f"expect_number_{n}_of_a_large_suite_to_hold",
            kwargs={"value_set": list(every), "tolerance": 0.5},
            severity=("critical", "warning", "info")[n % 3],
            status="failed",
            description=f"Expectation {n} says at some length what it is that no bar may do.",
            unexpected_count=len(rows),
            unexpected_share=1.0,
            rows=rows,
            symbols=every,
        )
        for n in range(60)
    )
    report = _without_verdicts(bars, outcomes)

    page = render_html(report, bars=bars, every_row="All of them are in failing.parquet.")

    assert 100_000 < len(page.encode()) < MAX_BYTES
    assert "(the worst 200 of 100,000)" in page
    assert "(the worst 200 of 5,000)" in page
    assert "and 4,988 more symbols" in page
    assert "and 57 more" in page  # reasons of one bar
    assert page.count('class="outcome ') == 60
    assert pictures(page, "Prices") == 12
    assert "All of them are in failing.parquet." in page


def _without_verdicts(bars: pd.DataFrame, outcomes: tuple[Outcome, ...]) -> QualityReport:
    """As ``judged``, with the lists that 6,000,000 findings would take minutes to fill shared."""
    one = replace(outcomes[0], rows=outcomes[0].rows)
    failing = failing_bars(bars, (one,))
    failing["reasons"] = [[o.description for o in outcomes]] * len(failing)
    verdict = SymbolVerdict("held", 20, 20, tuple(o.description for o in outcomes))
    symbols = dict.fromkeys(bars["symbol"].unique(), verdict)
    return QualityReport("s", "0" * 64, "", len(bars), None, None, outcomes, symbols, failing)


def test_endless_texts_are_cut_and_do_not_make_the_file_large(bars):
    endless = "<&\"'" * 5_000
    named = bars.assign(symbol=bars["symbol"] + endless)
    outcomes = [
        market(
            named, list(range(300)), description=f"{n} {endless}", observed=endless, type=endless
        )
        for n in range(100)
    ]
    crash = Outcome(endless, {endless: endless}, "info", "error", endless, exception=endless)

    page = render_html(
        judged(named, *outcomes, crash), bars=named, provenance={endless: endless}, every_row=""
    )

    assert len(page.encode()) < MAX_BYTES


def test_the_file_asks_for_nothing_from_outside(bars):
    report = judged(bars, between(bars, "close", 90, None), market(bars, [5, 200]))

    page = render_html(report, bars=bars, changes=_changes(bars, report))

    assert OUTSIDE.search(page) is None
    assert "default-src 'none'" in page
    assert len(re.findall("<script", page)) == 1
    assert set(re.findall(r'href="#(\w+)"', page)) <= set(re.findall(r' id="(\w+)"', page))
    assert not re.search(r"<[^>]+\s(?:on\w+|style)=", page)


def test_texts_of_the_data_are_only_text(bars):
    named = bars.assign(symbol=HOSTILE)
    report = judged(named, market(named, [5], description=HOSTILE, observed=HOSTILE))

    page = render_html(report, bars=named, provenance={HOSTILE: HOSTILE}, every_row=HOSTILE)

    assert HOSTILE not in page
    assert "&lt;script&gt;" in page


def test_each_failure_has_the_picture_that_explains_it(bars):
    report = judged(bars, between(bars, "close", 90, None), market(bars, [5, 200]))

    page = render_html(report, bars=bars)

    assert (pictures(page, "Histogram of close"), pictures(page, "Prices of AAPL")) == (1, 1)
    assert page.count('<g class="critical') == 1  # the other one is of another symbol


def test_a_failure_without_bars_has_no_picture(bars):
    report = judged(bars, Outcome("expect_x", {}, "critical", "failed", "All is well."))

    assert "<svg" not in render_html(report, bars=bars)
    assert "<svg" not in render_html(judged(bars, between(bars, "close", 90, None)))


def test_passed_symbols_are_folded_and_searched_and_many_others_too():
    bars = daily_bars([f"A{n:03d}" for n in range(60)], days=3)
    page = render_html(judged(bars, outcome(bars, list(range(90)))))
    shown, *folds = page.partition('id="symbols"')[2].partition("</section>")[0].split("<details")

    assert "data-find" in shown
    assert [part.count("<tr><td>") for part in (shown, *folds)] == [25, 5, 30]
    assert "5 more that did not pass" in folds[0]
    assert folds[1].startswith("><summary>30 symbols passed")
    few = render_html(judged(bars[:6], outcome(bars[:6], [])))
    assert "<details open><summary>2 symbols passed" in few and "data-find size" not in few


def test_a_histogram_of_some_symbols_says_so(bars):
    report = judged(bars, between(bars, "close", 90, None))
    some = bars[bars["symbol"] == report.failed[0].symbols[0]]

    assert "of the symbols most at fault: 150 values" in render_html(report, bars=some)
    assert "most at fault" not in render_html(report, bars=bars)


def test_without_failures_the_file_says_passed_and_folds_the_rest(bars):
    page = render_html(judged(bars, outcome(bars, [])), bars=bars)

    assert '<header class="passed">' in page
    assert "What failed" not in page
    assert "1 expectation met" in page


def test_bars_published_before_that_are_doubtful_now_have_a_section_of_their_own(bars):
    report = replace(judged(bars, outcome(bars, [])), doubtful=(DOUBT,))

    page = text_of(render_html(report, bars=bars))

    assert "1 bar published before is now doubtful." in page
    assert "Published before, now doubtful" in page
    assert "AAPL 2024-03-04 on 2024-03-05 22:15 by run scheduled__2024-03-05" in page
    assert "101.5 999.25 100 101 NULL No price jumps far away and comes back." in page
    assert "They stay published as they are" in page
    lines = "\n".join(report_lines(report))
    assert "doubtful  AAPL 2024-03-04, published on 2024-03-05 by run scheduled__" in lines


def test_published_bars_that_are_gone_have_a_section_of_their_own(bars):
    removals = [REMOVAL, replace(REMOVAL, symbol="AAPL", held=True)]
    report = with_removals(judged(bars, outcome(bars, [])), removals)

    page = text_of(render_html(report, bars=bars))

    assert "Gate closed" in page
    assert "No published bar has vanished from the source." in page
    assert "AAPL 2 20 2024-03-04 to 2024-03-05 2024-03-04, 2024-03-05 held until" in page
    assert "they leave the published table" in page
    assert "What was published of a held symbol before stays published." in page
    assert page.index("AAPL 2 20") < page.index("MSFT 2 20")
    assert "  gone      AAPL: 2 of 20 published bars; the symbol is held" in report_lines(report)


def test_where_a_suite_is_weak_stands_above_what_it_found(bars):
    weakness = "entry 3 (Close is positive.): mostly is 0, so it can never fail"
    report = replace(judged(bars, market(bars, [5])), weaknesses=(weakness,))

    page = text_of(render_html(report, bars=bars))

    assert page.index(weakness) < page.index("What failed")
    assert f"  weak      {weakness}" in report_lines(report)


def test_each_expectation_says_at_how_many_rows_it_looked(bars):
    met = replace(outcome(bars, []), looked_at=300)
    bad = replace(market(bars, [5]), looked_at=12)
    nothing = Outcome(
        "expect_x", {}, "warning", "unchecked", "X holds.", observed="looked at no bar", looked_at=0
    )

    page = text_of(render_html(judged(bars, met, bad, nothing), bars=bars))

    assert "looked at 300 of 300 bars" in page
    assert "looked at 12 of 300 bars" in page
    assert page.count("looked at no bar") == 1
    assert "looked at 0" not in page


def test_hostile_texts_of_published_bars_are_only_text_and_many_stay_small(bars):
    texts: dict[str, Any] = dict.fromkeys(
        ("symbol", "date", "published_by", "published_at"), HOSTILE * 50
    )
    doubt = replace(DOUBT, reasons=(HOSTILE * 50,) * 20, **texts)
    gone = replace(REMOVAL, symbol=HOSTILE * 50, dates=(HOSTILE * 50,) * 20)
    report = replace(
        judged(bars, outcome(bars, [])),
        doubtful=(doubt,) * 5_000,
        removed=(gone,) * 5_000,
        weaknesses=(HOSTILE * 50,) * 500,
    )

    page = render_html(report, bars=bars)

    assert HOSTILE not in page
    assert len(page.encode()) < MAX_BYTES
    assert "(the worst 100 of 5,000)" in page
    assert "and 480 more" in page


def text_of(page: str) -> str:
    """What a page shows, in one line."""
    shown = re.sub(r"(?s)<(script|style)\b.*?</\1>|<[^>]+>", " ", page)
    return re.sub(r"\s+", " ", html.unescape(shown)).replace(" ,", ",")


def _changes(bars: pd.DataFrame, report: QualityReport) -> Changes:
    """A bar was restated, and a bound of the suite moved."""
    now = report.to_dict(every_row=False)
    before = json.loads(json.dumps(now))
    before["expectations"][0]["unexpected_count"] = 1
    before["expectations"][1]["success"] = True
    entry = {"type": "expect_x", "description": "X holds.", "kwargs": {"at_most": 1}}
    suites = [json.dumps({"expectations": [{**entry, "kwargs": {"at_most": n}}]}) for n in (1, 2)]
    old = bars.assign(close=bars["close"].where(bars.index != 7, 1.5))
    return compare(
        ReportedRun(before, suites[0], "old", lambda: old),
        ReportedRun(now, suites[1], "new", lambda: bars),
    )


def test_the_file_says_what_changed_since_the_run_before(bars):
    close = between(bars, "close", 90, None)
    report = judged(bars, close, market(bars, [5, 200]))

    page = render_html(report, changes=_changes(bars, report))
    said = " ".join(re.sub(r"<[^>]*>", " ", page.split('id="changes"')[1]).split())

    assert "1 newly failing No spike." in said
    assert f"1 → {close.unexpected_count} bars" in said
    assert "changed: X holds. at_most 1 → 2" in said
    assert "1 bar restated, 0 new and 0 gone" in said
    assert "close 1.5 →" in said


def test_bars_are_not_read_when_their_digest_is_the_same(bars):
    def unread() -> pd.DataFrame:
        raise AssertionError("nobody needs these bars")

    document = judged(bars).to_dict(every_row=False)
    same = compare(
        ReportedRun(document, None, "a", unread), ReportedRun(document, None, "a", unread)
    )

    assert same.same_bars
    assert same.bars is None
