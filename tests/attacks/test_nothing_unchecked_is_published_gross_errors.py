"""A gross price, or a symbol written in two ways, is stopped on the day it comes.

A nightly run judges one day; all that it knows of a symbol are the 120 days before. Each attack is
a bar that the structural checks let pass, or that only they would stop.
"""

from collections.abc import Callable

import pandas as pd
import pytest

from tests.bench.bars import LAST_DAY, generate_bars
from tests.workflow import Database, Ended, Workflow

PRICES = ["open", "high", "low", "close"]
CLEAN = "CLEAN"
Attack = Callable[[pd.DataFrame, int], None]
ATTACKS: dict[str, Attack] = {
    "LOW": lambda bars, at: put(bars, at, low=0.01),
    "HIGH": lambda bars, at: put(bars, at, high=99_999),
    "CLOSE25": lambda bars, at: put(bars, at, close=bars["close"][at] / 25),
    "WITHLOW": lambda bars, at: put(bars, at, close=20.0, low=19.5),
    "TINY": lambda bars, at: put(bars, at, **dict.fromkeys(PRICES, 0.02)),
    "FIVEFOLD": lambda bars, at: scale(bars, at, 5.0),
    "FIFTH": lambda bars, at: scale(bars, at, 0.2),
    "BEYOND": lambda bars, at: put(bars, at, **dict.fromkeys(PRICES, 99_999_999.0)),
}


def put(bars: pd.DataFrame, at: int, **prices: float) -> None:
    bars.loc[at, list(prices)] = list(prices.values())


def scale(bars: pd.DataFrame, at: int, factor: float) -> None:
    bars.loc[at, PRICES] *= factor


def bars_of(*symbols: str, sessions: int = 60) -> pd.DataFrame:
    """Bars near 500 up to LAST_DAY, with nothing wrong."""
    bars = generate_bars(len(symbols), sessions)
    first = bars.groupby("symbol")["close"].transform("first")
    bars[PRICES] = bars[PRICES].mul(500 / first, axis=0).round(2)
    bars["symbol"] = bars["symbol"].map(dict(zip(bars["symbol"].unique(), symbols, strict=True)))
    return bars.assign(date=bars["date"].dt.date)


def attacked(bars: pd.DataFrame, places: Callable[[pd.Index], int]) -> pd.DataFrame:
    """Each symbol that is named like an attack has suffered it, at one of its bars."""
    for symbol, labels in bars.groupby("symbol").groups.items():
        if symbol in ATTACKS:
            ATTACKS[str(symbol)](bars, int(places(labels)))
    bars[PRICES] = bars[PRICES].round(2)
    return bars


def held(ended: Ended) -> set[str]:
    verdicts = ended.json("results.json")["symbols"]
    return {symbol for symbol, said in verdicts.items() if said["verdict"] == "held"}


def published(database: Database) -> set[str]:
    return {symbol for (symbol,) in database.rows("select symbol from stock_data_enriched")}


def nightly(workflow: Workflow, *symbols: str, policy: str = "quarantine") -> Ended:
    return workflow.run(
        symbols=list(symbols), start_date=LAST_DAY, end_date=LAST_DAY, policy=policy
    )


@pytest.mark.parametrize("name", ["LOW", "HIGH"])
def test_one_gross_price_closes_the_gate_of_a_nightly_run(
    workflow: Workflow, database: Database, name: str
):
    database.insert(attacked(bars_of(CLEAN, name), lambda labels: labels[-1]))

    ended = nightly(workflow, CLEAN, name, policy="fail")

    assert (ended.state, ended.tasks["validate_data"]) == ("failed", "failed")
    assert held(ended) == {name}
    assert published(database) == set()


def test_every_gross_price_is_held_by_a_nightly_run(workflow: Workflow, database: Database):
    database.insert(attacked(bars_of(CLEAN, *ATTACKS), lambda labels: labels[-1]))

    ended = nightly(workflow, CLEAN, *ATTACKS)

    assert ended.state == "success"
    assert held(ended) == set(ATTACKS)
    assert published(database) == {CLEAN}


@pytest.mark.parametrize("place", [0, 1, 30, -2, -1])
def test_every_gross_price_is_held_by_a_run_over_all_bars(
    workflow: Workflow, database: Database, place: int
):
    database.insert(attacked(bars_of(CLEAN, *ATTACKS), lambda labels: labels[place]))

    ended = workflow.run(symbols=[CLEAN, *ATTACKS], policy="quarantine")

    assert held(ended) == set(ATTACKS)
    assert published(database) == {CLEAN}


