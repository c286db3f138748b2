"""Files as people have them, written by the library that they write them with."""

import bz2
import gzip
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dags.local.load import load_files
from gx.errors import BarFileError
from gx.files.asked.format import Format
from gx.files.check import read_files
from gx.files.read import is_daily, read_bars
from gx.files.rows import read_rows
from gx.files.understand import open_file
from sql.errors import LoadError
from tests.unit.files.frames import (
    bars,
    checked,
    days_of,
    expected,
    loaded,
    reads_as,
    together,
)

Write = Callable[[pd.DataFrame, Path], None]


def text(frame: pd.DataFrame, path: Path, **how: object) -> None:
    frame.to_csv(path, **how)  # type: ignore[call-overload]


def pandas_index(frame: pd.DataFrame, path: Path) -> None:
    frame.rename_axis(None).to_csv(path)


def pandas_row_numbers(frame: pd.DataFrame, path: Path) -> None:
    frame.reset_index().to_csv(path)


def yahoo_download(frame: pd.DataFrame, path: Path) -> None:
    more = frame.copy()
    more["Adj Close"], more["Dividends"], more["Stock Splits"] = frame["Close"] * 0.9, 0.0, 0.0
    more.to_csv(path)


def metatrader_5(frame: pd.DataFrame, path: Path) -> None:
    made = pd.DataFrame({"<DATE>": days_of(frame).strftime("%Y.%m.%d")})
    for name in ("Open", "High", "Low", "Close"):
        made[f"<{name.upper()}>"] = frame[name].map("{:.2f}".format).to_numpy()
    made["<TICKVOL>"] = 17
    made["<VOL>"] = frame["Volume"].to_numpy()
    made["<SPREAD>"] = 1
    made.to_csv(path, sep="\t", index=False)


def metatrader_4(frame: pd.DataFrame, path: Path) -> None:
    made = frame.assign(date=days_of(frame).strftime("%Y.%m.%d"), time="00:00")
    made = made[["date", "time", "Open", "High", "Low", "Close", "Volume"]]
    made.to_csv(path, index=False, header=False, float_format="%.5f")


def stooq(frame: pd.DataFrame, path: Path) -> None:
    made = frame.assign(
        ticker="AAPX", per="D", date=days_of(frame).strftime("%Y%m%d"), time="000000"
    )
    made = made[["ticker", "per", "date", "time", "Open", "High", "Low", "Close", "Volume"]]
    made.columns = [
        f"<{n}>" for n in ["TICKER", "PER", "DATE", "TIME", "OPEN", "HIGH", "LOW", "CLOSE", "VOL"]
    ]
    made.assign(**{"<OPENINT>": 0}).to_csv(path, index=False, lineterminator="\r\n")


def german(frame: pd.DataFrame, path: Path) -> None:
    newest = frame.iloc[::-1]
    newest.to_csv(path, sep=";", decimal=",", date_format="%d.%m.%Y", encoding="utf-8-sig")


def german_thousands(frame: pd.DataFrame, path: Path) -> None:
    made = frame.iloc[::-1].copy()
    for name in made.columns[:4]:
        made[name] = made[name].map(lambda one: f"{one:,.2f}".translate({44: ".", 46: ","}))
    made["Volume"] = made["Volume"].map(lambda one: f"{one:,}".replace(",", "."))
    made.to_csv(path, sep=";", date_format="%d.%m.%y")


def french(frame: pd.DataFrame, path: Path) -> None:
    made = frame.copy()
    for name in made.columns[:4]:
        made[name] = made[name].map(lambda one: f"{one:,.2f}".translate({44: "\u202f", 46: ","}))
    made["Volume"] = made["Volume"].map(lambda one: f"{one:,}".replace(",", "\u00a0"))
    made.to_csv(path, sep="\t", date_format="%d/%m/%Y")


def swiss(frame: pd.DataFrame, path: Path) -> None:
    made = frame.copy()
    made["Volume"] = made["Volume"].map(lambda one: f"{one:,}".replace(",", "'"))
    made.to_csv(path, sep=";", date_format="%d.%m.%Y")


