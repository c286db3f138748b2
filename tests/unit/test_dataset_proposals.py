"""What is proposed of a dataset, over tables of many shapes."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pytest
from exchange_calendars import get_calendar

from gx.dataset.columns import CLOCK, MOMENT, mapped
from gx.dataset.propose import Given, Proposal, Sample, propose
from gx.dataset.read import parse_dataset
from gx.dataset.signs.bar_size import bar_size
from gx.dataset.signs.moments import moments, unit_of
from gx.dataset.signs.patterns import calendar_patterns
from gx.dataset.write import dataset_text
from gx.errors import DatasetError

PRICES = {"open": "numeric", "high": "numeric", "low": "numeric", "close": "numeric"}
PLAIN = {"symbol": "text", "date": "date", **PRICES, "volume": "bigint"}
FIRST, LAST = "2025-01-02", "2025-10-31"


def sessions(calendar: str) -> pd.DatetimeIndex:
    if calendar == "24/7":
        return pd.date_range(FIRST, LAST)
    return get_calendar(calendar, start="2024-01-01", end="2025-12-31").sessions_in_range(
        FIRST, LAST
    )


def midnights(calendar: str, zone: str) -> pd.DatetimeIndex:
    return sessions(calendar).tz_localize(zone).tz_convert("UTC")


def microseconds(stamps: pd.DatetimeIndex) -> Sequence[int]:
    plain = stamps if stamps.tz is None else stamps.tz_convert("UTC").tz_localize(None)
    return [int(one) for one in plain.to_numpy("datetime64[us]").view(np.int64)]


def rows(stamps: Mapping[str, Sequence[object]]) -> pd.DataFrame:
    found = [{"symbol": symbol, "stamp": one} for symbol, its in stamps.items() for one in its]
    return pd.DataFrame(found).assign(open=1.0, high=1.1, low=0.9, close=1.0, volume=10.0)


def proposed(
    stamps: Mapping[str, Sequence[object]],
    kind: str = "date",
    *,
    columns: Mapping[str, str] | None = None,
    hours: pd.DataFrame | None = None,
    symbols: Sequence[str] | None = None,
    **said: object,
) -> Proposal:
    types = {**PLAIN, "date": kind, **(columns or {})}
    asked = Given(table="bars", **said)  # type: ignore[arg-type]
    mapping = mapped(asked.place, types, asked.columns, asked.symbol)
    known = [one for one in stamps if one] if symbols is None else symbols
    return propose("mine", asked, mapping, Sample(types, known, rows(stamps), hours))


def refusal(*given: object, **said: object) -> str:
    with pytest.raises(DatasetError) as refused:
        proposed(*given, **said)  # type: ignore[arg-type]
    return str(refused.value)


# Columns


@pytest.mark.parametrize(
    ("types", "found"),
    [
        (PLAIN, {one: one for one in PLAIN}),
        (
            {"T": "text", "t": "bigint", **dict.fromkeys("ohlcv", "real")},
            dict(zip(PLAIN, "Ttohlcv", strict=True)),
        ),
        (
            {"Ticker": "text", "trade_dt": "date", "px_open": "real", "px_high": "real",
             "px_low": "real", "px_close": "real", "qty": "bigint", "inserted_at": MOMENT},
            {"symbol": "Ticker", "date": "trade_dt", "open": "px_open", "high": "px_high",
             "low": "px_low", "close": "px_close", "volume": "qty", "created_at": "inserted_at"},
        ),
        (
            {"instrument": "text", "time": CLOCK, "bid_open": "real", "bid_high": "real",
             "bid_low": "real", "bid_close": "real", "volume": "real", "spread": "real"},
            {"symbol": "instrument", "date": "time", "open": "bid_open", "high": "bid_high",
             "low": "bid_low", "close": "bid_close", "volume": "volume"},
        ),
        (
            {**{f"factor_{n}": "numeric" for n in range(200)}, **PLAIN, "adj_close": "numeric"},
            {one: one for one in PLAIN},
        ),
        (
            {"ticker": "text", "date": "date", "PX_OPEN": "real", "PX_HIGH": "real",
             "PX_LOW": "real", "PX_LAST": "real", "PX_VOLUME": "real"},
            {"symbol": "ticker", "date": "date", "open": "PX_OPEN", "high": "PX_HIGH",
             "low": "PX_LOW", "close": "PX_LAST", "volume": "PX_VOLUME"},
        ),
        (
            {"symbol": "text", "time": MOMENT, "mid_o": "real", "mid_h": "real", "mid_l": "real",
             "mid_c": "real", "tick_volume": "integer"},
            {"symbol": "symbol", "date": "time", "open": "mid_o", "high": "mid_h", "low": "mid_l",
             "close": "mid_c", "volume": "tick_volume"},
        ),
    ],
    ids=["plain", "letters", "vendor", "bid", "200 columns", "last", "letters behind a name"],
)  # fmt: skip
def test_columns_are_known_by_their_names(types: Mapping[str, str], found: Mapping[str, str]):
    assert mapped("t", types).columns == found


def test_a_column_whose_type_cannot_hold_it_is_not_taken():
    # `open` says whether the market is; `date` is a text of the vendor's.
    types = {**PLAIN, "open": "boolean", "open_price": "numeric"}
    assert mapped("t", types).columns["open"] == "open_price"


def test_names_in_another_language_are_asked_for_all_at_once():
    types = {"Tunnus": "text", "Päivä": "date", "Avaus": "numeric", "Ylin": "numeric",
             "Alin": "numeric", "Päätös": "numeric", "Vaihto": "bigint"}  # fmt: skip
    with pytest.raises(DatasetError) as refused:
        mapped("kurse", types)
    said = str(refused.value)
    assert "its symbol, open, high, low, close, volume: say --columns symbol=COLUMN,open=" in said
    assert "Avaus (numeric)" in said
    asked = {"symbol": "Tunnus", "open": "Avaus", "high": "Ylin", "low": "Alin",
             "close": "Päätös", "volume": "Vaihto"}  # fmt: skip
    found = mapped("kurse", types, asked)
    assert found.columns == {**asked, "date": "Päivä"}
    assert found.unsure == ("date: Päivä is taken for its type alone",)


def test_two_hundred_columns_do_not_flood_the_message():
    with pytest.raises(DatasetError, match=r"factor_39 \(numeric\) and 160 more$"):
        mapped("t", {f"factor_{n}": "numeric" for n in range(200)})


@pytest.mark.parametrize(
    ("types", "asked", "said"),
    [
        (
            {**{one: PLAIN[one] for one in PLAIN if one != "close"},
             "closeprice": "real", "closing_price": "real"},
            {},
            "may be the close: say --columns close=closeprice or --columns close=closing_price",
        ),
        (PLAIN, {"close": "Last"}, "--columns close=Last: t has no such column"),
        (PLAIN, {"close": "clsoe"}, "did you mean 'close'?"),
        (PLAIN, {"cloze": "close"}, "'cloze' is nothing that a bar has; did you mean 'close'?"),
        (PLAIN, {"date": "open"}, "no column is known to be its open: say --columns open=COLUMN"),
        ({**PLAIN, "flag": "boolean"}, {"close": "flag"}, "is boolean, and no number"),
        ({**PLAIN, "low": "money"}, {}, "low is money, and no number; give a --query that casts"),
        (
            {**{f"{side}_{one}": "real" for side in ("bid", "ask") for one in PRICES},
             "symbol": "text", "date": "date", "volume": "real"},
            {},
            "open=bid_open,high=bid_high,low=bid_low,close=bid_close or --columns open=ask_open",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_told_says_which_option_helps(
    types: Mapping[str, str], asked: Mapping[str, str], said: str
):
    with pytest.raises(DatasetError) as refused:
        mapped("t", types, asked)
    assert said in str(refused.value)


def test_a_table_of_one_symbol_needs_its_name():
    types = {name: kind for name, kind in PLAIN.items() if name != "symbol"}
    with pytest.raises(DatasetError, match=r"or --symbol, for a table of one"):
        mapped("t", types)
    assert "symbol" not in mapped("t", types, symbol="SPX").columns


# Dates


@pytest.mark.parametrize(
    ("numbers", "unit"),
    [
        ([20251103, 20251104], "yyyymmdd"),
        ([1762128000, 1762214400], "s"),
        ([1762128000000], "ms"),
        ([1762128000000000], "us"),
        ([1762128000000000000], "ns"),
        ([45964, 45965], None),
        ([20251399, 20251400], None),
        ([], None),
        # One that is wrong among many is for the gate to judge.
        ([1762128000 + 86400 * n for n in range(20)] + [0], "s"),
    ],
)
def test_the_unit_of_numbers_is_what_is_plausible(numbers: list[int], unit: str | None):
    assert unit_of(np.array(numbers, np.int64)) == unit


@pytest.mark.parametrize(
    ("values", "type_", "said"),
    [
        (
            [45964, 45965],
            "integer",
            "no days as yyyymmdd, nor s, ms, us or ns since 1970: say --un",
        ),
        (["03/11/2025", "04/11/2025"], "text", "no dates as 2025-11-03: say --columns date=…"),
        (["2025-11-03 09:30:00-05:00"], "text", "::timestamptz"),
    ],
)
def test_dates_that_no_mapping_reads_say_what_helps(values: list[object], type_: str, said: str):
    with pytest.raises(DatasetError) as refused:
        moments(pd.Series(values), "d", type_)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("apart", "size"),
    [
        ("1D", "1 day"),
        ("5min", "5 mins"),
        ("1min", "1 min"),
        ("60min", "1 hour"),
        ("4h", "4 hours"),
    ],
)
def test_the_size_of_a_bar_is_the_commonest_distance(apart: str, size: str):
    times = np.array(microseconds(pd.date_range("2025-03-03", periods=50, freq=apart)))
    holes = np.delete(times, [3, 4, 17])
    assert bar_size(np.zeros(len(holes), int), holes)[0] == size


@pytest.mark.parametrize(
    ("apart", "said"), [("7D", "7 days"), ("15s", "15 seconds"), ("101min", "say --bar")]
)
def test_a_size_that_no_dataset_has_is_refused(apart: str, said: str):
    times = np.array(microseconds(pd.date_range("2025-03-03", periods=50, freq=apart)))
    with pytest.raises(DatasetError, match=said):
        bar_size(np.zeros(len(times), int), times)


# Zones and calendars


@pytest.mark.parametrize(
    ("calendar", "zone"),
    [
        ("XNYS", "America/New_York"),
        ("XTKS", "Asia/Tokyo"),
        ("XLON", "Europe/London"),
        ("XNYS", "UTC"),
        ("24/7", "UTC"),
    ],
)
def test_the_zone_is_the_one_whose_midnights_the_moments_are(calendar: str, zone: str):
    found = proposed({"A": microseconds(midnights(calendar, zone))}, MOMENT)

    assert (found.dataset.source.zone, found.dataset.calendar) == (zone, calendar)
    assert found.dataset.bar == "1 day"
    assert list(found.bars["date"]) == list(sessions(calendar))
    assert "midnights" in found.why["source.zone"]


def test_a_close_tells_the_zone_as_well():
    closes = get_calendar("XNYS", start="2024-01-01").schedule.loc[FIRST:LAST, "close"]
    found = proposed({"A": microseconds(pd.DatetimeIndex(closes))}, MOMENT)

    assert (found.dataset.source.zone, found.dataset.calendar) == ("America/New_York", "XNYS")
    assert list(found.bars["date"]) == list(sessions("XNYS"))


def test_a_few_wrong_stamps_do_not_hide_the_zone():
    stamps = [*microseconds(midnights("XNYS", "America/New_York")), 1_762_345_678_000_000]
    assert proposed({"A": stamps}, MOMENT).dataset.source.zone == "America/New_York"


def test_moments_of_two_zones_are_two_datasets():
    said = refusal(
        {
            "AAPL": microseconds(midnights("XNYS", "America/New_York")),
            "7203.T": microseconds(midnights("XTKS", "Asia/Tokyo")),
        },
        MOMENT,
    )
    assert "one zone can't read both" in said
    assert "--zone" in said


def test_a_time_that_is_nobodys_midnight_is_asked_for():
    days = sessions("XNYS") + pd.Timedelta(hours=3, minutes=17)
    assert "at 03:17 UTC, which is neither midnight" in refusal({"A": microseconds(days)}, MOMENT)


def test_a_table_of_mixed_exchanges_has_its_calendars_by_pattern():
    stamps = {
        **{f"N{n}": microseconds(sessions("XNYS")) for n in range(5)},
        **{f"{one}.L": microseconds(sessions("XLON")) for one in ("VOD", "BP")},
        **{f"{one}-USD": microseconds(sessions("24/7")) for one in ("BTC", "ETH")},
        "7203.T": microseconds(sessions("XTKS")),
    }
    found = proposed(stamps).dataset

    assert found.calendar == "XNYS"
    assert found.calendars == {"*.L": "XLON", "*-USD": "24/7", "7203.T": "XTKS"}
    assert found.symbols == tuple(stamps)


@pytest.mark.parametrize(
    ("own", "usual", "found"),
    [
        ({"A": "X", "B": "X"}, "X", {}),
        ({"BTC-USD": "24/7", "BTC-EUR": "24/7", "AAPL": "X"}, "X", {"BTC-*": "24/7"}),
        # The ending is not of one calendar: each is named.
        ({"A.L": "Y", "B.L": "Y", "C.L": "X"}, "X", {"A.L": "Y", "B.L": "Y"}),
        ({"A[1]": "Y", "B": "X"}, "X", {"A[[]1]": "Y"}),
    ],
)
def test_patterns_stand_for_symbols_of_one_calendar(
    own: Mapping[str, str], usual: str, found: Mapping[str, str]
):
    assert calendar_patterns(own, usual) == found
    dataset = parse_dataset("mine", "source: {table: t}\ncalendar: X\n")
    dataset = dataset.model_copy(update={"calendar": usual, "calendars": found})
    assert {symbol: dataset.calendar_of(symbol) for symbol in own} == own


# Within the day


def minutes_of(calendar: str, first: str, last: str, apart: str) -> pd.DatetimeIndex:
    found = get_calendar(calendar, start="2024-01-01").trading_index(
        first, last, apart, intervals=False, closed="left", parse=True
    )
    return pd.DatetimeIndex(found)


@pytest.mark.parametrize("calendar", ["XNYS", "XTKS", "FX", "24/7"])
def test_bars_within_the_day_tell_their_calendar_by_their_hours(calendar: str):
    stamps = minutes_of(calendar, "2025-09-01", "2025-10-10", "5min")
    found = proposed({"A": microseconds(stamps)}, MOMENT)

    assert (found.dataset.bar, found.dataset.calendar) == ("5 mins", calendar)
    assert found.dataset.source.zone is None
    assert list(found.bars["date"]) == list(stamps.tz_localize(None))


def test_a_clock_without_a_zone_tells_it_by_the_hours_of_trade():
    local = minutes_of("XNYS", "2025-09-01", "2025-10-10", "5min").tz_convert("America/New_York")
    found = proposed({"A": microseconds(local.tz_localize(None))}, CLOCK)

    assert (found.dataset.source.zone, found.dataset.calendar) == ("America/New_York", "XNYS")


def test_around_the_clock_nothing_tells_the_zone():
    stamps = pd.date_range("2025-09-01", "2025-09-20", freq="1h")
    given = {"A": microseconds(stamps)}
    assert "say --zone, such as UTC" in refusal(given, CLOCK)
    assert proposed(given, CLOCK, zone="Asia/Tokyo").dataset.source.zone == "Asia/Tokyo"


# The whole


@pytest.mark.parametrize(
    ("kind", "stamps", "unit", "zone"),
    [
        ("bigint", [one // 1000 for one in microseconds(midnights("XNYS", "UTC"))], "ms", "UTC"),
        ("integer", [int(f"{day:%Y%m%d}") for day in sessions("XNYS")], "yyyymmdd", None),
        ("text", [f"{day:%Y-%m-%d}" for day in sessions("XNYS")], None, None),
        ("character varying", [f"{day:%Y%m%d}" for day in sessions("XNYS")], None, None),
        (CLOCK, microseconds(sessions("XNYS")), None, None),
    ],
)
def test_days_of_any_type_are_read(
    kind: str, stamps: Sequence[object], unit: str | None, zone: str | None
):
    found = proposed({"A": stamps}, kind)

    source = found.dataset.source
    assert (source.unit, source.zone) == (unit, zone)
    assert (found.dataset.bar, found.dataset.calendar) == ("1 day", "XNYS")
    assert list(found.bars["date"]) == list(sessions("XNYS"))


def test_more_than_twenty_symbols_are_all_there_are():
    stamps = {f"S{n}": microseconds(sessions("XNYS")[-20:]) for n in range(21)}
    assert proposed(stamps).dataset.symbols == ("*",)


def test_what_is_no_symbol_is_told_and_left_out():
    stamps = {one: microseconds(sessions("XNYS")[-20:]) for one in ("A", " B", "")}
    found = proposed(stamps, symbols=["A", " B", ""])
    assert found.dataset.symbols == ("A",)
    assert "2 can't be symbols" in " ".join(found.unsure)


def test_a_bar_that_is_there_twice_is_told():
    stamps = microseconds(sessions("XNYS")[-20:])
    found = proposed({"A": [*stamps, *stamps[:5]]})
    assert "5 of 25 rows of the sample are a bar that is there already" in " ".join(found.unsure)


@pytest.mark.parametrize(
    ("stamps", "said", "message"),
    [
        ({}, {}, "holds no bar"),
        ({"A": [None, None]}, {}, "no row of bars has a date"),
        ({"A": microseconds(sessions("XNYS"))}, {"bar": "2 days"}, "no size of a bar"),
        ({"A": microseconds(sessions("XNYS"))}, {"bar": "5 mins"}, "need a time"),
        ({"A": microseconds(sessions("XNYS"))}, {"schedule": "daily"}, "no cron string"),
        ({"A": microseconds(sessions("XNYS"))}, {"publish": "public"}, "not a schema of"),
        ({"A": microseconds(sessions("XNYS"))}, {"unit": "ms"}, "leave --unit out"),
    ],
)
def test_what_cannot_be_proposed_is_refused(
    stamps: Mapping[str, Sequence[object]], said: Mapping[str, object], message: str
):
    if not stamps:
        stamps = {"A": []}
    assert message in refusal(stamps, **said)


@pytest.mark.parametrize(
    "text",
    [
        "source: {table: t}\n",
        'source: {table: "a: b", symbol: "null"}\nsymbols: ["NO", "1e5", "^X", "-", "#1", "~"]\n',
        'source: {query: "select *\\nfrom t -- \\"x\\""}\n'
        'calendar: 24/7\ncalendars: {"*.L": XLON}\n',
        'title: "Ümlaut: é"\nsource: {table: t, columns: {close: "Vol% #", date: "y: z"}}\n'
        "bar: 5 mins\nschedule: 0 22 * * 1-5\npolicy: fail\nlookback_days: 30\n",
        "source: {table: t}\nsymbols: [" + ", ".join(f"SYMBOL{n}" for n in range(20)) + "]\n",
    ],
)
def test_what_is_written_is_read_back_as_it_was(text: str):
    dataset = parse_dataset("mine", text)
    why = {"bar": "a reason\nof two lines", "source.columns.close": "long " * 50}
    written = dataset_text(dataset, why, head="Drafted.")
    assert parse_dataset("mine", written) == dataset
    assert written.startswith("# Drafted.\n")
    assert max(map(len, written.splitlines())) <= 100
