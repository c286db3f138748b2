"""Files that cannot be read, or could be read in two ways: what is said, word for word."""

from pathlib import Path

import pytest

from gx.errors import BarFileError, GateError
from gx.files.asked.format import Format
from gx.files.asked.kept import asked_format
from gx.files.rows import read_rows
from tests.unit.files.frames import bars, checked, expected, together

HEADER = "date,open,high,low,close,volume\n"
ROWS = "".join(f"2025-11-0{day},10{day}.5,110.25,99.5,10{day},1000\n" for day in (3, 4, 5, 6, 7))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ": is empty"),
        ("\n \n", ": is empty"),
        (HEADER + ROWS + "Cash,,,,,5000\n", ", line 7, column date: 'Cash' is no date"),
        (
            HEADER + "Total,,,,,5000\n" + ROWS,
            ", line 2, column date: 'Total' is no date",
        ),
        (HEADER + ROWS + "2025-11-", ", line 7: has 1 cells, not 6: '2025-11-'"),
        (HEADER + ROWS[:40] + "\0" + ROWS[40:], ", line 3: holds NUL bytes, which no text has"),
        ("<!DOCTYPE html><html>", ": is a web page or XML, not a table"),
        ('{"chart": {"result": []}}', ": is JSON, which is not read; write it as CSV or Parquet"),
        ('[{"date": "2025-11-03"}]', ": is JSON"),
        (
            "date,open,high,low,close,close,volume\n2025-11-03,1,2,1,2,2,5\n",
            ": has two columns for close; leave one out, or choose: --columns 'close=column 5' or "
            "--columns 'close=column 6'",
        ),
        (
            "date,open,high,low,close,volume,Vol.\n2025-11-03,1,2,1,2,5,6\n",
            ": has two columns for volume; leave one out, or choose: --columns 'volume=volume' or "
            "--columns 'volume=Vol.'",
        ),
        (
            "timestamp," + HEADER + "".join(f"2025-12-01,{row}\n" for row in ROWS.splitlines()),
            ": has two columns of dates that differ, timestamp and date; choose: --columns "
            "'date=timestamp' or --columns 'date=date'",
        ),
        (
            HEADER + "04/11/2025,1,2,1,2,5\n05/11/2025,1,2,1,2,5\n",
            ": its dates can be read in 2 ways: '04/11/2025' is 2025-11-04 as DMY (2 of 2 dates "
            "are sessions), or 2025-04-11 as MDY (1 of 2 dates are sessions); say which with "
            "--date-format DMY or MDY",
        ),
        (
            HEADER.replace(",", ";") + "2025-11-03;1,234;1,234;1,234;1,234;5\n",
            ", column open: '1,234' is 1234 or 1.234, and no number of the file tells which; say "
            "--decimal . for 1234, or --decimal , for 1.234",
        ),
        (
            HEADER.replace(",", ";") + "2025-11-03;1.234;1.234;1.234;1.234;5\n",
            ", column open: '1.234' is 1234 or 1.234, and no number of the file tells which",
        ),
        (
            HEADER.replace(",", ";") + "2025-11-03;1.5;2,5;1,5;1,5;5\n",
            ": its numbers are written in two ways: '1.5' (column open) has a decimal point, '2,5' "
            "(column high) a decimal comma; say which with --decimal",
        ),
        (
            "Aika,Ylin,Alin,Loppu\n2025-11-03,1,2,1\n",
            ": holds no bars: its header names Aika, Ylin, Alin, Loppu. --columns says what ",
        ),
        (
            "date,open,high,low,Adj Close,volume\n2025-11-03,1,2,1,2,5\n",
            ": lacks the column close; the file has: date, open, high, low, Adj Close, volume; "
            "--columns 'close=Adj Close' takes the adjusted one",
        ),
        (
            "date,open,high,low,close,Volume (USD)\n2025-11-03,1,2,1,2,5\n",
            ": lacks the column volume; the file has: date, open, high, low, close, Volume (USD); "
            "--columns volume=NAME names the column that is meant",
        ),
        (ROWS, ": has no header that names columns; its first row is '2025-11-03, 103.5, 110.25"),
        (HEADER + "2025-11-03,1%,2,1,2,5\n", ", line 2, column open: '1%' is no number"),
        (
            HEADER + "2025-11-03 09:30 EDT,1,2,1,2,5\n",
            ": its times cannot be read in the zone 'EDT': there is no such zone; name it with "
            "--zone",
        ),
        (
            HEADER + "2025-11-02 01:30:00 America/New_York,1,2,1,2,5\n",
            ": its times cannot be read in the zone 'America/New_York': Cannot infer dst time",
        ),
        ("x" * 300_000, ": is no CSV file (field larger than field limit"),
        (",".join(["x" * 99] * 9_999), ": holds no bars: its header names xxx"),
    ],
)
def test_what_cannot_be_read_is_said_with_what_to_do(tmp_path: Path, text: str, said: str):
    path = tmp_path / "b.csv"
    path.write_text(text)
    with pytest.raises(BarFileError) as raised:
        checked(path)
    assert str(raised.value).startswith(f"{path}{said}")
    assert len(str(raised.value)) < 2_500