def alpha_vantage(frame: pd.DataFrame, path: Path) -> None:
    made = frame.iloc[::-1].rename_axis("date")
    made.columns = [f"{n}. {c.lower()}" for n, c in enumerate(made.columns, 1)]
    made.to_csv(path)


def nasdaq(frame: pd.DataFrame, path: Path) -> None:
    made = frame.iloc[::-1].copy()
    for name in made.columns[:4]:
        made[name] = made[name].map("${:.2f}".format)
    made = made.rename(columns={"Close": "Close/Last"})
    made[["Close/Last", "Volume", "Open", "High", "Low"]].to_csv(path, date_format="%m/%d/%Y")


def investing(frame: pd.DataFrame, path: Path) -> None:
    made = frame.iloc[::-1].rename(columns={"Close": "Price"})
    made["Vol."] = made.pop("Volume").map(lambda one: f"{one / 1e6:.6f}M")
    made["Change %"] = "0.51%"
    made = made[["Price", "Open", "High", "Low", "Vol.", "Change %"]]
    for name in ("Price", "Open", "High", "Low"):
        made[name] = made[name].map("{:,.2f}".format)
    made.to_csv(path, date_format="%m/%d/%Y", quoting=1, encoding="utf-8-sig")


def polygon(frame: pd.DataFrame, path: Path) -> None:
    made = frame.rename(columns=str.lower).assign(ticker="AAPX", transactions=5)
    opens = days_of(frame).tz_localize("America/New_York").as_unit("ns")
    made["window_start"] = opens.asi8
    order = ["ticker", "volume", "open", "close", "high", "low", "window_start", "transactions"]
    made[order].to_csv(path, index=False, compression="gzip")


def polygon_json_letters(frame: pd.DataFrame, path: Path) -> None:
    made = frame.rename(columns=lambda name: name[0].lower()).assign(vw=1.5, n=7)
    made["t"] = days_of(frame).tz_localize("America/New_York").as_unit("ms").asi8
    made[["v", "vw", "o", "c", "h", "l", "t", "n"]].to_csv(path, index=False)


def databento(frame: pd.DataFrame, path: Path) -> None:
    made = pd.DataFrame({"ts_event": days_of(frame).tz_localize("UTC").as_unit("ns").asi8})
    made["rtype"], made["publisher_id"], made["instrument_id"] = 35, 2, 15144
    for name in ("Open", "High", "Low", "Close"):
        made[name.lower()] = [int(Decimal(str(one)) * 10**9) for one in frame[name]]
    made["volume"], made["symbol"] = frame["Volume"].to_numpy(), "AAPX"
    made.to_csv(path, index=False)


def tiingo(frame: pd.DataFrame, path: Path) -> None:
    made = frame.rename(columns=str.lower)
    for name in frame.columns:
        made[f"adj{name}"] = frame[name] * 0.5
    made = made.assign(divCash=0.0, splitFactor=1.0).rename_axis("date")
    made.to_csv(path)


def alpaca(frame: pd.DataFrame, path: Path) -> None:
    made = frame.rename(columns=str.lower).assign(trade_count=9, vwap=190.1, symbol="AAPX")
    made["timestamp"] = days_of(frame).tz_localize("America/New_York").tz_convert("UTC")
    made.set_index(["symbol", "timestamp"]).to_csv(path)


def eodhd(frame: pd.DataFrame, path: Path) -> None:
    made = frame.assign(Adjusted_close=frame["Close"] * 0.8)
    made[["Open", "High", "Low", "Close", "Adjusted_close", "Volume"]].to_csv(path)


def interactive_brokers(frame: pd.DataFrame, path: Path) -> None:
    made = frame.rename(columns=str.lower).assign(average=1.1, barCount=3)
    made.index = pd.Index(days_of(frame).strftime("%Y%m%d 16:00:00 US/Eastern"), name="date")
    made.to_csv(path)


def finrl(frame: pd.DataFrame, path: Path) -> None:
    made = frame.rename(columns=str.lower).assign(tic="AAPX", day=days_of(frame).day_of_week)
    made.rename_axis("date").reset_index().to_csv(path)


