import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gx.plugins.expectations.errors import ColumnTypeError
from gx.plugins.expectations.kernels import sessions
from gx.plugins.expectations.kernels.bars import Bars, SortedFrame, is_daily
from gx.plugins.expectations.kernels.windows import exceeds_median, medians_at
from tests.unit.expectations.series import market, walk


def test_flags_return_to_the_rows_they_belong_to():
    frame = market().sample(frac=1, random_state=1)
    table = SortedFrame(frame)

    restored = table.restore(table.floats("close") > 50)

    assert (restored == (frame["close"] > 50).to_numpy()).all()


def test_sorting_follows_symbol_then_time():
    table = SortedFrame(market().sample(frac=1, random_state=1))

    same = ~table.first[1:]

    assert (np.diff(table.instant)[same] > 0).all()
    assert table.first.sum() == 3
    assert (table.position[table.first] == 0).all()
    assert ((table.position + table.remaining) == 199).all()


@pytest.mark.parametrize("kind", ["object", "category", "string", "str"])
@pytest.mark.parametrize("dates", ["datetime64[s]", "date", "date32", "iso", "zoned"])
def test_column_types_do_not_change_the_order(kind: Any, dates: str):
    frame = market(2, 30)
    expected = SortedFrame(frame)
    as_dates = {
        "datetime64[s]": lambda day: day.astype("datetime64[s]"),
        "date": lambda day: day.dt.date,
        "date32": lambda day: day.astype("date32[pyarrow]"),
        "iso": lambda day: day.dt.strftime("%Y-%m-%d"),
        "zoned": lambda day: day.dt.tz_localize("America/New_York"),
    }
    other = frame.assign(symbol=frame["symbol"].astype(kind), date=as_dates[dates](frame["date"]))

    table = SortedFrame(other)

    assert (table.code == expected.code).all()
    assert (table.local == expected.local).all()
    assert table.date_labels and table.bar_size == "daily"


def test_rows_without_symbol_or_date_belong_to_no_series():
    frame = walk(bars=10)
    frame.loc[3, "date"] = pd.NaT
    frame.loc[5, "symbol"] = None

    table = SortedFrame(frame)

    assert (table.code == -1).sum() == 2
    assert table.position.max() == 7


def test_a_year_beyond_nanoseconds_keeps_its_order():
    frame = walk(bars=3)
    frame["date"] = frame["date"].astype("datetime64[us]")
    frame.loc[0, "date"] = np.datetime64("2999-01-01")

    assert SortedFrame(frame).order.tolist() == [1, 2, 0]


@pytest.mark.parametrize(
    ("step", "size"), [("1min", "intraday"), ("1h", "intraday"), ("1D", "daily"), ("7D", "longer")]
)
def test_bar_size_is_the_usual_distance(step: str, size: str):
    frame = walk(bars=50)
    frame["date"] = pd.date_range("2024-01-01", periods=50, freq=step)

    assert SortedFrame(frame).bar_size == size
    assert is_daily(frame["date"], frame["symbol"]) == (size == "daily")


def test_a_date_column_of_words_is_named_in_the_error():
    frame = walk(bars=2).assign(date=["yesterday", "today, perhaps"])

    with pytest.raises(ColumnTypeError, match="'date' does not hold dates"):
        SortedFrame(frame)


def test_a_price_column_of_words_is_named_in_the_error():
    frame = walk(bars=2).assign(close=["ten", "eleven"])

    with pytest.raises(ColumnTypeError, match="'close' does not hold numbers"):
        SortedFrame(frame).floats("close")


def test_the_moving_comparison_equals_the_moving_median():
    frame = market(3, 120).sample(frac=1, random_state=2)
    table = SortedFrame(frame)
    rng = np.random.default_rng(0)
    values = np.where(rng.random(len(frame)) < 0.1, np.nan, rng.random(len(frame)))
    medians = (
        pd.Series(values)
        .groupby(table.code)
        .transform(
            lambda part: (
                part.shift().rolling(25, min_periods=5).quantile(0.5, interpolation="higher")
            )
        )
    )

    compared = exceeds_median(table, values / 1.5, values, window=25, minimum=5)

    known = medians.notna().to_numpy() & np.isfinite(values)
    assert (compared.full == known).all()
    assert (compared.exceeds == (1.5 * medians < values).to_numpy()).all()


def test_both_sides_of_the_window_count():
    frame = walk(bars=60)
    table = SortedFrame(frame)
    values = np.ones(60)
    values[0] = 5.0

    compared = exceeds_median(table, values / 3, values, window=20, minimum=10, both_sides=True)

    assert np.flatnonzero(compared.exceeds).tolist() == [0]


def test_medians_at_chosen_rows_stay_inside_the_symbol():
    bars = Bars.of(market(2, 40))
    values = np.arange(80.0)

    medians = medians_at(bars.table, values, np.array([0, 40, 45]), range(-10, 0))

    assert np.isnan(medians.value[:2]).all() and medians.count.tolist() == [0, 0, 5]
    assert medians.value[2] == 42.0


def test_thousands_of_symbols_with_the_same_dates():
    dates = dt.date(2024, 1, 2)
    frame = pd.DataFrame({"symbol": [f"S{n}" for n in range(5000)], "date": dates, "close": 1.0})

    assert SortedFrame(frame).first.all()


def test_offsets_that_change_with_summer_time_are_read():
    frame = walk(bars=200)
    zoned = frame["date"].dt.tz_localize("America/New_York")
    written = frame.assign(date=[stamp.isoformat() for stamp in zoned])

    table = SortedFrame(written)

    assert (np.diff(table.instant) > 0).all() and table.bar_size == "daily"
    assert not sessions.off_session(Bars(table)).flags.any()
