"""Publishing: the first and the last day of ranges, each figure, and what stays untouched."""

import datetime as dt
from dataclasses import FrozenInstanceError
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from sqlalchemy import text

from sql.errors import PublishError
from sql.publish import Publication, correct_returns, edge_bars
from tests.sql_bars import LATER, READ, bars, day, publish, published

FIGURES = (
    "open",
    "high",
    "low",
    "close",
    "volume",
    "daily_return",
    "price_range",
    "price_range_pct",
)


def days(symbol, *numbers):
    return bars(*((symbol, day(number)) for number in numbers))


def days_of(engine, symbol):
    return [date.day for of, date in published(engine, "symbol, date") if of == symbol]


def test_a_range_holds_its_first_and_its_last_day(engine):
    for symbol, start, end, left in (
        ("BOTH", 2, 4, [1, 5]),
        ("FIRST", 2, None, [1]),
        ("LAST", None, 4, [5]),
        ("ONE", 3, 3, [1, 2, 4, 5]),
        ("ALL", None, None, []),
    ):
        bound = {name: day(n) if n else None for name, n in (("start", start), ("end", end))}
        publish(engine, days(symbol, 1, 2, 3, 4, 5), [symbol])
        inside = [n for n in range(1, 6) if n not in left]
        assert publish(engine, days(symbol, *inside), [symbol], "r2", **bound).changed == 0
        assert publish(engine, bars(), [symbol], "r3", **bound).removed == len(inside)
        assert days_of(engine, symbol) == left


def test_a_bar_that_differs_in_one_figure_is_changed(engine):
    frame = days("A", 1).assign(daily_return=0.5)
    publish(engine, frame, ["A"])
    for figure in FIGURES:
        other = frame.assign(**{figure: 77.0})
        assert publish(engine, other, ["A"]) == Publication(1, 0, 1, 0)
        assert publish(engine, other, ["A"]) == Publication(1, 0, 0, 0)
        assert publish(engine, frame, ["A"]) == Publication(1, 0, 1, 0)


def test_bars_are_compared_by_symbol_and_date(engine):
    frame = bars(("A", day(1)), ("A", day(2)), ("B", day(1))).assign(close=[1.0, 2.0, 3.0])
    assert publish(engine, frame, ["A", "B"]) == Publication(3, 3, 0, 0)
    assert publish(engine, frame, ["A", "B"]) == Publication(3, 0, 0, 0)


def test_every_figure_is_published_as_it_is(engine):
    figures = dict(zip(FIGURES, [1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5], strict=True))
    publish(engine, days("A", 1).assign(**figures, remarks=[["x"]]), ["A"], "r7", end=day(3))
    columns = ", ".join((*FIGURES, "remarks", "run_id", "extracted_at"))
    assert published(engine, columns) == [(*figures.values(), ["x"], "r7", READ)]
    with engine.connect() as connection:
        query = "select run_id, symbols, first_date, last_date, extracted_at, rows"
        recorded = connection.execute(text(f"{query} from stock_data_publications")).one()
    assert tuple(recorded) == ("r7", ["A"], None, day(3), READ, 1)
    publish(engine, bars(), ["A", "B"], start=day(4))
    with engine.connect() as connection:
        newest = text(f"{query} from stock_data_publications order by id desc limit 1")
        assert tuple(connection.execute(newest).one()) == (
            "r1", ["A", "B"], day(4), None, READ, 0,
        )  # fmt: skip


def test_remarks_of_an_arrow_table_are_published_too(engine):
    table = pa.Table.from_pandas(days("A", 1, 2), preserve_index=False)
    publish(engine, table, ["A"])
    assert published(engine, "remarks") == [(None,), (None,)]
    publish(engine, table.append_column("remarks", pa.array([["x"], None])), ["A"])
    assert published(engine, "remarks") == [(["x"],), (None,)]


Span = tuple[int | None, int | None]
NONE = (None, None)


