"""What is asked of a verdict, what an answer waives, and who may answer."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dags.work.question import MOST_BARS, body_of, question_of, wanted_waivers
from gx.gate.verdicts import with_at_odds, with_removals
from gx.gate.waive import waive
from gx.report.model import QualityReport
from gx.report.published import AtOdds
from gx.suite.waivers import made_waiver, today
from tests.staged_runs import REMOVAL, daily_bars, judged, outcome

BARS = daily_bars(["AAPL", "MSFT", "TSLA"], days=20)
BAD = judged(BARS, outcome(BARS, [3, 4, 45]), outcome(BARS, [5], "warning", "open"))
MADE = {"id": "0123abcd", "reason": "so", "author": "ann", "made": "2026-01-01T00:00:00Z"}


def test_exactly_the_failing_bars_are_waived():
    wanted = wanted_waivers(BAD)

    assert [(one["symbol"], len(one["bars"])) for one in wanted] == [("AAPL", 2), ("TSLA", 1)]
    made = [made_waiver(**MADE, **one, expires="2999-01-01") for one in wanted]
    left = waive(BAD.outcomes, BARS, made, today=today(), last_date=BAD.last_date).outcomes
    assert [one.status for one in left] == ["waived", "failed"]
    other = BARS.assign(close=np.where(BARS.index == 4, 1.0, BARS["close"]))
    left = waive(BAD.outcomes, other, made, today=today(), last_date=BAD.last_date).outcomes
    assert list(left[0].rows) == [4]


def test_bars_that_miss_two_expectations_of_one_name_are_waived_once():
    twice = judged(BARS, outcome(BARS, [3]), outcome(BARS, [3]))

    assert len(wanted_waivers(twice)) == 1


def test_a_symbol_that_is_late_is_waived_on_the_newest_day():
    late = replace(outcome(BARS, [3]), behind={"MSFT": "2024-01-10"}, symbols=("AAPL", "MSFT"))

    (_, wanted) = wanted_waivers(judged(BARS, late))

    assert (wanted["symbol"], wanted["first_date"]) == ("MSFT", BAD.last_date)
    assert wanted["first_date"] == wanted["last_date"]


def test_the_question_shows_the_worst_bars_in_numbers_and_escapes_them():
    bars = BARS.assign(symbol=BARS["symbol"].replace("AAPL", "<b>|x"))
    report = judged(bars, outcome(bars, [3]))
    question = question_of(report, "digest")

    body = body_of(question, report, "Waits.", "https://airflow.test/gate/runs/r", 12)

    assert "[The report](https://airflow.test/gate/runs/r)" in body
    assert "<b>" not in body
    assert f"| {bars['close'][3]:,.10g} |" in body
    assert "within 12 h, the symbols are held" in body


@pytest.mark.parametrize(
    ("volume", "shown"),
    [(1_098_982.0, "1,098,982"), (float("nan"), "NULL"), (0.1234567, "0.1234567"), (1e30, "1e+30")],
)
def test_numbers_of_the_worst_bars_are_shown_as_people_write_them(volume: float, shown: str):
    bars = BARS.assign(volume=np.where(BARS.index == 3, volume, BARS["volume"]))
    report = judged(bars, outcome(bars, [3]))

    body = body_of(question_of(report, "digest"), report, "Waits.", "https://airflow.test/r", 12)

    assert f" | {shown} | " in body


CLOSELESS = BARS.assign(close=BARS["close"].where(BARS.index != 3))
TWICE = BARS.assign(date=BARS["date"].where(BARS.index != 4, BARS["date"].shift()))
MANY = daily_bars([f"A{number:03}" for number in range(60)], days=20)
NAMELESS_DAY = BARS.assign(date=BARS["date"].where(BARS.index != 3))


@pytest.mark.parametrize(
    ("report", "why"),
    [
        pytest.param(BAD, "", id="it_can"),
        pytest.param(
            with_removals(BAD, [replace(REMOVAL, held=True)]), "gone from the source", id="removed"
        ),
        pytest.param(
            with_at_odds(BAD, [AtOdds("AAPL", 9, 9, "2024-01-01", "2024-01-12", held=True)]),
            "run 2024-01-01 to 2024-01-12, in one run",
            id="at_odds",
        ),
        pytest.param(judged(NAMELESS_DAY, outcome(NAMELESS_DAY, [3])), "has no date", id="no_date"),
        pytest.param(
            judged(CLOSELESS, outcome(CLOSELESS, [3])), "1 failing bar without a price", id="null"
        ),
        pytest.param(
            judged(TWICE, outcome(TWICE, [3, 4])), "2 failing bars without", id="one_date"
        ),
        pytest.param(
            judged(MANY, outcome(MANY, list(range(MOST_BARS + 1)))), "more than 1,000", id="many"
        ),
        pytest.param(
            judged(BARS, replace(outcome(BARS, []), status="failed", symbols=("AAPL",))),
            "without saying on which bar",
            id="no_bar",
        ),
    ],
)
def test_what_no_waiver_can_name_cannot_be_published_all_the_same(report: QualityReport, why: str):
    said = question_of(report, "digest").unpublishable

    assert why in said and bool(why) == bool(said)


@pytest.mark.parametrize(
    ("deciders", "listed", "others"),
    [
        pytest.param(frozenset(), ["admin", "olga"], ["viewer", "uta"], id="operators"),
        pytest.param(frozenset({"uta"}), ["uta"], ["admin"], id="a_name"),
        pytest.param(frozenset({"op"}), ["olga", "op"], ["admin"], id="a_role"),
    ],
)
def test_who_may_answer(
    airflow_environment: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
    deciders: frozenset[str],
    listed: list[str],
    others: list[str],
):
    from dags.asking.deciders import assigned, may_answer

    users = "admin:admin,viewer:viewer,olga:op,uta:user"
    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS", users)

    assert [user["name"] for user in assigned(deciders)] == listed
    assert all(may_answer(name, deciders) for name in listed)
    assert not any(may_answer(name, deciders) for name in others)


def test_dates_with_a_zone_are_waived_by_both_their_days():
    bars = BARS.assign(date=pd.to_datetime(BARS["date"]).dt.tz_localize("Asia/Tokyo"))

    (wanted,) = wanted_waivers(judged(bars, outcome(bars, [3])))

    assert wanted["first_date"] < wanted["last_date"]
    made = [made_waiver(**MADE, **wanted, expires="2999-01-01")]
    (left,) = waive([outcome(bars, [3])], bars, made, today=today(), last_date=None).outcomes
    assert left.status == "waived"
