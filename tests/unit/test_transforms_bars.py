import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms import enrich

COLUMNS = ["symbol", "date", "open", "high", "low", "close", "volume"]
PRICE = st.floats(0.01, 1e6)
ROW = st.tuples(
    st.sampled_from(["A", "B", "CC"]),
    st.dates(dt.date(2020, 1, 1), dt.date(2020, 3, 1)),
    PRICE,
    PRICE,
    PRICE,
    PRICE,
    st.floats(0, 1e9),
)


def frame(rows):
    types = dict.fromkeys(COLUMNS[2:], "float64") | {"symbol": "str"}
    return pd.DataFrame(list(rows), columns=COLUMNS).astype(types)


def by_hand(rows):
    """The same definitions, bar by bar, without pandas."""
    last: dict[str, float] = {}
    for symbol, day, open_, high, low, close, volume in sorted(rows, key=lambda row: row[:2]):
        change = close / last[symbol] - 1 if symbol in last else math.nan
        last[symbol] = close
        yield (
            symbol,
            day,
            open_,
            high,
            low,
            close,
            volume,
            change,
            high - low,
            (high - low) / close * 100,
        )


@given(st.lists(ROW, unique_by=lambda row: row[:2], max_size=40), st.randoms())
def test_enriched_bars_equal_a_computation_by_hand(rows, random):
    bars = frame(rows)
    bars.index = random.sample(range(1000), len(rows))
    before = bars.copy(deep=True)
    result = enrich(bars)
    pd.testing.assert_frame_equal(bars, before)
    expected = list(by_hand(rows))
    assert list(result.index) == list(range(len(rows)))
    for position, name in enumerate([*COLUMNS, "daily_return", "price_range", "price_range_pct"]):
        values = [row[position] for row in expected]
        if position < 2:
            assert result[name].tolist() == values
        else:
            np.testing.assert_allclose(result[name], np.array(values, float), rtol=1e-9, atol=1e-9)


def test_an_empty_frame_gets_the_columns():
    result = enrich(frame([]))
    assert len(result) == 0
    assert result[["daily_return", "price_range", "price_range_pct"]].dtypes.eq("float64").all()


def test_a_single_bar_has_no_return():
    result = enrich(frame([("A", dt.date(2020, 1, 2), 1, 3, 1, 2, 9)]))
    assert math.isnan(result["daily_return"][0])
    assert result["price_range"][0] == 2
    assert result["price_range_pct"][0] == 100


def test_a_duplicate_index_does_no_harm():
    bars = frame([("A", dt.date(2020, 1, day), 1, 3, 1, day, 9) for day in (4, 2, 1)])
    bars.index = [7, 7, 7]
    assert enrich(bars)["daily_return"].tolist()[1:] == [1.0, 1.0]


def test_other_columns_are_carried_along():
    bars = frame([("A", dt.date(2020, 1, 2), 1, 3, 1, 2, 9)]).assign(note="x")
    assert enrich(bars)["note"].tolist() == ["x"]


def test_a_nan_close_is_a_nan_return_here_and_next():
    rows = [
        ("A", dt.date(2020, 1, day), 1, 3, 1, close, 9)
        for day, close in [(1, 2), (2, math.nan), (3, 4), (4, 5)]
    ]
    assert np.isnan(enrich(frame(rows))["daily_return"]).tolist() == [True, True, True, False]


@pytest.mark.parametrize("kind", ["object", "str", "category"])
def test_any_kind_of_symbol_column_works(kind):
    bars = frame([("A", dt.date(2020, 1, day), 1, 3, 1, 2, 9) for day in (1, 2)])
    assert enrich(bars.astype({"symbol": kind}))["daily_return"].tolist()[1] == 0


def test_a_previous_close_gives_the_first_bar_its_return():
    bars = pd.DataFrame(
        {
            "symbol": ["B", "A", "A"],
            "date": pd.to_datetime(["2025-01-02", "2025-01-03", "2025-01-02"]),
            "high": 1.0,
            "low": 1.0,
            "close": [5.0, 12.0, 11.0],
        }
    )
    returns = enrich(bars, previous_close={"A": 10.0})["daily_return"]
    assert returns.tolist()[:2] == [11 / 10 - 1, 12 / 11 - 1]
    assert pd.isna(returns.iloc[2])