@pytest.mark.parametrize("at", [LATER, READ])
def test_a_newer_extract_is_right_in_its_whole_range_and_not_beyond(engine, at):
    ranges: tuple[tuple[Span, Span, list[int]], ...] = (
        (NONE, NONE, [1, 2, 3, 4, 5]),
        ((3, 4), NONE, [3, 4]),
        ((3, None), (None, 3), [3]),
        ((None, 3), (3, None), [3]),
        ((2, 3), (3, 4), [3]),
        ((3, 4), (2, 3), [3]),
        ((None, 2), (3, None), []),
        ((4, None), (None, 3), []),
        (NONE, (3, 4), [3, 4]),
    )
    for number, (newer, older, superseded) in enumerate(ranges):
        symbol = f"S{number}"
        span, asked = ([day(n) if n else None for n in pair] for pair in (newer, older))
        first, last = older[0] or 1, older[1] or 5
        frame = days(symbol, *range(first, last + 1))
        publish(engine, bars(), [symbol], "oldest", at=READ - dt.timedelta(hours=1))
        publish(engine, bars(), [symbol], "new", start=span[0], end=span[1], at=at)
        superseded = superseded if at > READ else []
        done = publish(engine, frame, [symbol], "old", start=asked[0], end=asked[1])
        rows = last + 1 - first - len(superseded)
        runs = ("new",) if superseded else ()
        assert done == Publication(rows, rows, 0, 0, len(superseded), runs)
        assert days_of(engine, symbol) == [n for n in range(first, last + 1) if n not in superseded]


def test_newer_extracts_of_other_symbols_supersede_nothing(engine):
    publish(engine, bars(), ["A", "B"], "first", at=LATER)
    publish(engine, bars(), ["C"], "second", at=LATER + dt.timedelta(hours=1), start=day(2))
    for run_id in ("third", "third"):
        publish(engine, bars(), ["C"], run_id, at=LATER + dt.timedelta(hours=2), start=day(3))
    assert publish(engine, days("D", 3), ["D"]) == Publication(1, 1, 0, 0)
    assert publish(engine, days("A", 3), ["A"]).newer == ("first",)
    everything = bars(*((symbol, day(3)) for symbol in "ACD"), ("C", day(1)))
    done = publish(engine, everything, ["A", "C", "D", "E"])
    assert (done.superseded, done.newer) == (2, ("third", "second", "first"))
    assert published(engine, "symbol, date") == [("C", day(1)), ("D", day(3))]


def test_newer_bars_that_an_older_extract_does_not_know_stay(engine):
    publish(engine, days("A", 2), ["A"], "new", at=LATER, start=day(2), end=day(2))
    assert publish(engine, days("A", 1), ["A"], "old") == Publication(1, 1, 0, 0, 0, ("new",))
    assert days_of(engine, "A") == [1, 2]


def test_bars_on_the_edges_of_the_range_are_inside_and_the_first_outside_is_named(engine):
    bound = {"start": day(2), "end": day(4)}
    publish(engine, bars(("A", day(2)), ("B", day(4))), ["A", "B"], **bound)
    for keys, named in (
        ([("A", day(1))], "A 2025-01-01"),
        ([("A", day(5))], "A 2025-01-05"),
        ([("C", day(3)), ("A", day(6)), ("A", day(3)), ("A", day(5))], "A 2025-01-05"),
        ([("C", day(3)), ("A", day(3))], "C 2025-01-03"),
    ):
        with pytest.raises(PublishError, match=f"The bar {named} lies outside .* of run 'r1'"):
            publish(engine, bars(*keys), ["A", "B"], **bound)
    assert published(engine, "symbol, date") == [("A", day(2)), ("B", day(4))]


def test_the_first_bar_that_comes_twice_is_named(engine):
    keys = [("B", day(2)), ("A", day(3)), ("A", day(2)), ("A", day(1))]
    frame = bars(*keys, *keys[:3]).assign(close=range(7))
    with pytest.raises(PublishError, match="A 2025-01-02 is to be published twice"):
        publish(engine, frame, ["A", "B"])


