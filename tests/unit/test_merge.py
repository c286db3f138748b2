"""Parts of a market, judged one by one and put together, against the same bars in one frame."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pandas.testing import assert_frame_equal

from gx.errors import PartsError
from gx.gate.asked import Asked
from gx.gate.checkpoint import run_in_memory
from gx.market.merge import merge
from gx.market.part import judge_part
from gx.plugins.expectations.declared import read_declared, with_declared
from gx.report.model import QualityReport
from gx.suite.named import suite_path
from gx.suite.read import Suite, parse_suite, read_suite
from gx.suite.waivers import Waiver, made_waiver
from tests.detector.plant import KINDS
from tests.market_parts import AS_OF, Held, in_parts
from tests.staged_runs import daily_bars
from tests.unit.expectations.within_the_day import times_of, walk_within

COLUMNS = ["symbol", "date", "open", "high", "low", "close", "volume", "created_at"]


def same(merged: QualityReport, whole: QualityReport) -> None:
    """Both reports say the same, to the last row."""
    for one, other in zip(merged.outcomes, whole.outcomes, strict=True):
        assert one == other
        assert one.rows.tolist() == other.rows.tolist()
    assert merged.to_dict() == whole.to_dict()
    assert_frame_equal(merged.failing, whole.failing)
    assert_frame_equal(merged.lookback_failing, whole.lookback_failing)


def planted(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Twelve symbols with every kind of defect, and the bars before the range, of 13 symbols."""
    rng = np.random.default_rng(seed)
    bars = daily_bars([f"S{n:02}" for n in range(13)], 400, seed=seed)
    bars["created_at"] = bars["date"] + pd.Timedelta(days=1)
    for kind in KINDS:
        for symbol in rng.choice(13, 2, replace=False):
            labels = bars.index[bars["symbol"] == f"S{symbol:02}"]
            bars = kind.plant(bars, int(rng.choice(labels[45:-45])), rng).bars
            bars = bars.sort_values(["symbol", "date"], kind="stable").reset_index(drop=True)
    early = bars["date"] < "2024-06-01"
    lookback, bars = bars[early], bars[~early & (bars["symbol"] != "S12")]
    order = ["symbol", "date"]
    return tuple(  # type: ignore[return-value]
        frame[COLUMNS].sort_values(order, kind="stable").reset_index(drop=True)
        for frame in (bars, lookback)
    )


@pytest.fixture(scope="module")
def market() -> tuple[pd.DataFrame, pd.DataFrame]:
    return planted(1)


def suite_with(*entries: tuple[str, dict[str, Any]]) -> Suite:
    document = {
        "name": "extra",
        "id": "0c4ad0a1-6f0b-4a5e-9f63-0d5c1a1a7a10",
        "expectations": [
            {"type": type_, "kwargs": kwargs, "severity": "critical"} for type_, kwargs in entries
        ],
    }
    return parse_suite(json.dumps(document).encode(), where="extra", name="extra")


@pytest.mark.parametrize("count", [1, 5])
def test_the_committed_suite_says_the_same_of_parts_as_of_the_whole(
    market: tuple[pd.DataFrame, pd.DataFrame], count: int
):
    bars, lookback = market
    suite = read_suite(suite_path("stock_data"))
    whole = run_in_memory(bars, suite, as_of=AS_OF, lookback=lookback)

    assert {o.type for o in whole.failed} >= {
        "expect_no_duplicated_series",
        "expect_no_market_wide_holes",
        "expect_no_missing_sessions",
        "expect_compound_columns_to_be_unique",
        "expect_no_gross_price_errors",
    }
    assert len(whole.lookback_failing)
    same(in_parts(bars, lookback, suite, count), whole)


