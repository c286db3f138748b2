"""A file's rows, to be stored: what it says, where it says it, and what is wrong with a row."""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gx.errors import BarFileError
from gx.files.dates.stamps import MOST
from gx.files.read import NUMBERS, read_bars
from gx.files.rows import read_rows, rows_as_written
from gx.suite.calendars import Calendars, suite_calendars

HEADER = "symbol,date,open,high,low,close,volume\n"
NAMES = HEADER.strip().split(",")


def written(folder: Path, text: str) -> Path:
    path = folder / "bars.csv"
    path.write_text(text, newline="")
    return path


def test_numbers_are_the_digits_of_the_file(tmp_path: Path):
    text = HEADER + "A,2025-11-03, 1.10 ,+2.,.5,1.1011e-05,261314413264.0\n"

    (row,) = read_rows(written(tmp_path, text)).to_pylist()

    assert row["line"] == 2
    assert [row[name] for name in NAMES[2:]] == [
        "1.10",
        "+2.",
        ".5",
        "1.1011e-05",
        "261314413264.0",
    ]
    assert (row["date"], row["missing"], row["fault"]) == (dt.date(2025, 11, 3), None, None)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_lines_are_those_of_the_file_whatever_stands_between(tmp_path: Path, ending: str):
    text = (
        "symbol,date,note,open,high,low,close,volume\n\n"
        'A,2025-11-03,"two\nlines",1,1,1,1,1\n'
        'B,2025-11-03,"three\n\nlines",1,x,1,1,1\n'
        "C,2025-11-03,torn\n\n"
        "D,2025-11-03,form\x0cfeed\u2028,1,1,1,1,y\n"
    )
    path = written(tmp_path, text.replace("\n", ending))

    rows = read_rows(path).sort_by("line")

    assert rows["line"].to_pylist() == [3, 5, 8, 10]
    faults = rows["fault"].to_pylist()
    assert faults[:2] == [None, "column high: 'x' is no number"]
    assert faults[2].startswith("it has 3 cells, not 8: 'C,2025-11-03,torn")
    assert faults[3] == "column volume: 'y' is no number"
    assert rows_as_written(path, [5, 8]) == [
        'B,2025-11-03,"three\n\nlines",1,x,1,1,1',
        "C,2025-11-03,torn",
    ]


@pytest.mark.parametrize("cell", ["", "NaN", "nan", "-NAN", "null", "NULL", "N/A", "None"])
def test_a_number_that_is_not_there_is_shown_as_the_file_writes_it(tmp_path: Path, cell: str):
    text = HEADER + f"A,2025-11-03,1,{cell},1,{cell},1\nB,2025-11-03,1,1,1,1,1\n"

    missing, whole = read_rows(written(tmp_path, text)).to_pylist()

    assert (missing["high"], missing["close"], missing["fault"]) == (None, None, None)
    assert missing["missing"] == f"high: {cell!r} (and close {cell!r})"
    assert whole["missing"] is None


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("A,2025-11-03,1,1,1,12.5.1,1", "column close: '12.5.1' is no number"),
        ("A,2025-11-03,1,1,1,0x10,1", "column close: '0x10' is no number"),
        ("A,2025-11-03,1,1,1,1_000,1", "column close: '1_000' is no number"),
        ("A,2025-11-03,1,1,1,-inf,1", "column close: '-inf' is not finite"),
        ("A,2025-11-03,1,1,1,1e400,1", "column close: '1e400' is not finite"),
        ("A,2025-11-03,1,1,1,1e-400,1", "column close: '1e-400' is nearer to zero than"),
        ("A,2025-02-30,1,1,1,1,1", "column date: '2025-02-30' is no date"),
        ("A,,1,1,1,1,1", "column date: '' is no date"),
        (",2025-11-03,1,1,1,1,1", "column symbol: '' is no symbol"),
        (" A,2025-11-03,1,1,1,1,1", "column symbol: ' A' has a space at its beginning or end"),
        (
            "A\u200b,2025-11-03,1,1,1,1,1",
            "column symbol: 'A\\u200b' has a character that nobody sees (U+200B)",
        ),
        (
            f"{'A' * 33},2025-11-03,1,1,1,1,1",
            f"column symbol: '{'A' * 33}' has 33 characters; 32 are the most",
        ),
    ],
)
def test_a_row_with_a_fault_of_its_own_is_told_beside_the_others(
    tmp_path: Path, row: str, fault: str
):
    text = HEADER + f"B,2025-11-03,1,1,1,0,0.00\n{row}\nC,2025-11-03,1,1,1,-0,0e5\n"

    first, bad, last = read_rows(written(tmp_path, text)).to_pylist()

    assert (first["fault"], last["fault"]) == (None, None)
    assert bad["line"] == 3
    assert bad["fault"].startswith(fault)