def kaggle(frame: pd.DataFrame, path: Path) -> None:
    frame.rename(columns=str.lower).assign(Name="AAPX").rename_axis("date").to_csv(path)


def months_by_name(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, date_format="%b %d, %Y")


def months_behind_the_day(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, date_format="%d-%b-%Y", sep="|")


def weekdays(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, date_format="%a %b %d %Y")


def short_american(frame: pd.DataFrame, path: Path) -> None:
    made = frame.copy()
    made.index = pd.Index([f"{d.month}/{d.day}/{d:%y}" for d in frame.index], name="Date")
    made.to_csv(path)


def slashes_behind_the_year(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, date_format="%Y/%m/%d")


def serial_days_of_excel(frame: pd.DataFrame, path: Path) -> None:
    made = frame.copy()
    made.index = pd.Index((frame.index - pd.Timestamp("1899-12-30")).days, name="Date")
    made.to_csv(path)


def epoch_seconds(frame: pd.DataFrame, path: Path) -> None:
    made = frame.rename(columns=str.lower)
    made.insert(0, "time", days_of(frame).tz_localize("UTC").as_unit("s").asi8)
    made.rename(columns={"volume": "real_volume"}).assign(tick_volume=1).to_csv(path, index=False)


def epoch_microseconds_as_floats(frame: pd.DataFrame, path: Path) -> None:
    made = frame.rename(columns=str.lower)
    made.insert(0, "timestamp", days_of(frame).tz_localize("UTC").as_unit("us").asi8.astype(float))
    made.to_csv(path, index=False, float_format="%.2f")


def half_past_four_pm(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, date_format="%m/%d/%Y 4:00 PM")


def spaces_between(frame: pd.DataFrame, path: Path) -> None:
    path.write_text(frame.reset_index().to_string(index=False))


def quotes_everywhere(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, quoting=1)


def delimiter_at_the_end(frame: pd.DataFrame, path: Path) -> None:
    lines = frame.to_csv().splitlines()
    path.write_text("\n".join(line + "," for line in lines))


def delimiter_at_the_end_but_of_the_header(frame: pd.DataFrame, path: Path) -> None:
    header, *lines = frame.to_csv(sep=";").splitlines()
    path.write_text("\n".join([header, *(line + ";" for line in lines)]))


def carriage_returns(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, lineterminator="\r")


def preamble_and_sentence(frame: pd.DataFrame, path: Path) -> None:
    path.write_text(
        "Historical prices\nSource: some exchange\n\n"
        + frame.to_csv()
        + '"Downloaded from somewhere.com as of 11-04-2025 05:12pm CST"\n'
    )


def blank_column(frame: pd.DataFrame, path: Path) -> None:
    frame.assign(Note="").to_csv(path)


def sixteen_bits(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, encoding="utf-16", sep="\t")


def sixteen_bits_without_mark(frame: pd.DataFrame, path: Path) -> None:
    path.write_bytes(frame.to_csv().encode("utf-16-le"))


def latin_1(frame: pd.DataFrame, path: Path) -> None:
    frame.assign(Währung="€uro né").to_csv(path, encoding="cp1252")


def bzipped(frame: pd.DataFrame, path: Path) -> None:
    path.write_bytes(bz2.compress(frame.to_csv().encode()))


def gzipped_without_saying_so(frame: pd.DataFrame, path: Path) -> None:
    path.write_bytes(gzip.compress(frame.to_csv().encode()))