@pytest.mark.parametrize("count", [1, 5])
def test_what_was_asked_for_and_is_not_there_is_the_same_in_parts_as_in_the_whole(
    market: tuple[pd.DataFrame, pd.DataFrame], count: int
):
    bars, lookback = market
    suite = read_suite(suite_path("stock_data"))
    names = sorted({*bars["symbol"], *lookback["symbol"], "NOPE", "ZZZ"})
    asked = Asked(tuple(names), "2024-06-01", "2025-06-02")
    whole = run_in_memory(bars, suite, as_of=AS_OF, asked=asked, lookback=lookback)

    assert set(whole.missing) == {"NOPE", "S12", "ZZZ"}
    assert {"NOPE", "S12"} < {s for o in whole.failed for s in o.behind}
    same(in_parts(bars, lookback, suite, count, asked), whole)


@pytest.mark.parametrize("count", [1, 5])
def test_the_same_is_waived_of_parts_as_of_the_whole(
    market: tuple[pd.DataFrame, pd.DataFrame], count: int
):
    bars, lookback = market
    suite = read_suite(suite_path("stock_data"))
    names = sorted(
        {expectation for row in judged_names(bars, lookback, suite) for expectation in row}
    )
    symbols = (None, "S03", "S07")
    waivers = [
        made_waiver(
            id=f"{at:08x}",
            expectation=name,
            symbol=symbols[at % 3],
            first_date="2024-06-01",
            last_date=None if at % 2 else "2025-03-01",
            reason="accepted",
            author="ann",
            made="2026-01-01T00:00:00Z",
            expires="2999-01-01",
        )
        for at, name in enumerate([*names, "no_market_wide_holes", "no_missing_sessions"])
    ]
    whole = run_in_memory(bars, suite, as_of=AS_OF, lookback=lookback, waivers=waivers)

    assert {"waived", "failed"} <= {outcome.status for outcome in whole.outcomes}
    assert len(whole.waivers) > 3
    same(in_parts(bars, lookback, suite, count, waivers=waivers), whole)


@pytest.mark.parametrize("count", [1, 5])
def test_a_hole_is_accepted_as_it_began_in_parts_as_in_the_whole(
    market: tuple[pd.DataFrame, pd.DataFrame], count: int
):
    bars, lookback = market
    suite, name = read_suite(suite_path("stock_data")), "no_missing_sessions"
    failing = run_in_memory(bars, suite, as_of=AS_OF, lookback=lookback).failing
    rows = sorted(failing["row"][[name in names for names in failing["expectations"]]])
    inside = [row for row in rows if row and bars["symbol"][row - 1] == bars["symbol"][row]]
    right, wrong = inside[0], inside[-1]
    assert right != wrong
    waivers = [_of_hole(bars, right, bars["date"][right - 1]), _of_hole(bars, wrong, "2000-01-03")]

    whole = run_in_memory(bars, suite, as_of=AS_OF, lookback=lookback, waivers=waivers)

    (found,) = [one for one in whole.outcomes if one.name == name]
    assert found.waived_rows.tolist() == [right]
    same(in_parts(bars, lookback, suite, count, waivers=waivers), whole)


def _of_hole(bars: pd.DataFrame, row: int, after: object) -> Waiver:
    """A waiver of the bar at a row, behind a hole that began after a day."""
    bar: dict[Any, Any] = bars.loc[[row]].to_dict("records")[0]
    day = str(bar["date"].date())
    numbers = {one: float(bar[one]) for one in ("open", "high", "low", "close", "volume")}
    return made_waiver(
        id=f"{row:08x}",
        expectation="no_missing_sessions",
        symbol=bar["symbol"],
        first_date=day,
        bars=({**numbers, "date": day, "after": str(after)[:10]},),
        reason="accepted",
        author="ann",
        made="2026-01-01T00:00:00Z",
        expires="2999-01-01",
    )


def judged_names(bars: pd.DataFrame, lookback: pd.DataFrame, suite: Suite) -> "pd.Series[Any]":
    """What each failing bar fails."""
    return run_in_memory(bars, suite, as_of=AS_OF, lookback=lookback).failing["expectations"]