@pytest.mark.parametrize(("partition", "context"), [("500", "120"), ("1", "120"), ("500", "0")])
def test_a_gross_price_after_a_halt_of_months_is_held(
    workflow: Workflow,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    partition: str,
    context: str,
):
    """Its last bars are older than the days that a nightly run looks back on."""
    monkeypatch.setenv("PARTITION_SYMBOLS", partition)
    monkeypatch.setenv("CONTEXT_DAYS", context)
    bars = bars_of(CLEAN, "TINY", "HALTED", sessions=160)
    last = pd.Timestamp(LAST_DAY).date()
    halted = (bars["symbol"] != CLEAN) & (bars["date"] < last)
    halted &= bars["date"] > last - pd.Timedelta(days=150)
    left = bars[~halted].reset_index(drop=True)
    database.insert(attacked(left, lambda labels: labels[-1]))

    ended = nightly(workflow, CLEAN, "TINY", "HALTED")

    assert held(ended) == {"TINY"}
    assert published(database) == {CLEAN, "HALTED"}


def test_the_second_bar_of_a_symbol_is_not_believed(workflow: Workflow, database: Database):
    young = bars_of(*ATTACKS, sessions=2)
    database.insert(pd.concat([bars_of(CLEAN), attacked(young, lambda labels: labels[-1])]))

    ended = nightly(workflow, CLEAN, *ATTACKS)

    assert held(ended) == set(ATTACKS)
    assert published(database) == {CLEAN}


def test_the_only_bar_of_a_symbol_is_compared_with_itself(workflow: Workflow, database: Database):
    """Four prices that agree with each other, of a symbol that nobody knows, can't be doubted."""
    torn = {"LOW", "HIGH", "CLOSE25", "WITHLOW"}
    young = bars_of(*torn, sessions=1)
    database.insert(pd.concat([bars_of(CLEAN), attacked(young, lambda labels: labels[0])]))

    ended = nightly(workflow, CLEAN, *torn)

    assert held(ended) == torn
    assert published(database) == {CLEAN}


def test_a_feed_in_another_unit_is_held_though_the_whole_market_moves(
    workflow: Workflow, database: Database
):
    names = [f"FEED{number}" for number in range(8)]
    bars = bars_of(*names)
    today = bars["date"].astype(str) == LAST_DAY
    bars.loc[today, PRICES] = (bars.loc[today, PRICES] / 1_000).round(2)
    database.insert(bars)

    ended = nightly(workflow, *names)

    assert held(ended) == set(names)
    assert published(database) == set()


def test_a_wrong_level_is_held_again_on_each_of_its_first_days(
    workflow: Workflow, database: Database
):
    bars = bars_of(CLEAN, "LEVEL")
    wrong = bars.index[bars["symbol"] == "LEVEL"][-3:]
    bars.loc[wrong, PRICES] = (bars.loc[wrong, PRICES] / 25).round(2)
    database.insert(bars)

    ended = nightly(workflow, CLEAN, "LEVEL")

    assert held(ended) == {"LEVEL"}
    assert published(database) == {CLEAN}


def test_a_threefold_close_that_the_high_confirms_is_a_warning_at_least(
    workflow: Workflow, database: Database
):
    bars = bars_of(CLEAN, "TRIPLE")
    last = bars.index[-1]
    bars.loc[last, ["close", "high"]] = [1500.0, 1510.0]
    bars.loc[last, "volume"] *= 20
    database.insert(bars)

    ended = nightly(workflow, CLEAN, "TRIPLE")

    assert ended.json("results.json")["symbols"]["TRIPLE"]["verdict"] == "warned"


def test_a_wrong_bar_of_yesterday_does_not_hold_todays_right_one(
    workflow: Workflow, database: Database
):
    database.insert(attacked(bars_of(CLEAN, *ATTACKS), lambda labels: labels[-2]))

    ended = nightly(workflow, CLEAN, *ATTACKS)

    failing = {
        (bar["symbol"], bar["date"])
        for entry in ended.json("results.json")["expectations"]
        if entry["severity"] == "critical"
        for bar in entry["failing"]
    }
    assert not [bar for bar in failing if bar[1] == LAST_DAY]


@pytest.mark.parametrize("variant", ["", "clean", " CLEAN", "CLEAN\t", "CLEA\u200bN"])
def test_another_spelling_of_a_symbol_is_held(workflow: Workflow, database: Database, variant: str):
    database.insert(pd.concat([bars_of(CLEAN, "OTHER"), bars_of(variant, sessions=2)]))

    ended = workflow.run(
        more_symbols="*", start_date=LAST_DAY, end_date=LAST_DAY, policy="quarantine"
    )

    assert held(ended) == {variant}
    assert published(database) == {CLEAN, "OTHER"}
