"""Bars in a random layout are read as what they are, or refused: never as anything else."""

import bz2
import csv
import datetime as dt
import gzip
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gx.errors import BarFileError
from gx.files.asked.format import Format
from gx.files.read import read_bars
from gx.files.rows import read_rows
from tests.unit.files.frames import NUMBERS, sessions

Bar = tuple[str, dt.date, Decimal, Decimal, Decimal, Decimal, Decimal]
NAMES = {
    "plain": ("symbol", "date", "open", "high", "low", "close", "volume"),
    "capital": ("Ticker", "Date", "Open", "High", "Low", "Close", "Volume"),
    "brackets": ("<TICKER>", "<DATE>", "<OPEN>", "<HIGH>", "<LOW>", "<CLOSE>", "<VOL>"),
    "numbered": ("Symbol", "timestamp", "1. open", "2. high", "3. low", "4. close", "5. volume"),
    "nasdaq": ("Symbol", "Date", "Open", "High", "Low", "Close/Last", "Volume"),
    "investing": ("Name", "Date", "Open", "High", "Low", "Price", "Vol."),
    "unnamed": ("tic", "", "open", "high", "low", "close", "volume"),
}
DATES = (
    *("%Y-%m-%d", "%Y%m%d", "%Y.%m.%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y"),
    *("%d-%m-%Y", "%m-%d-%y", "%d/%m/%y", "%b %d, %Y", "%d-%b-%Y", "%Y-%m-%d 00:00:00", "%y%m%d"),
    *("%d/%m/%Y 16:00", "%m/%d/%Y 4:00 PM", "%Y%m%d 16:00:00 US/Eastern"),
)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252")
PACKERS = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress}
DAYS = [stamp.date() for stamp in sessions(900, "2023-01-03")]


@st.composite
def some_bars(draw: st.DrawFn) -> list[Bar]:
    """Bars that hold together, of one to three symbols."""
    digits = draw(st.integers(0, 5))
    scale = draw(st.sampled_from([1, 90, 900, 150_000]))
    made: list[Bar] = []
    for symbol in ("ACME", "BRK-B", "0700.HK")[: draw(st.integers(1, 3))]:
        first = draw(st.integers(0, len(DAYS) - 40))
        for day in DAYS[first : first + draw(st.integers(1, 30))]:
            units = draw(st.integers(1, scale * 10**digits))
            up, down = draw(st.integers(0, 9)), draw(st.integers(0, 9))
            price = Decimal(units).scaleb(-digits)
            high = Decimal(units + up).scaleb(-digits)
            low = Decimal(max(units - down, 1)).scaleb(-digits)
            volume = Decimal(draw(st.integers(0, 9_999_999)))
            made.append((symbol, day, price, high, low, price, volume))
    return made


@st.composite
def layouts(draw: st.DrawFn) -> dict[str, Any]:
    """How a file of bars is written."""
    decimal = draw(st.sampled_from(".,"))
    dates = draw(st.sampled_from(DATES))
    gaps = ["", "", " ", "\u202f", "'"]
    if not (decimal == "." and dates == "%d.%m.%Y"):  # With such dates, a price's comma is decimal.
        gaps.append("," if decimal == "." else ".")
    return {
        "decimal": decimal,
        "thousands": draw(st.sampled_from(gaps)),
        "delimiter": draw(st.sampled_from(",;\t|")),
        "names": draw(st.sampled_from(list(NAMES.values()))),
        "dates": dates,
        "order": draw(st.permutations(range(7))),
        "newest_first": draw(st.booleans()),
        "encoding": draw(st.sampled_from(ENCODINGS)),
        "packer": draw(st.sampled_from(list(PACKERS))),
        "currency": draw(st.sampled_from(["", "", "$", "€"])),
        "ending": draw(st.sampled_from(["\n", "\r\n", "\r"])),
        "quoting": draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
        "missing": draw(st.sampled_from(["", "-", "NULL", "N/A"])),
        "extra": draw(st.booleans()),
        "before": draw(st.sampled_from(["", "Prices of an exchange\n\n"])),
    }


def shown(number: Decimal, how: dict[str, Any], currency: str = "") -> str:
    text = f"{number:,f}"
    signs = {44: how["thousands"], 46: how["decimal"]}
    return currency + text.translate(signs)


def cells(bar: Bar, how: dict[str, Any]) -> list[str]:
    prices = [shown(one, how, how["currency"]) for one in bar[2:6]]
    return [bar[0], bar[1].strftime(how["dates"]), *prices, shown(bar[6], how)]


def as_file(bars: list[Bar], how: dict[str, Any]) -> bytes:
    sink = io.StringIO(newline="")
    writer = csv.writer(
        sink, delimiter=how["delimiter"], lineterminator=how["ending"], quoting=how["quoting"]
    )
    more = ["Note of the day"] * how["extra"]
    writer.writerow([*(how["names"][place] for place in how["order"]), *more])
    for bar in reversed(bars) if how["newest_first"] else bars:
        made = cells(bar, how)
        writer.writerow([*(made[place] for place in how["order"]), *["é" for _ in more]])
    text = how["before"].replace("\n", how["ending"]) + sink.getvalue()
    return bytes(PACKERS[how["packer"]](text.encode(how["encoding"], "replace")))


def test_a_random_layout_is_read_as_it_was_written_or_rarely_refused(tmp_path: Path):
    counts = {True: 0, False: 0}

    @settings(max_examples=200, deadline=None, database=None, derandomize=True)
    @given(bars=some_bars(), how=layouts())
    def judge(bars: list[Bar], how: dict[str, Any]) -> None:
        path = tmp_path / f"bars.csv{how['packer']}"
        path.write_bytes(as_file(bars, how))
        counts[is_read(path, bars)] += 1

    judge()
    assert counts[True] > 0.8 * sum(counts.values()), counts


def is_read(path: Path, bars: list[Bar]) -> bool:
    try:
        table = read_bars(path)
        rows = read_rows(path)
    except BarFileError as error:
        assert str(error).startswith(str(path))
        return False
    floats = [(one[0], one[1], *map(float, one[2:])) for one in sorted(bars)]
    assert sorted(tuple(row.values()) for row in table.to_pylist()) == floats
    assert rows["fault"].null_count == rows.num_rows
    stored = rows.select(["symbol", "date", *NUMBERS]).to_pylist()
    exact = sorted((r["symbol"], r["date"], *(Decimal(r[n]) for n in NUMBERS)) for r in stored)
    assert exact == sorted(bars)
    return True


def test_what_is_refused_is_read_when_the_order_and_the_sign_are_named(tmp_path: Path):
    price = Decimal("1.234")
    bars: list[Bar] = [("A", dt.date(2025, 11, 4), price, price, price, price, Decimal(5))]
    how: dict[str, Any] = {
        "decimal": ",",
        "thousands": "",
        "delimiter": ";",
        "names": NAMES["plain"],
        "dates": "%d/%m/%Y",
        "order": range(7),
        "newest_first": False,
        "encoding": "utf-8",
        "packer": "",
        "currency": "",
        "ending": "\n",
        "quoting": csv.QUOTE_MINIMAL,
        "extra": False,
        "before": "",
    }
    (tmp_path / "b.csv").write_bytes(as_file(bars, how))
    assert not is_read(tmp_path / "b.csv", bars)
    table = read_bars(tmp_path / "b.csv", asked=Format(decimal=",", date_format="DMY"))
    assert [tuple(row.values()) for row in table.to_pylist()] == [
        ("A", dt.date(2025, 11, 4), 1.234, 1.234, 1.234, 1.234, 5.0)
    ]