@pytest.mark.parametrize("count", [1, 5])
def test_bars_after_the_end_that_a_suite_gives_are_remarked_in_parts_as_in_the_whole(
    market: tuple[pd.DataFrame, pd.DataFrame], count: int
):
    bars, lookback = market
    document = json.loads(read_suite(suite_path("stock_data")).text)
    document["meta"] = {"ended": dict.fromkeys(bars["symbol"].unique()[:3].tolist(), "2024-01-31")}
    suite = parse_suite(json.dumps(document).encode(), where="stock_data", name="stock_data")
    whole = run_in_memory(bars, suite, as_of=AS_OF, lookback=lookback)

    assert len(whole.weaknesses) == len(suite.weaknesses) + 3
    same(in_parts(bars, lookback, suite, count), whole)


BUILT_IN: list[tuple[str, dict[str, Any]]] = [
    ("expect_table_row_count_to_be_between", {"min_value": 1, "max_value": 2_000}),
    ("expect_table_row_count_to_equal", {"value": 3}),
    ("expect_table_columns_to_match_set", {"column_set": ["symbol", "when"]}),
    ("expect_column_to_exist", {"column": "vwap"}),
    ("expect_column_values_to_be_of_type", {"column": "close", "type_": "float64"}),
    ("expect_column_mean_to_be_between", {"column": "close", "min_value": 1, "max_value": 2}),
    ("expect_column_stdev_to_be_between", {"column": "close", "min_value": 0, "max_value": 1}),
    ("expect_column_max_to_be_between", {"column": "volume", "max_value": 5}),
    ("expect_column_median_to_be_between", {"column": "open", "max_value": 1}),
    ("expect_column_values_to_be_unique", {"column": "date"}),
    ("expect_column_values_to_be_unique", {"column": "close"}),
    ("expect_column_values_to_be_increasing", {"column": "volume"}),
    ("expect_column_value_z_scores_to_be_less_than",
     {"column": "close", "threshold": 1, "double_sided": True}),
    ("expect_column_unique_value_count_to_be_between", {"column": "symbol", "max_value": 3}),
    ("expect_column_distinct_values_to_be_in_set", {"column": "symbol", "value_set": ["S00"]}),
    ("expect_compound_columns_to_be_unique", {"column_list": ["date", "close"]}),
    ("expect_column_values_to_be_between",
     {"column": "close", "min_value": 101, "max_value": 200, "mostly": 0.3}),
    ("expect_column_values_to_be_between",
     {"column": "close", "min_value": 101, "max_value": 200, "mostly": 0.9}),
    ("expect_column_values_to_be_between", {
        "column": "close", "min_value": 100, "max_value": 200, "condition_parser": "pandas",
        "row_condition": 'symbol=="S04"'}),
    ("expect_column_values_to_be_unique", {
        "column": "close", "condition_parser": "pandas", "row_condition": 'symbol!="S04"'}),
    ("expect_column_pair_values_to_be_in_set", {
        "column_A": "symbol", "column_B": "close", "condition_parser": "pandas",
        "row_condition": 'symbol=="NONE"', "value_pairs_set": [["S00", 1.0]]}),
    ("expect_column_pair_values_a_to_be_greater_than_b",
     {"column_A": "open", "column_B": "close", "or_equal": True, "ignore_row_if": "neither"}),
    ("expect_multicolumn_sum_to_equal",
     {"column_list": ["open", "close"], "sum_total": 200, "ignore_row_if": "any_value_is_missing"}),
    ("expect_column_values_to_be_null", {"column": "close"}),
    ("expect_column_values_to_be_between", {
        "column": "close", "min_value": 0, "condition_parser": "pandas",
        "row_condition": 'symbol=="NONE"'}),
    ("expect_column_values_to_be_between", {
        "column": "close", "min_value": 0, "condition_parser": "pandas",
        "row_condition": "close != close"}),
    ("expect_column_distinct_values_to_be_in_set", {
        "column": "close", "value_set": [1], "condition_parser": "pandas",
        "row_condition": "close != close"}),
    ("expect_column_max_to_be_between", {
        "column": "close", "max_value": 5, "condition_parser": "pandas",
        "row_condition": 'symbol=="S04"'}),
    ("expect_table_row_count_to_equal", {
        "value": 0, "condition_parser": "pandas", "row_condition": 'symbol=="NONE"'}),
    ("expect_column_values_to_match_regex", {"column": "symbol", "regex": "^S0"}),
    ("expect_no_market_wide_holes", {"calendar": "XNYS", "calendars": {"S03": "XLON"}}),
    ("expect_no_market_wide_holes", {"calendar": "24/7", "percent": 1.0, "mostly": 0.5}),
    ("expect_no_missing_sessions", {"calendar": "24/7", "allowed": 30}),
    ("expect_no_gross_price_errors", {"factor": 1.05}),
    ("expect_no_gross_price_errors", {"factor": 1.3, "splits": {"S03": {"2024-09-02": 0.5}}}),
    ("expect_no_gross_price_errors",
     {"column_list": ["symbol", "date", "open", "high", "low", "close"]}),
    ("expect_no_gross_price_errors",
     {"column_list": ["symbol", "date", "low", "close", "high", "open"], "factor": 1.02}),
    ("expect_no_gross_price_errors",
     {"factor": 1.1, "condition_parser": "pandas", "row_condition": 'symbol!="S04"'}),
    ("expect_symbols_to_be_unambiguous", {}),
    ("expect_symbols_to_be_unambiguous",
     {"condition_parser": "pandas", "row_condition": 'symbol!="S04"'}),
    ("expect_symbols_to_be_spaced_alike", {}),
    ("expect_no_duplicated_series", {"sessions": 2, "changes": 1}),
    ("expect_no_duplicated_series",
     {"column_list": ["symbol", "date", "open", "high", "low", "close"]}),
    ("expect_no_duplicated_series", {
        "sessions": 20, "condition_parser": "pandas", "row_condition": 'symbol!="S04"'}),
]  # fmt: skip


