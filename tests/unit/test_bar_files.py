from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gx.errors import BarFileError
from gx.files.read import COLUMNS, is_daily, read_bars

ROW = "2025-10-06,10,11,9.5,10.5,1000"


def written(folder: Path, text: str | bytes, name: str = "bars.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("symbol,date,open,high,low,close,volume\nACME," + ROW, id="plain"),
        pytest.param("Ticker,Datetime,OPEN,High,low,CLOSE,Volume\nACME," + ROW, id="other_names"),
        pytest.param(
            "volume,close,low,high,open,date,symbol,note\n1000,10.5,9.5,11,10,2025-10-06,ACME,x",
            id="any_order_and_more",
        ),
        pytest.param(b"\xef\xbb\xbfsymbol,date,open,high,low,close,volume\nACME," + ROW.encode()),
        pytest.param("symbol,date,open,high,low,close,volume\r\nACME," + ROW + "\r\n\r\n"),
        pytest.param("symbol,date,open,high,low,close,volume\nACME,20251006,10,11,9.5,10.5,1000"),
    ],
)
def test_a_bar_is_read_whatever_the_layout(tmp_path: Path, text: str | bytes):
    table = read_bars(written(tmp_path, text))

    assert table.to_pylist() == [
        dict(zip(COLUMNS, ("ACME", date(2025, 10, 6), 10, 11, 9.5, 10.5, 1000), strict=True))
    ]
    assert is_daily(table)


def test_the_symbol_of_a_file_without_one_is_given(tmp_path: Path):
    path = written(tmp_path, "date,open,high,low,close,volume\n" + ROW)

    assert read_bars(path, symbol="ACME")["symbol"].to_pylist() == ["ACME"]
    with pytest.raises(BarFileError, match="lacks the column symbol; name it with SYMBOL="):
        read_bars(path)


def test_parquet_is_read(tmp_path: Path):
    table = read_bars(written(tmp_path, "symbol,date,open,high,low,close,volume\nNA," + ROW))
    pq.write_table(table, tmp_path / "bars.parquet")

    assert read_bars(tmp_path / "bars.parquet") == table
    assert table["symbol"].to_pylist() == ["NA"]


def test_nan_and_missing_are_read_for_the_gate_to_judge(tmp_path: Path):
    text = "symbol,date,open,high,low,close,volume\nA,2025-10-06,NaN,inf,,NULL,-1\n"

    (bar,) = read_bars(written(tmp_path, text)).to_pylist()

    assert bar["open"] != bar["open"]
    assert (bar["high"], bar["low"], bar["close"], bar["volume"]) == (float("inf"), None, None, -1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "symbol,date,open,high,low,close,volume\nA,2025-10-06,1,1,1,1,1\nA,2025-10-07,1,1,x,1,1",
            "line 3, column low: 'x' is no number",
            id="number",
        ),
        pytest.param(
            "symbol,date,open,high,low,close,volume\n\nA,2025-02-30,1,1,1,1,1",
            "line 3, column date: '2025-02-30' is no date",
            id="date_after_a_blank_line",
        ),
        pytest.param(
            "symbol,date,open,high,low,close,volume\nA,2025-10-06,1,1,1,1",
            "line 2: has 6 cells, not 7",
            id="torn_line",
        ),
        pytest.param(
            "symbol,date,close,adj\nA,2025-10-06,1,1",
            "lacks the columns open, high, low, volume; the file has: symbol, date, close, adj",
            id="less",
        ),
        pytest.param(
            "symbol,Ticker,date,open,high,low,close,volume\nA,A," + ROW, "two columns for symbol"
        ),
        pytest.param("", "", id="empty"),
        pytest.param(b"symbol,date\nA\0,1", "line 2: holds NUL bytes, which no text has", id="nul"),
    ],
)
def test_a_file_that_cannot_be_read_completely_names_the_place(
    tmp_path: Path, text: str | bytes, message: str
):
    path = written(tmp_path, text)

    with pytest.raises(BarFileError) as raised:
        read_bars(path)

    assert str(raised.value).startswith(str(path))
    assert message in str(raised.value)


def test_a_file_that_is_no_parquet_and_one_that_is_not_there(tmp_path: Path):
    with pytest.raises(BarFileError, match="is no Parquet file"):
        read_bars(written(tmp_path, "symbol", "bars.parquet"))
    with pytest.raises(BarFileError, match="there is no such file"):
        read_bars(tmp_path / "nowhere.csv")


def test_bars_within_the_day_keep_their_time(tmp_path: Path):
    text = "symbol,Datetime,open,high,low,close,volume\nA,2025-10-06 09:30:00-04:00,1,1,1,1,1\n"

    table = read_bars(written(tmp_path, text))

    assert not is_daily(table)
    assert table["date"].type == pa.timestamp("us", "UTC")
    assert table["date"][0].as_py().isoformat() == "2025-10-06T13:30:00+00:00"