def zipped(frame: pd.DataFrame, path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("__MACOSX/._x.csv", b"\0\1")
        archive.writestr("inside.csv", frame.to_csv())


def zstandard(frame: pd.DataFrame, path: Path) -> None:
    with pa.CompressedOutputStream(str(path), "zstd") as sink:
        sink.write(frame.to_csv().encode())


def excel(frame: pd.DataFrame, path: Path) -> None:
    frame.to_excel(path)


def excel_with_texts(frame: pd.DataFrame, path: Path) -> None:
    made = frame.copy()
    made.index = pd.Index(days_of(frame).strftime("%d/%m/%Y"), name="Date")
    made["Volume"] = made["Volume"].map("{:,}".format)
    made.to_excel(path, startrow=2)


def parquet_index(frame: pd.DataFrame, path: Path) -> None:
    frame.to_parquet(path)


def parquet_index_without_name(frame: pd.DataFrame, path: Path) -> None:
    frame.rename_axis(None).to_parquet(path)


def _in_new_york(frame: pd.DataFrame) -> "pd.Series[pd.Timestamp]":
    return frame.index.to_series().dt.tz_localize("America/New_York").dt.as_unit("ms")


def parquet_of_everything(frame: pd.DataFrame, path: Path) -> None:
    table = pa.table(
        {
            "symbol": pa.array(["AAPX"] * len(frame)).dictionary_encode(),
            "date": pa.array(_in_new_york(frame)),
            "open": [Decimal(str(one)) for one in frame["Open"]],
            "high": frame["High"].map(str).to_numpy(),
            "low": frame["Low"].to_numpy(),
            "close": frame["Close"].to_numpy(np.float32),
            "volume": pa.array(frame["Volume"], pa.uint32()),
            "payload": [b"\xff"] * len(frame),
        }
    )
    pq.write_table(table, path)


@pytest.mark.parametrize(
    ("write", "name", "symbol"),
    [
        (pandas_index, "b.csv", "AAPX"),
        (pandas_row_numbers, "b.csv", "AAPX"),
        (yahoo_download, "b.csv", "AAPX"),
        (metatrader_5, "b.csv", "AAPX"),
        (metatrader_4, "b.csv", "AAPX"),
        (stooq, "aapx.us.txt", None),
        (german, "b.csv", "AAPX"),
        (german_thousands, "b.csv", "AAPX"),
        (french, "b.csv", "AAPX"),
        (swiss, "b.csv", "AAPX"),
        (alpha_vantage, "b.csv", "AAPX"),
        (nasdaq, "b.csv", "AAPX"),
        (investing, "b.csv", "AAPX"),
        (polygon, "b.csv.gz", None),
        (polygon_json_letters, "b.csv", "AAPX"),
        (databento, "b.csv", None),
        (tiingo, "b.csv", "AAPX"),
        (alpaca, "b.csv", None),
        (eodhd, "b.csv", "AAPX"),
        (interactive_brokers, "b.csv", "AAPX"),
        (finrl, "b.csv", None),
        (kaggle, "b.csv", None),
        (months_by_name, "b.csv", "AAPX"),
        (months_behind_the_day, "b.csv", "AAPX"),
        (weekdays, "b.csv", "AAPX"),
        (short_american, "b.csv", "AAPX"),
        (slashes_behind_the_year, "b.csv", "AAPX"),
        (serial_days_of_excel, "b.csv", "AAPX"),
        (epoch_seconds, "b.csv", "AAPX"),
        (epoch_microseconds_as_floats, "b.csv", "AAPX"),
        (half_past_four_pm, "b.csv", "AAPX"),
        (spaces_between, "b.txt", "AAPX"),
        (quotes_everywhere, "b.csv", "AAPX"),
        (delimiter_at_the_end, "b.csv", "AAPX"),
        (delimiter_at_the_end_but_of_the_header, "b.csv", "AAPX"),
        (carriage_returns, "b.csv", "AAPX"),
        (preamble_and_sentence, "b.csv", "AAPX"),
        (blank_column, "b.csv", "AAPX"),
        (sixteen_bits, "b.csv", "AAPX"),
        (sixteen_bits_without_mark, "b.csv", "AAPX"),
        (latin_1, "b.csv", "AAPX"),
        (bzipped, "b.csv.bz2", "AAPX"),
        (gzipped_without_saying_so, "b.csv", "AAPX"),
        (zipped, "b.zip", "AAPX"),
        (zstandard, "b.csv.zst", "AAPX"),
        (excel, "b.xlsx", "AAPX"),
        (excel_with_texts, "b.xlsx", "AAPX"),
        (parquet_index, "b.parquet", "AAPX"),
        (parquet_index_without_name, "b.parquet", "AAPX"),
        (parquet_of_everything, "b.parquet", None),
    ],
    ids=lambda one: one.__name__ if callable(one) else "",
)
def test_a_file_is_read_cell_by_cell(tmp_path: Path, write: Write, name: str, symbol: str | None):
    frame = bars()
    write(frame, tmp_path / name)

    assert reads_as(tmp_path / name, frame, symbol)


def several(count: int = 3) -> dict[str, pd.DataFrame]:
    names = ("ACME", "0700.HK", "BRK-B")[:count]
    return {name: bars(price=50.0 + 40 * n, seed=n) for n, name in enumerate(names)}


def all_of(frames: dict[str, pd.DataFrame]) -> list[tuple[object, ...]]:
    return sorted(bar for name, frame in frames.items() for bar in expected(frame, name))


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("names", [["Price", "Ticker"], [None, None]])
@pytest.mark.parametrize("suffix", ["csv", "parquet", "xlsx"])
def test_a_wide_frame_of_yfinance_becomes_long(
    tmp_path: Path, count: int, swapped: bool, names: list[str | None], suffix: str
):
    frames = several(count)
    wide = pd.concat(frames, axis=1, names=names[::-1])
    if not swapped:
        wide = wide.swaplevel(axis=1)
    path = tmp_path / f"b.{suffix}"
    getattr(wide, {"csv": "to_csv", "parquet": "to_parquet", "xlsx": "to_excel"}[suffix])(path)

    assert checked(path, None) == loaded(path, None) == all_of(frames)


def test_a_symbol_without_a_value_on_a_row_of_a_wide_file_has_no_bar_there(tmp_path: Path):
    frames = several(2)
    frames["0700.HK"] = frames["0700.HK"].iloc[5:]
    wide = pd.concat(frames, axis=1).swaplevel(axis=1)
    wide.to_csv(tmp_path / "b.csv")

    assert checked(tmp_path / "b.csv", None) == all_of(frames)
    (source,) = open_file(tmp_path / "b.csv")
    assert "5 cells of the table without any value are no bars" in source.notes


def test_a_stacked_frame_of_yfinance_is_read(tmp_path: Path):
    frames = several()
    wide = pd.concat(frames, axis=1, names=["Ticker", "Price"])
    wide.stack(level=0).to_csv(tmp_path / "b.csv")  # noqa: PD013  # as yfinance's users do

    assert checked(tmp_path / "b.csv", None) == loaded(tmp_path / "b.csv", None) == all_of(frames)


def test_archives_folders_and_patterns_are_read_file_by_file(tmp_path: Path):
    frames = several()
    folder = tmp_path / "in"
    folder.mkdir()
    for name, frame in frames.items():
        frame.to_csv(folder / f"{name}.csv")
    (folder / "README.md").write_text("bars")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name, frame in frames.items():
            archive.writestr(f"{name}.csv", frame.to_csv())

    for named in (folder, tmp_path / "all.zip", folder / "*.csv", tmp_path / "**" / "*.csv"):
        rows = together(named).table.sort_by([("symbol", "ascending"), ("date", "ascending")])
        assert [tuple(row.values()) for row in rows.to_pylist()] == all_of(frames)
    notes = together(folder).notes
    assert f"{folder}: left out README.md, which are no files of bars by their names" in notes
    assert any("its symbol is taken from its name: ACME" in note for note in notes)


def test_files_that_cannot_be_read_are_all_named_and_nothing_is_judged(tmp_path: Path):
    for name, frame in several().items():
        frame.to_csv(tmp_path / f"{name}.csv")
    (tmp_path / "X.csv").write_text("")
    (tmp_path / "Y.csv").write_text("{}")
    with pytest.raises(Exception, match="2 of 5 files cannot be read:") as raised:
        read_files([tmp_path])
    assert "X.csv: is empty" in str(raised.value) and "Y.csv: is JSON" in str(raised.value)


@pytest.mark.parametrize("form", ["%Y%m%d %H:%M:%S US/Eastern", "%Y-%m-%d %H:%M:%S-04:00"])
def test_bars_within_the_day_keep_their_instants(tmp_path: Path, form: str):
    times = pd.date_range("2025-10-06 09:30", periods=60, freq="5min")
    frame = pd.DataFrame(1.0, index=times, columns=["open", "high", "low", "close", "volume"])
    frame.rename_axis("date").to_csv(tmp_path / "AAPX.csv", date_format=form)

    table = read_bars(tmp_path / "AAPX.csv", symbol="AAPX")

    assert not is_daily(table)
    assert table["date"].type == pa.timestamp("us", "UTC")
    utc = times.tz_localize("America/New_York").tz_convert("UTC")
    assert table["date"].to_pandas().tolist() == utc.tolist()


def test_a_zone_is_named_for_times_without_one(tmp_path: Path):
    times = pd.date_range("2025-10-06 09:30", periods=60, freq="5min")
    frame = pd.DataFrame(1.0, index=times, columns=["open", "high", "low", "close", "volume"])
    made = frame.rename_axis("date").reset_index()
    made["time"] = made["date"].dt.strftime("%I:%M %p")
    made["date"] = made["date"].dt.strftime("%m/%d/%Y")
    made.to_csv(tmp_path / "b.csv", index=False)

    table = read_bars(
        tmp_path / "b.csv", asked=Format(symbol="A", zone="America/New_York", date_format="MDY")
    )

    utc = times.tz_localize("America/New_York").tz_convert("UTC")
    assert table["date"].to_pandas().tolist() == utc.tolist()


def test_digits_that_are_loaded_are_those_that_are_written(tmp_path: Path):
    (tmp_path / "b.csv").write_text(
        "Date;Open;High;Low;Close;Volume\n"
        "31.10.2025;1.234,5600;(1,0);-0,10;0,1000000000000000055;2,41M\n"
        "03.11.2025;12;1'234,5;+7,;1,1E-05;2.411.135\n"
    )
    rows = read_rows(tmp_path / "b.csv", symbol="A").select(
        ["open", "high", "low", "close", "volume"]
    )
    assert [list(row.values()) for row in rows.to_pylist()] == [
        ["1234.5600", "-1.0", "-0.10", "0.1000000000000000055", "2410000"],
        ["12", "1234.5", "7.", "1.1E-05", "2411135"],
    ]


@pytest.mark.parametrize(
    ("name", "zone"), [("Gmt time", None), ("Open time (UTC)", None), ("Local time", "Asia/Tokyo")]
)
def test_a_column_that_calls_itself_utc_is_and_another_has_the_zone_that_is_named(
    tmp_path: Path, name: str, zone: str | None
):
    times = pd.date_range("2025-10-31 13:00", periods=60, freq="7min")
    frame = pd.DataFrame(1.0, index=times, columns=["Open", "High", "Low", "Close", "Volume"])
    frame.rename_axis(name).to_csv(tmp_path / "b.csv", date_format="%d.%m.%Y %H:%M:%S.000")

    asked = {"symbol": "A", "zone": zone, "columns": {"date": name}}
    table = read_bars(tmp_path / "b.csv", asked=Format.model_validate(asked))

    utc = times.tz_localize(zone or "UTC").tz_convert("UTC")
    assert table["date"].to_pandas().tolist() == utc.tolist()


def test_an_abbreviated_zone_is_replaced_by_the_one_that_is_named(tmp_path: Path):
    times = pd.date_range("2025-10-31 09:30", periods=60, freq="1min")
    frame = pd.DataFrame(1.0, index=times, columns=["Open", "High", "Low", "Close", "Volume"])
    frame.rename_axis("Date").to_csv(tmp_path / "b.csv", date_format="%b %d, %Y %I:%M %p EDT")

    asked = Format(symbol="A", zone="America/New_York")
    table = read_bars(tmp_path / "b.csv", asked=asked)

    utc = times.tz_localize("America/New_York").tz_convert("UTC")
    assert table["date"].to_pandas().tolist() == utc.tolist()


def test_of_two_columns_of_dates_the_one_with_times_is_used(tmp_path: Path):
    times = pd.date_range("2025-10-31 09:30", periods=60, freq="1min")
    frame = pd.DataFrame(1.0, index=times, columns=["Open", "High", "Low", "Close", "Volume"])
    made = frame.assign(date=times.strftime("%Y-%m-%d"), datetime=times)
    made[["date", "datetime", *frame.columns]].to_csv(tmp_path / "b.csv", index=False)
    assert read_bars(tmp_path / "b.csv", symbol="A")["date"].to_pandas().tolist() == times.tolist()


@pytest.mark.parametrize("form", ["%Y%m%d%H", "%Y%m%d%H%M", "%Y%m%d %H:%M"])
def test_digits_of_day_and_hour_are_no_seconds_since_1970(tmp_path: Path, form: str):
    times = pd.date_range("2025-10-31 09:00", periods=8, freq="1h")
    frame = pd.DataFrame(1.0, index=times, columns=["Open", "High", "Low", "Close", "Volume"])
    frame.rename_axis("date").to_csv(tmp_path / "b.csv", date_format=form)
    assert read_bars(tmp_path / "b.csv", symbol="A")["date"].to_pandas().tolist() == times.tolist()


@pytest.mark.parametrize("form", ["%d. %B %Y", "%A, %d %B %Y", "%j/%Y", "%Y-%m-%d at %H"])
def test_a_form_of_dates_that_is_named_is_used(tmp_path: Path, form: str):
    bars().to_csv(tmp_path / "b.csv", date_format=form.replace("%H", "00"))
    assert checked(tmp_path / "b.csv", date_format=form) == expected(bars())


def test_a_form_for_the_day_goes_with_a_column_of_times(tmp_path: Path):
    made = bars().assign(Time="16:00:00").reset_index()
    made["Date"] = made["Date"].dt.strftime("%d~%m~%Y")
    made.to_csv(tmp_path / "b.csv", index=False)
    assert reads_as(tmp_path / "b.csv", bars(), date_format="%d~%m~%Y")


def test_numbers_are_dates_by_the_form_or_the_unit_that_is_named(tmp_path: Path):
    later = bars().iloc[6:]  # from the 10th on the day has two digits
    made = later.rename_axis("Day").reset_index()
    made["Day"] = days_of(later).strftime("%d%m%Y").astype(int)
    made.to_parquet(tmp_path / "b.parquet", index=False)
    assert checked(tmp_path / "b.parquet", date_format="%d%m%Y") == expected(later)
    made["Day"] = days_of(later).tz_localize("UTC").as_unit("s").asi8 * 1_000
    made.to_csv(tmp_path / "b.csv", index=False)
    assert checked(tmp_path / "b.csv", date_format="ms") == expected(later)


def test_the_symbol_that_is_named_stands_for_the_only_one_of_a_file(tmp_path: Path):
    path = tmp_path / "b.csv"
    bars().assign(ticker="OLD").to_csv(path)
    assert reads_as(path, bars(), "NEW")
    assert f"{path}: NEW (--symbol) in place of its OLD" in together(path, symbol="NEW").notes
    path.write_text(path.read_text().replace("OLD", "OTHER", 1))
    with pytest.raises(BarFileError, match="has a symbol column already, with 2 symbols"):
        checked(path, "NEW")


def test_a_bar_that_two_files_have_with_other_numbers_is_refused(tmp_path: Path):
    bars().to_csv(tmp_path / "a.csv")
    bars().to_csv(tmp_path / "b.csv")
    changed = bars()
    changed.loc[changed.index[3], "Close"] = 1.5
    changed.to_csv(tmp_path / "c.csv")
    with pytest.raises(LoadError, match=r"bar A 2025-09-05 is in .*a\.csv and in .*c\.csv,"):
        load_files(tmp_path / "var", [tmp_path / "*.csv"], asked=Format(symbol="A"))
    assert not (tmp_path / "var").exists()