def test_every_way_of_judging_says_the_same_of_parts_as_of_the_whole(
    market: tuple[pd.DataFrame, pd.DataFrame],
):
    bars, lookback = market
    suite = suite_with(*BUILT_IN)

    whole = run_in_memory(bars, suite, as_of=AS_OF, lookback=lookback)

    assert {o.status for o in whole.outcomes} == {"passed", "failed", "unchecked", "error"}
    same(in_parts(bars, lookback, suite, 3), whole)


@pytest.mark.parametrize("count", [1, 3])
def test_bars_within_the_day_are_judged_in_parts_as_in_the_whole(count: int):
    """Two symbols with holes, one of them of another exchange, one that trades seldom."""
    spans = ("2025-03-03", "2025-05-30", 5)
    bars = pd.concat(
        [
            walk_within(times_of("XNYS", *spans), "A"),
            walk_within(times_of("XHKG", *spans), "B"),
            walk_within(times_of("XNYS", *spans), "C").iloc[::2],
            walk_within(times_of("XNYS", *spans), "D").drop(list(range(1_000, 1_010))),
        ],
        ignore_index=True,
    ).assign(created_at=pd.Timestamp("2025-06-01"))
    gone = bars.sample(20, random_state=1).index
    bars = bars.drop(gone).reset_index(drop=True)
    early = bars["date"] < pd.Timestamp("2025-05-01", tz="UTC")
    given = {"calendars": {"B": "XHKG"}, "minutes": 5}
    suite = suite_with(
        ("expect_no_missing_bars_within_sessions", given),
        ("expect_no_missing_bars_within_sessions", {**given, "first_date": "2025-05-01"}),
        ("expect_bars_on_trading_sessions", {"calendars": {"A": "XHKG"}}),
        ("expect_opening_gaps_to_be_ordinary", {"threshold": 2.0}),
    )
    lookback, judged = (bars[part].reset_index(drop=True) for part in (early, ~early))

    whole = run_in_memory(judged, suite, as_of=AS_OF, lookback=lookback)

    assert [o.status for o in whole.outcomes] == ["failed"] * 4
    same(in_parts(judged, lookback, suite, count), whole)