@pytest.mark.parametrize(
    ("name", "raw", "said"),
    [
        ("b.csv.gz", b"\x1f\x8b\x08\x00cut", "its gzip data cannot be unpacked"),
        ("b.csv", b"BZh91AY", "its bz2 data cannot be unpacked"),
        ("b.zip", b"PK\x03\x04cut", "cannot be unpacked"),
        ("b.zst", b"\x28\xb5\x2f\xfdcut", "its zstd data cannot be unpacked"),
        ("b.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1cut", "is no workbook that can be read"),
        ("b.parquet", b"PAR1cut", "is no Parquet file"),
    ],
)
def test_what_was_cut_off_is_said(tmp_path: Path, name: str, raw: bytes, said: str):
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(BarFileError, match=said):
        checked(tmp_path / name)


def test_a_folder_and_a_pattern_without_files_are_said(tmp_path: Path):
    with pytest.raises(BarFileError, match="holds no file of bars"):
        together(tmp_path)
    with pytest.raises(BarFileError, match="no file matches it"):
        together(tmp_path / "*.csv")
    with pytest.raises(BarFileError, match="is a folder; name the files in it"):
        checked(tmp_path)


@pytest.mark.parametrize("column", ["Asset", "stock_id", "Wertpapier"])
def test_the_symbol_is_not_taken_from_the_name_where_a_column_could_hold_it(
    tmp_path: Path, column: str
):
    path = tmp_path / "AAPL.csv"
    frame = bars().assign(**{column: "ACME"})
    frame.to_csv(path)
    said = f"its column {column} could hold the symbol; say --columns 'symbol={column}'"
    with pytest.raises(BarFileError, match=said):
        together(path)
    assert checked(path, None, columns={"symbol": column}) == expected(bars(), "ACME")


def test_the_symbol_from_the_name_is_said_and_a_currency_is_none(tmp_path: Path):
    path = tmp_path / "aapl.csv.gz"
    bars().assign(currency="USD", company="Apple Inc").to_csv(path)
    found = together(path)
    assert found.table["symbol"].unique().to_pylist() == ["AAPL"]
    assert found.notes == (
        f"{path}: not used: currency, company",
        f"{path}: its symbol is taken from its name: AAPL (--symbol names another)",
    )


def test_of_two_orders_the_one_with_sessions_is_taken_and_said(tmp_path: Path):
    path = tmp_path / "A.csv"
    days = [f"{day:02}/11/2025" for day in (3, 4, 5, 6, 7, 10, 11, 12)]
    path.write_text(HEADER + "".join(f"{day},1,2,1,2,5\n" for day in days))
    found = together(path)
    assert [str(day) for day in found.table["date"].to_pylist()[:2]] == ["2025-11-03", "2025-11-04"]
    assert (
        f"{path}: its dates are read as DMY: dates that are sessions, by order: DMY: 8 of 8, MDY: "
        "6 of 8" in found.notes
    )
    path.write_text(HEADER + "".join(f"{day},1,2,1,2,5\n" for day in days[:4]))
    with pytest.raises(BarFileError, match=r"2 ways.*3 of 4 dates are sessions"):
        together(path)  # a single Sunday may be a stray


def test_columns_that_contradict_the_prices_are_doubted(tmp_path: Path):
    path = tmp_path / "A.csv"
    bars().rename(columns={"High": "Low", "Low": "High"}).to_csv(path)
    assert "100% of its rows the high is not the highest" in "".join(together(path).notes)


