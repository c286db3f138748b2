import datetime as dt

import pyarrow as pa
import pytest
from sqlalchemy import text

from sql.errors import LoadError
from sql.load import LoadResult, load_bars

DAY = dt.date(2025, 1, 2)


def table(*rows):
    names = ["symbol", "date", "open", "high", "low", "close", "volume"]
    columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * 7
    types = [pa.string(), pa.date32(), *[pa.float64()] * 5]
    return pa.table([pa.array(c, t) for c, t in zip(columns, types, strict=True)], names=names)


def bar(symbol="A", date=DAY, close=10.0, volume=100.0):
    return (symbol, date, 10.0, 11.0, 9.0, close, volume)


def stored(engine, columns="symbol, date, close::text, volume"):
    with engine.connect() as connection:
        query = text(f"select {columns} from stock_data order by symbol, date")
        return [tuple(row) for row in connection.execute(query)]


def test_new_changed_and_unchanged_bars_are_counted(engine):
    assert load_bars(engine, table(bar(), bar("B"))) == LoadResult(2, 2, 0, 0, 0)
    again = table(bar(), bar("B", close=10.5), bar("C"))
    assert load_bars(engine, again) == LoadResult(3, 1, 1, 1, 0)
    assert stored(engine) == [
        ("A", DAY, "10.00", 100),
        ("B", DAY, "10.50", 100),
        ("C", DAY, "10.00", 100),
    ]


def test_only_a_changed_bar_gets_a_new_time(engine):
    load_bars(engine, table(bar(), bar("B")))
    before = stored(engine, "created_at")
    load_bars(engine, table(bar(), bar("B", close=10.5)))
    after = stored(engine, "created_at")
    assert after[0] == before[0]
    assert after[1] > before[1]


def test_rounded_prices_are_counted_and_not_taken_for_changes(engine):
    rounded = table(bar(close=10.126), bar("B", close=99_999_999.99), bar("C", close=0.1 + 0.2))
    assert load_bars(engine, rounded).rounded == 1
    assert load_bars(engine, rounded) == LoadResult(3, 0, 0, 3, 1)
    assert [row[2] for row in stored(engine)] == ["10.13", "99999999.99", "0.30"]


def test_bad_bars_that_the_table_can_hold_are_loaded_for_the_gate_to_judge(engine):
    load_bars(engine, table(bar(close=-5.0, volume=-1.0)))
    assert stored(engine) == [("A", DAY, "-5.00", -1)]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (bar(symbol=None), "Row 2, column symbol: .* missing"),
        (bar(symbol=""), "Row 2, column symbol: '' is empty"),
        (bar(symbol="ABCDEFGHIJK"), "Row 2, column symbol: 'ABCDEFGHIJK' is longer than 10"),
        (bar(date=None), "Row 2, column date: .* missing"),
        (bar(close=None), "Row 2, column close: .* missing"),
        (bar(close=float("nan")), "Row 2, column close: .*nan.* missing or not a number"),
        (bar(close=float("inf")), "Row 2, column close: .*inf.* not finite"),
        (bar(close=99_999_999.995), r"Row 2, column close: .* does not fit numeric\(10, 2\)"),
        (bar(close=-1e300), "Row 2, column close: .* does not fit"),
        (bar(volume=1.5), "Row 2, column volume: .*1.5.* not a whole number"),
        (bar(volume=1e18), "Row 2, column volume: .* beyond"),
        (bar(volume=float("-inf")), "Row 2, column volume: .* not finite"),
        (bar("FIRST"), "Rows 1 and 2 are both the bar FIRST 2025-01-02"),
    ],
)
def test_a_bar_that_cannot_be_stored_is_named_and_nothing_is_loaded(engine, bad, said):
    with pytest.raises(LoadError, match=said):
        load_bars(engine, table(bar("FIRST"), bad, bar("LAST")))
    assert stored(engine) == []


def test_a_missing_column_is_named(engine):
    with pytest.raises(LoadError, match="no column volume"):
        load_bars(engine, table(bar()).drop_columns(["volume"]))


def test_an_empty_table_loads_nothing(engine):
    assert load_bars(engine, table()) == LoadResult(0, 0, 0, 0, 0)


def test_whole_number_columns_are_fine(engine):
    whole = table(bar())
    for position, name in enumerate(whole.column_names[2:], start=2):
        whole = whole.set_column(position, name, whole[name].cast(pa.int64()))
    assert load_bars(engine, whole).new == 1
