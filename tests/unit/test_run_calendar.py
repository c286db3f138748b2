"""The calendar of runs: which days it has, and where they stand."""

from datetime import date

from gx.web.runs.calendar import CELL, STEP, _run_day, calendar
from gx.web.summary import RunSummary

NAMES = {"passed": "passed", "no_verdict": "no verdict"}
TODAY = date(2026, 3, 4)


def run(started: str) -> RunSummary:
    return RunSummary("r", "d", started, "", "open")


def test_the_year_ends_today_and_begins_on_a_monday():
    year = calendar([run("2026-03-02T12:00:00+00:00")], NAMES, today=TODAY)

    assert year is not None
    assert (year.first, year.last) == ("2025-03-03", "2026-03-04")
    assert date.fromisoformat(year.first).weekday() == 0
    (day,) = year.days
    assert (day.x, day.y) == (year.width - STEP, 18), "the Monday on top of the last week"
    assert year.empty.count("M") == 52 * 7 + 3 - 1
    assert [label.text for label in year.months][:2] == ["Mar", "Apr"]
    assert max(label.x for label in year.months) <= year.width - CELL


def test_runs_of_another_year_and_of_a_clock_ahead_are_shown_all_the_same():
    old = calendar([run("2020-01-07T12:00:00+00:00")], NAMES, today=TODAY)
    ahead = calendar([run("2026-03-05T00:00:00+00:00")], NAMES, today=TODAY)

    assert old is not None and old.last == "2020-01-07" and len(old.days) == 1
    assert ahead is not None and ahead.last == "2026-03-05" and len(ahead.days) == 1


def test_without_a_run_that_began_there_is_no_calendar():
    assert calendar([run("")], NAMES, today=TODAY) is None


def test_a_day_counts_runs_and_not_symbols():
    names = {"held": "symbols held", "passed": "passed"}
    found = _run_day(date(2026, 3, 2), date(2026, 3, 2), ["held", "passed", "held"], names)
    assert found.label == "Mon 2026-03-02, 3 runs: 2 with symbols held, 1 passed"