def test_a_header_that_is_repeated_and_a_sentence_at_the_end_are_left_out_and_said(tmp_path: Path):
    path = tmp_path / "AAPX.csv"
    text = bars().to_csv()
    header = text.splitlines()[0] + "\n"
    path.write_text(text.replace("2025-09-05", header + "2025-09-05") + "Not a bar at all\n")
    assert checked(path) == expected(bars())
    assert together(path).notes[:2] == (
        f"{path}: line 33 is left out, a sentence: 'Not a bar at all'",
        f"{path}: line 5 left out, where the header is repeated",
    )


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"decimal": ";"}, "--decimal: ';' is no decimal sign; it is . or ,"),
        (
            {"delimiter": "||"},
            "--delimiter: '||' is no delimiter; write one sign, or tab, or space",
        ),
        (
            {"zone": "America/NewYork"},
            "no time zone 'America/NewYork'; did you mean 'America/New",
        ),
        ({"encoding": "utf-9"}, "--encoding: there is no encoding 'utf-9'"),
        ({"symbol": "A "}, "--symbol: the symbol 'A ' has a space at its beginning or end"),
        ({"date_format": "dd.mm"}, "--date-format: 'dd.mm' is no format of dates; write one like"),
        ({"columns": "clse=Last"}, "'clse' is no column of a bar; did you mean 'close'?; write"),
        ({"columns": "close=A,close=B"}, "names two columns for one meaning"),
        ({"columns": "close="}, "write close=Last,date=Day, or all columns by their place"),
        ({"columns": "date,date"}, "names a meaning twice: date, date"),
        ({"format_name": "none"}, "there is no format 'none'"),
    ],
)
def test_what_options_cannot_mean_is_said(tmp_path: Path, asked: dict[str, str], said: str):
    with pytest.raises(GateError) as raised:
        asked_format(asked, tmp_path)
    assert said in str(raised.value)


def test_all_faults_of_options_are_told_at_once(tmp_path: Path):
    with pytest.raises(GateError) as raised:
        asked_format({"decimal": "x", "zone": "Mars", "columns": "x=y"}, tmp_path)
    assert [line.split(":")[0] for line in str(raised.value).splitlines()] == [
        "--columns",
        "--decimal",
        "--zone",
    ]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"columns": {"close": "Last"}}, "has no column 'Last'; the file has: Date, Open, High"),
        ({"columns": {"close": "Clos"}}, "has no column 'Clos'; did you mean 'Close'?"),
        ({"order": ["date", "open"]}, "has 6 columns, and --columns names 2; write - for one"),
        ({"encoding": "ascii"}, "line 2: is not ascii text"),
        ({"sheet": "X"}, None),
    ],
)
def test_options_that_do_not_fit_the_file_are_said(
    tmp_path: Path, asked: dict[str, object], said: str | None
):
    path = tmp_path / "b.csv"
    text = bars().to_csv()
    path.write_text(text.replace("\n2025", "\n\u00a02025", 1) if "encoding" in asked else text)
    if said is None:
        assert checked(path, "AAPX", **asked) == expected(bars())
        return
    with pytest.raises(BarFileError) as raised:
        checked(path, "AAPX", **asked)
    assert said in str(raised.value)


def test_a_workbook_with_several_sheets_asks_for_one(tmp_path: Path):
    import pandas as pd

    with pd.ExcelWriter(tmp_path / "b.xlsx") as book:
        bars().to_excel(book, sheet_name="Prices")
        bars(seed=2).to_excel(book, sheet_name="More")
    with pytest.raises(BarFileError, match="has 2 sheets; choose one with --sheet: Prices, More"):
        checked(tmp_path / "b.xlsx")
    with pytest.raises(BarFileError, match="has no sheet 'Price'; did you mean 'Prices'"):
        checked(tmp_path / "b.xlsx", sheet="Price")
    assert checked(tmp_path / "b.xlsx", sheet="More") == expected(bars(seed=2))


def test_columns_by_their_place_and_without_a_name(tmp_path: Path):
    path = tmp_path / "b.csv"
    frame = bars()
    frame.assign(x=1).to_csv(path, header=False)
    order = ["date", "open", "high", "low", "close", "volume", "-"]
    assert checked(path, order=order) == expected(frame)
    frame.to_csv(path)  # with a header, which names nothing then
    assert checked(path, order=order[:-1]) == expected(frame)
    frame.rename_axis(None).assign(s="ACME").rename(columns={"s": ""}).to_csv(path)
    assert checked(path, None, columns={"symbol": "column 7"}) == expected(frame, "ACME")


def test_rows_of_other_files_are_set_aside_by_what_they_say(tmp_path: Path):
    path = tmp_path / "b.csv"
    path.write_text(
        "Datum;Open;High;Low;Close;Volume\n"
        "31.10.2025;1,5;2,5;1,5;x;5\n03.11.2025;1,5;2,5;1,5;1.5;5\n04.11.2025;1,5;2,5;1,5;2,5;5\n"
        "32.11.2025;1,5;2,5;1,5;2,5;5\n",
        encoding="utf-16",
    )
    asked = Format(symbol="A", columns={"date": "Datum"}, decimal=",")
    rows = read_rows(path, asked=asked)
    assert rows["fault"].to_pylist() == [
        "column close: 'x' is no number",
        "column close: '1.5' is no number",
        None,
        "column date (Datum): '32.11.2025' is no date (%d.%m.%Y)",
    ]
    assert rows["line"].to_pylist() == [2, 3, 4, 5]