def test_parquet_keeps_decimals_and_the_shortest_digits_of_floats(tmp_path: Path):
    table = pa.table(
        {
            "symbol": ["A", "A", "A"],
            "date": pa.array([dt.date(2025, 11, day) for day in (3, 4, 5)], pa.date64()),
            "open": pa.array([Decimal("0.00001101")] * 3, pa.decimal128(38, 8)),
            "high": pa.array([0.1, 1.1011e-05, None]),
            "low": pa.array([366.57, 1.0, float("nan")], pa.float32()),
            "close": pa.array([1, 2, 3], pa.int32()),
            "volume": ["721.7013", "1", "x"],
        }
    )
    pq.write_table(table, tmp_path / "bars.parquet")

    first, second, third = read_rows(tmp_path / "bars.parquet").to_pylist()

    assert [first[name] for name in NAMES[2:]] == ["0.00001101", "0.1", "366.57", "1", "721.7013"]
    assert Decimal(second["high"]) == Decimal("1.1011e-05")
    assert (third["row"], third["missing"]) == (3, "high: None (and low nan)")
    assert third["fault"] == "column volume: 'x' is no number"
    assert rows_as_written(tmp_path / "bars.parquet", [3])[0].startswith("A,2025-11-05")


def test_bars_within_the_day_are_refused_in_one_line(tmp_path: Path):
    text = HEADER + "A,2025-11-03 09:30:00,1,1,1,1,1\nA,2025-11-03 09:35:00,1,1,1,1,1\n"
    with pytest.raises(BarFileError, match=r"bars\.csv: holds bars within the day.*one bar a day$"):
        read_rows(written(tmp_path, text))


def test_a_column_that_is_none_of_dates_is_no_fault_of_its_rows(tmp_path: Path):
    text = HEADER + "A,someday,1,1,1,1,1\n" * (MOST + 1)
    with pytest.raises(BarFileError, match="line 2, column date: 'someday' is no date"):
        read_rows(written(tmp_path, text))


def test_a_blank_line_gets_no_symbol(tmp_path: Path):
    path = written(tmp_path, "date,open,high,low,close,volume\n\n2025-11-03,1,1,1,1,1\n\n")
    (row,) = read_rows(path, symbol="A").to_pylist()
    assert (row["line"], row["symbol"]) == (3, "A")


def test_calendars_are_those_of_the_suite(tmp_path: Path):
    suite = tmp_path / "suite.json"
    suite.write_text(
        '{"expectations": [{"type": "x", "kwargs": {}}, {"type": "y", "kwargs":'
        ' {"calendar": "XLON", "calendars": {"BTC": "24/7"}}}]}'
    )
    assert suite_calendars(suite) == Calendars("XLON", {"BTC": "24/7"})
    assert suite_calendars(suite).of("BTC") == "24/7"
    assert suite_calendars(tmp_path / "none.json") == Calendars("XNYS")


@pytest.mark.parametrize("read", [read_rows, read_bars])
@pytest.mark.parametrize(
    ("name", "cells", "said"),
    [
        ("open", pa.array([True]), "column open: holds bool, of which no number is read"),
        ("volume", pa.array([dt.timedelta(1)]), "column volume: holds duration"),
        ("close", pa.array([dt.datetime(2025, 11, 3)]), "column close: holds timestamp"),
        ("close", pa.array([[1.5]]), "column close: holds list<"),
        ("symbol", pa.array([{"ticker": "A"}]), "column symbol: holds struct<"),
        ("symbol", pa.array([b"\xff"]), "column symbol: is not UTF-8 text"),
        ("date", pa.array([dt.time(10)]), "column date: holds time64"),
        ("date", pa.array([True]).dictionary_encode(), "of which no date is read"),
    ],
)
def test_a_parquet_column_of_another_kind_is_refused(
    tmp_path: Path, read: Callable[[Path], pa.Table], name: str, cells: pa.Array, said: str
):
    table = pa.table({"symbol": ["A"], "date": ["2025-11-03"]} | {key: [1] for key in NUMBERS})
    pq.write_table(
        table.set_column(table.column_names.index(name), name, cells), tmp_path / "bars.parquet"
    )
    with pytest.raises(BarFileError, match=re.escape(said)):
        read(tmp_path / "bars.parquet")


@pytest.mark.parametrize("read", [read_rows, read_bars])
def test_parquet_columns_of_bytes_and_dictionaries_are_read_as_what_they_say(
    tmp_path: Path, read: Callable[[Path], pa.Table]
):
    columns = {
        "symbol": pa.array([b"A"]),
        "date": pa.array([dt.date(2025, 11, 3)]).dictionary_encode(),
        "open": pa.array(["1.1"]).dictionary_encode(),
        "high": pa.array([1.1], pa.float32()),
        "low": pa.array(["1.1"], pa.string_view()),
        "close": pa.array([Decimal("1.10")]),
        "volume": pa.array([b"1.1"], pa.binary(3)),
    }
    pq.write_table(pa.table(columns), tmp_path / "bars.parquet")
    (bar,) = read(tmp_path / "bars.parquet").to_pylist()
    assert (bar["symbol"], bar["date"]) == ("A", dt.date(2025, 11, 3))
    assert [float(bar[name]) for name in NUMBERS] == [1.1] * 5
