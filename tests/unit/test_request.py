from datetime import UTC, date, datetime

import pytest

from dags.errors import RequestError
from dags.run.request import (
    RunRequest,
    interval_dates,
    parse_date,
    parse_request,
    parse_symbols,
    require_suite,
)
from gx.symbols import RULE


def test_a_request_is_read_from_parameters():
    params = {
        "symbols": ["TSLA", "BRK.B"],
        "start_date": "2025-10-05",
        "end_date": "2025-11-04",
        "debug_mode": True,
        "policy": "quarantine",
    }

    assert parse_request(params) == RunRequest(
        ("TSLA", "BRK.B"), date(2025, 10, 5), date(2025, 11, 4), True, "quarantine"
    )


@pytest.mark.parametrize("given", [None, "", "  "])
def test_a_run_without_a_suite_is_judged_by_the_datasets_own(given):
    assert parse_request({"symbols": ["A"], "suite": given}).suite == ""
    require_suite("")


def test_a_suite_that_is_not_there_is_refused_with_the_nearest_name():
    assert parse_request({"symbols": ["A"], "suite": " stock_data "}).suite == "stock_data"
    require_suite("stock_data")
    with pytest.raises(RequestError, match="no suite 'stok_data'; did you mean 'stock_data'"):
        require_suite("stok_data")
    for name in ("../stock_data", "stock_data.json"):
        with pytest.raises(RequestError, match="there is no suite"):
            require_suite(name)


def test_symbols_keep_their_order_and_lose_repeats():
    assert parse_symbols(" TSLA, NVDA ,TSLA,BF-B") == ["TSLA", "NVDA", "BF-B"]


@pytest.mark.parametrize(
    ("symbol", "message"),
    [
        ("", "symbol '' is empty"),
        (" AAPL", "symbol ' AAPL' has a space at its beginning or end"),
        ("TSLA\n", "symbol 'TSLA\\n' has a character that nobody sees (U+000A)"),
        ("A" * 33, f"symbol '{'A' * 33}' has 33 characters; 32 are the most"),
        ("A" * 999, f"symbol '{'A' * 64}…' has 999 characters; 32 are the most"),
        ("*", "'*' asks for every symbol there is, and stands alone"),
    ],
)
def test_what_is_no_symbol_is_named_with_what_is_wrong(symbol: str, message: str):
    with pytest.raises(RequestError) as raised:
        parse_symbols([symbol])

    assert str(raised.value) == f"{message}. A symbol is {RULE}"


def test_everything_that_is_no_symbol_is_named():
    with pytest.raises(RequestError, match=r"' IBM'.*'BRK '"):
        parse_symbols([" IBM", "AAPL", "BRK "])


def test_a_text_is_split_at_commas_alone():
    assert parse_symbols("BRK B, AAPL  250117C00300000 ,BTC/USD,tsla") == [
        *("BRK B", "AAPL  250117C00300000", "BTC/USD", "tsla")
    ]


@pytest.mark.parametrize("symbols", [[], (), None])
def test_no_symbol_at_all_is_refused(symbols: object):
    with pytest.raises(RequestError, match="no symbol was given"):
        parse_request({"symbols": symbols})


@pytest.mark.parametrize("text", ["2025-02-30", "5.10.2025", "yesterday", "2025-10-05T00:00:00"])
def test_a_date_that_is_no_date_is_refused(text: str):
    with pytest.raises(RequestError, match="is no date; write it as YYYY-MM-DD"):
        parse_date(text)


@pytest.mark.parametrize("value", [None, ""])
def test_no_date_is_an_open_end(value: object):
    assert parse_date(value) is None


def test_an_end_before_the_start_is_refused():
    params = {"symbols": ["A"], "start_date": "2025-11-04", "end_date": "2025-10-05"}
    with pytest.raises(RequestError, match="end date 2025-10-05 is before start date 2025-11-04"):
        parse_request(params)


def test_one_day_is_a_range():
    params = {"symbols": ["A"], "start_date": "2025-11-04", "end_date": "2025-11-04"}
    assert parse_request(params).start == parse_request(params).end == date(2025, 11, 4)


def test_an_unknown_parameter_is_refused_with_the_nearest_name():
    with pytest.raises(RequestError, match="unknown parameter 'symbol'; did you mean 'symbols'"):
        parse_request({"symbol": ["A"]})


def test_an_unknown_policy_is_refused():
    with pytest.raises(RequestError, match="policy 'hope' is not one of fail, quarantine"):
        parse_request({"symbols": ["A"], "policy": "hope"})


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        pytest.param("2025-10-06", "2025-10-07", ("2025-10-06", "2025-10-06"), id="day"),
        pytest.param("2025-10-06", "2025-10-13", ("2025-10-06", "2025-10-12"), id="week"),
        pytest.param("2025-10-06", "2025-10-06", ("2025-10-06", "2025-10-06"), id="zero_length"),
        pytest.param("2025-10-06T22:30", "2025-10-07T22:30", ("2025-10-06", "2025-10-07"), id="pm"),
    ],
)
def test_an_interval_covers_the_dates_it_touches(start: str, end: str, expected: tuple[str, str]):
    found = interval_dates(*(datetime.fromisoformat(t).replace(tzinfo=UTC) for t in (start, end)))

    assert tuple(map(str, found)) == expected


def test_given_dates_win_over_the_interval():
    interval = (datetime(2025, 10, 6, tzinfo=UTC), datetime(2025, 10, 7, tzinfo=UTC))

    given = parse_request({"symbols": ["A"], "start_date": "2024-01-01"}, interval=interval)
    open_ = parse_request({"symbols": ["A"]}, interval=interval)

    assert (given.start, given.end) == (date(2024, 1, 1), None)
    assert (open_.start, open_.end) == (date(2025, 10, 6), date(2025, 10, 6))


def test_more_symbols_are_added_to_the_chosen_ones():
    request = parse_request({"symbols": ["TSLA"], "more_symbols": " IBM, TSLA,BRK.B "})

    assert request.symbols == ("TSLA", "IBM", "BRK.B")
    assert parse_request({"symbols": ["TSLA"], "more_symbols": "  "}).symbols == ("TSLA",)


def test_an_asterisk_asks_for_every_symbol_there_is():
    request = parse_request({"symbols": ["TSLA"], "more_symbols": " * "})

    assert request.every
    assert request.symbols == ()


def test_more_symbols_are_checked_like_the_others():
    with pytest.raises(RequestError, match="'' is empty"):
        parse_request({"symbols": ["TSLA"], "more_symbols": "ibm,"})