def test_a_share_is_judged_over_all_parts(market: tuple[pd.DataFrame, pd.DataFrame]):
    """Each part alone would fail one and meet the other of two expectations."""
    bars, lookback = market
    suite = suite_with(
        *(
            ("expect_column_values_to_be_between",
             {"column": "volume", "min_value": 1_100_000, "mostly": mostly})
            for mostly in (0.1, 0.5, 0.95)
        )
    )  # fmt: skip

    whole = run_in_memory(bars, suite, as_of=AS_OF, lookback=lookback)

    same(in_parts(bars, lookback, suite, 5), whole)


@pytest.mark.parametrize("weekly", [1, 12])
def test_symbols_with_weekly_bars_are_judged_by_the_size_of_the_market_s_bars(
    market: tuple[pd.DataFrame, pd.DataFrame], weekly: int
):
    """A part whose bars are weekly, in a market of daily ones, or the other way round."""
    frames = [
        bars[(bars["symbol"] > f"S{weekly:02}") | (bars["date"].dt.day_of_week == 2)]
        for bars in planted(2)
    ]
    bars, lookback = (frame.reset_index(drop=True) for frame in frames)
    suite = read_suite(suite_path("stock_data"))

    whole = run_in_memory(bars, suite, as_of=AS_OF, lookback=lookback)

    same(in_parts(bars, lookback, suite, 4), whole)


ACROSS = suite_with(
    ("expect_no_gross_price_errors", {"factor": 4.0}),
    ("expect_no_gross_price_errors", {"factor": 2.5}),
    ("expect_symbols_to_be_unambiguous", {}),
    ("expect_symbols_to_be_spaced_alike", {}),
)


@pytest.mark.parametrize("symbols", [12, 3])
@pytest.mark.parametrize("count", [2, 3, 12])
def test_a_move_of_the_market_is_told_from_errors_though_no_part_holds_the_market(
    symbols: int, count: int
):
    """All halve and one falls to a fifth, which only the market explains; one has a low of 0.01."""
    prices = ["open", "high", "low", "close"]
    bars = daily_bars([f"S{n:02}" for n in range(symbols)], 60)
    fallen = bars["date"] >= "2024-02-29"
    bars.loc[fallen, prices] /= 2.2
    bars.loc[fallen & (bars["symbol"] == "S01"), prices] *= 2.2 / 5
    bars.loc[(bars["symbol"] == "S02") & (bars["date"] == "2024-03-05"), "low"] = 0.01
    lookback = bars[bars["date"] < "2024-02-20"].reset_index(drop=True)
    bars = bars[bars["date"] >= "2024-02-20"].reset_index(drop=True)
    whole = run_in_memory(bars, ACROSS, as_of=AS_OF, lookback=lookback)

    merged = in_parts(bars, lookback, ACROSS, count)

    same(merged, whole)
    assert merged.outcomes[0].symbols == (("S02",) if symbols == 12 else ("S01", "S02"))


DECLARED = suite_with(
    ("expect_prices_to_agree_with_declared_actions", {}),
    ("expect_no_gross_price_errors", {"factor": 2.5}),
)


