"""Tables for a terminal: at any width no columns touch, and nothing is lost."""

import re

import pandas as pd
import pytest
from rich.cells import cell_len

from gx.report.columns import UNBOUNDED, TextColumn, printable, room, table_lines
from gx.report.console import _bars, _number

SYMBOLS = ["AAPL  250117C00300000", "A" * 32, "株" * 32, "^GSPC", " AAPL", "A\x1b[31mB", ""]
PRICE, VOLUME = 1_234_567_890.125, 123_456_789_012_345.0
REASON = "Every bar holds together: low ≤ open and close ≤ high."


def failing(symbol: object = "TSLA", **values: object) -> pd.DataFrame:
    bar = dict.fromkeys(("open", "high", "low", "close"), PRICE) | {"volume": VOLUME}
    date = pd.Timestamp("2025-10-08")
    return pd.DataFrame([{"symbol": symbol, "date": date, **bar, "reasons": [REASON], **values}])


@pytest.mark.parametrize("width", [30, 40, 80, 100, 140, 200, UNBOUNDED])
@pytest.mark.parametrize("symbol", [*SYMBOLS, None, float("nan")])
def test_columns_never_touch_and_nothing_is_cut_off(symbol: object, width: int):
    lines = list(_bars(failing(symbol), width))

    assert max(map(cell_len, lines)) <= width
    text = "\n".join(lines)
    assert text.count("1,234,567,890.125") == 4
    assert "123,456,789,012,345" in text
    assert re.search(r"(?<![\w,.])2025-10-08(?!\S)", text)
    assert "".join(REASON.split()) in "".join(text.split())
    shown = "NULL" if symbol is None or symbol != symbol else printable(str(symbol))
    assert "".join(shown.split()) in "".join(text.split())
    assert "\x1b" not in text


def test_wide_columns_stand_two_spaces_apart():
    lines = list(_bars(pd.concat([failing("A" * 32), failing("株")]), UNBOUNDED))

    assert [re.split(r" {2,}", line.strip()) for line in lines] == [
        ["symbol", "date", "open", "high", "low", "close", "volume", "failed"],
        *(
            [name, "2025-10-08", *["1,234,567,890.125"] * 4, "123,456,789,012,345", REASON]
            for name in ("A" * 32, "株")
        ),
    ]


def test_at_80_columns_ordinary_bars_are_a_table_with_the_reasons_below():
    bar = dict.fromkeys(("open", "high", "low", "close"), 191.17) | {"volume": 98_765_432.0}

    assert list(_bars(pd.concat([failing("TSLA", **bar), failing("株", **bar)]), 80)) == [
        "  symbol  date          open    high     low   close      volume",
        "  TSLA    2025-10-08  191.17  191.17  191.17  191.17  98,765,432",
        f"    {REASON}",
        "  株      2025-10-08  191.17  191.17  191.17  191.17  98,765,432",
        f"    {REASON}",
    ]


def test_where_there_is_no_room_each_bar_has_lines_of_its_own():
    assert list(_bars(failing("AAPL  250117C00300000", open=10.5, high=11.0), 40)) == [
        "  AAPL  250117C00300000",
        "    date 2025-10-08  open 10.5  high 11",
        "    low 1,234,567,890.125",
        "    close 1,234,567,890.125",
        "    volume 123,456,789,012,345",
        "    Every bar holds together: low ≤ open",
        "    and close ≤ high.",
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        *(
            (191.17, "191.17"),
            (0.000011, "0.000011"),
            (-0.5, "-0.5"),
            (0.0, "0"),
            (1e8, "100,000,000"),
        ),
        *((721.7013, "721.7013"), (123_456_789_012.0, "123,456,789,012"), (-1234.5, "-1,234.5")),
        *((float("inf"), "inf"), (float("-inf"), "-inf"), (1e300, "1e+300"), (1e-300, "1e-300")),
        *((None, "NULL"), (float("nan"), "NULL"), (7, "7")),
    ],
)
def test_a_number_has_all_its_digits(value: object, shown: str):
    assert _number(value) == shown


def test_the_width_is_the_terminals_or_none(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "40")
    assert room() == 40
    for none in ("", "0", "wide", "²"):
        monkeypatch.setenv("COLUMNS", none)
        assert room() == UNBOUNDED  # pytest's own output is no terminal


def test_markup_in_a_cell_is_text():
    (_, line) = table_lines(
        [TextColumn("symbol"), TextColumn("why", sentences=True)], [["[b]", "[/b]"]], 80
    )

    assert line.split() == ["[b]", "[/b]"]