@pytest.mark.parametrize(
    ("keys", "nameless"),
    [
        ([(None, day(1))], 1),
        ([("A", None)], 1),
        ([("A", None), ("B", None), (None, day(1)), ("A", day(1))], 2),
    ],
)
def test_bars_without_a_symbol_or_a_date_are_refused(engine, keys, nameless):
    with pytest.raises(PublishError, match=f"{nameless} bars to publish have no symbol or no date"):
        publish(engine, bars(*keys), ["A", "B"])


def test_a_bar_is_published_once_whatever_runs_there_were(engine):
    publish(engine, days("A", 1), ["A"])
    again = text(
        "insert into stock_data_enriched (symbol, date, open, high, low, close, volume, run_id)"
        " values ('A', '2025-01-01', 1, 1, 1, 1, 1, 'r2')"
    )
    with pytest.raises(Exception, match="duplicate key"), engine.begin() as connection:
        connection.execute(again)


def closes(symbol, first, *numbers):
    return days(symbol, *numbers).assign(close=[float(first + number) for number in numbers])


def edges(engine, symbols, start, end, **more):
    bound: dict[str, Any] = {"start": start and day(start), "end": end and day(end)}
    with engine.connect() as connection:
        found = edge_bars(connection, symbols=symbols, **bound, **more)
    assert found.columns.tolist() == ["symbol", "date", "close", "daily_return", "previous_close"]
    return [
        (symbol, date.day, close, None if pd.isna(before) else before)
        for symbol, date, close, _, before in sorted(found.itertuples(index=False, name=None))
    ]


def test_edges_are_found_for_each_symbol_and_across_holes(engine):
    frame = pd.concat([closes("A", 0, 1, 2, 5, 6), closes("B", 100, 3, 4, 5), closes("C", 0, 1)])
    publish(engine, frame.iloc[::-1], ["A", "B", "C"])  # no order is there by chance
    both = ["A", "B"]
    assert edges(engine, both, 2, 4) == [
        ("A", 2, 2.0, 1.0), ("A", 5, 5.0, 2.0), ("B", 3, 103.0, None), ("B", 5, 105.0, 104.0),
    ]  # fmt: skip
    assert edges(engine, ["A"], 3, 4) == [("A", 5, 5.0, 2.0)]
    assert edges(engine, ["A"], 2, None) == [("A", 2, 2.0, 1.0)]
    assert edges(engine, ["A"], None, 5) == [("A", 1, 1.0, None), ("A", 6, 6.0, 5.0)]
    assert edges(engine, ["A"], 2, 6) == [("A", 2, 2.0, 1.0)]
    assert edges(engine, both, 2, 2, everywhere=True) == [
        ("A", 1, 1.0, None), ("A", 2, 2.0, 1.0), ("A", 5, 5.0, 2.0), ("A", 6, 6.0, 5.0),
        ("B", 3, 103.0, None), ("B", 4, 104.0, 103.0), ("B", 5, 105.0, 104.0),
    ]  # fmt: skip


def test_fewer_bars_than_the_gate_knows_of_may_go_away(engine):
    publish(engine, days("A", 1, 2), ["A"])
    done = publish(engine, days("A", 1), ["A"], removable={"A": 2})
    assert done.removed == 1
    with pytest.raises(FrozenInstanceError):
        done.removed = 0  # type: ignore[misc]  # frozen


def test_one_return_is_corrected_and_no_other(engine):
    publish(engine, bars(("A", day(1)), ("A", day(2)), ("B", day(1))), ["A", "B"])
    one = pd.DataFrame({"symbol": ["A"], "date": [day(1)], "daily_return": [0.5]})
    with engine.begin() as connection:
        assert correct_returns(connection, one) == 1
        assert correct_returns(connection, one.iloc[:0]) == 0
    assert published(engine, "daily_return") == [(0.5,), (None,), (None,)]