@pytest.mark.parametrize("symbols", [12, 3])
@pytest.mark.parametrize("count", [2, 5])
def test_declared_splits_are_compared_in_parts_as_in_the_whole(symbols: int, count: int):
    """All halve on a day, one has a split then, one is split and one is said to be."""
    prices = ["open", "high", "low", "close"]
    bars = daily_bars([f"S{n:02}" for n in range(symbols)], 60)
    fallen = bars["date"] >= "2024-02-29"
    bars.loc[fallen & (bars["symbol"] != "S00"), prices] /= 2
    bars.loc[(bars["date"] >= "2024-03-07") & (bars["symbol"] == "S00"), prices] /= 5
    bars.loc[(bars["date"] >= "2024-02-07") & (bars["symbol"] == "S02"), prices] /= 3
    splits = [("S00", "2024-03-07", "5"), ("S01", "2024-03-11", "4:1"), ("S02", "2024-02-07", "3")]
    odd = [("S02", "2024-03-01", "-1"), ("S01", "soon", "2"), ("s00", "2023-01-04", "2")]
    columns = ["symbol", "date", "value"]
    actions = pd.DataFrame([*splits, *odd], columns=columns).assign(kind="split")
    lookback = bars[bars["date"] < "2024-02-20"].reset_index(drop=True)
    bars = bars[bars["date"] >= "2024-02-20"].reset_index(drop=True)
    known = with_declared(bars, read_declared(actions, adjusted=False))
    whole = run_in_memory(known, DECLARED, as_of=AS_OF, lookback=lookback)

    merged = in_parts(bars, lookback, DECLARED, count, actions=actions)

    same(merged, whole)
    found = merged.outcomes[0]
    assert found.symbols == (("S01",) if symbols == 12 else ("S01", "S02"))
    assert "S01 2024-03-11: a split of 4:1 is declared" in found.observed
    assert "S02 2024-03-01: the ratio '-1' is negative" in found.observed
    assert merged.outcomes[1].status == "passed"


@pytest.mark.parametrize("count", [1, 2, 5])
def test_spellings_of_a_symbol_are_found_though_they_are_in_several_parts(count: int):
    names = sorted(["", " S1", "AAPL", "MSFT", "NVDA", "aapl", "msft", "S1", "S2"])
    bars = daily_bars(names, 40)
    few = bars["symbol"].isin(["aapl"]) & (bars["date"] < "2024-02-15")
    before = bars["symbol"].isin(["msft"])  # a spelling of which there is only lookback
    lookback = bars[before | few | (bars["date"] < "2024-01-20")].reset_index(drop=True)
    bars = bars[~before & ~few & (bars["date"] >= "2024-01-20")].reset_index(drop=True)
    whole = run_in_memory(bars, ACROSS, as_of=AS_OF, lookback=lookback)

    merged = in_parts(bars, lookback, ACROSS, count)

    same(merged, whole)
    assert set(merged.outcomes[2].symbols) == {"", " S1", "S1", "AAPL", "aapl", "MSFT"}


def test_parts_judged_by_another_version_of_the_suite_are_refused(
    market: tuple[pd.DataFrame, pd.DataFrame],
):
    bars, _ = market
    found = judge_part(bars, suite_with(BUILT_IN[0]), as_of=AS_OF)
    part = Held(found.document, found.arrays, pa.table({}), pa.table({}))

    with pytest.raises(PartsError, match="run the check of all partitions again"):
        merge([part], suite_with(BUILT_IN[1]), as_of=AS_OF)


def test_a_part_that_is_judged_again_is_judged_by_what_was_asked_for():
    """Weekly bars in a market of daily ones, and a bound that the run fills in."""
    frames = [
        bars[(bars["symbol"] > "S01") | (bars["date"].dt.day_of_week == 2)] for bars in planted(2)
    ]
    bars, lookback = (frame.reset_index(drop=True) for frame in frames)
    bounded = {"column": "date", "min_value": {"$PARAMETER": "first_date"}}
    suite = suite_with(("expect_column_values_to_be_between", bounded))
    asked = Asked(first_date="2024-09-02")
    whole = run_in_memory(bars, suite, as_of=AS_OF, asked=asked, lookback=lookback)

    assert whole.failed
    same(in_parts(bars, lookback, suite, 4, asked), whole)
