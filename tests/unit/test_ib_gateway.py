"""The gateway of `tests/ib_gateway`, asked by the real ib_async over a real socket."""

import asyncio
import json
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from ib_async import IB, BarData, Contract, Forex, StartupFetch, Stock
from ib_async.ib import StartupFetchALL, StartupFetchNONE
from ib_async.order import MarketOrder

from dags.run.settings import ROOT
from tests.ib_gateway import (
    HOST,
    Bar,
    Bars,
    Limits,
    Listing,
    Rule,
    Running,
    demo_bars,
    demo_listings,
    gateway,
    read_script,
)
from tests.ib_gateway.contracts import sessions

# A Friday, an hour after the close.
NOW = datetime(2024, 6, 28, 21, tzinfo=UTC)
OPENS = datetime(2024, 6, 28, 13, 30, tzinfo=UTC)
DAYS = [day for day in sessions("XNYS") if date(2022, 1, 1) <= day <= NOW.date()]
AAA = Stock("AAA", "SMART", "USD")
BBB = Stock("BBB", "SMART", "USD")


def bar_of(start: date, number: int) -> Bar:
    base = 50 + number * 0.37
    prices = (round(base, 2), round(base + 1.13, 2), round(base - 0.91, 2), round(base + 0.29, 2))
    return Bar(start, *prices, 1000 + number, round(base + 0.123, 3), 10 + number)


DAILY = [bar_of(day, number) for number, day in enumerate(DAYS)]
# From four in the morning of Thursday and Friday on, as a stock trades, in New York's summer.
MINUTES = [
    bar_of(datetime(2024, 6, day, 8, tzinfo=UTC) + timedelta(minutes=5 * number), number)
    for day in (27, 28)
    for number in range(13 * 12)
]
BARS = Bars.of({"AAA": [*DAILY, *MINUTES], "BBB": DAILY})


class Client:
    """ib_async, connected, and the errors that it told."""

    def __init__(self) -> None:
        self.ib = IB()
        self.errors: list[tuple[int, int, str]] = []
        self.ib.errorEvent += lambda number, code, text, _contract: self.errors.append(
            (number, code, text)
        )

    async def connect(self, running: Running, client_id: int = 1, **options: Any) -> None:
        asked = {"readonly": True, "timeout": 10, "fetchFields": StartupFetchNONE, **options}
        await self.ib.connectAsync(HOST, running.port, clientId=client_id, **asked)
        self.errors.clear()

    async def history(
        self,
        contract: Contract = AAA,
        end: datetime | str = "",
        duration: str = "5 D",
        size: str = "1 day",
        what: str = "TRADES",
        *,
        rth: bool = True,
        format_date: int = 1,
        patience: float = 10,
    ) -> list[BarData]:
        # A BarDataList equals no list.
        return list(
            await self.ib.reqHistoricalDataAsync(
                contract, end, duration, size, what, rth, format_date, timeout=patience
            )
        )

    def told(self) -> list[tuple[int, str]]:
        return [(code, text) for _number, code, text in self.errors]


@asynccontextmanager
async def connected(running: Running, client_id: int = 1, **options: Any) -> AsyncIterator[Client]:
    client = Client()
    await client.connect(running, client_id, **options)
    try:
        yield client
    finally:
        client.ib.disconnect()
        await asyncio.sleep(0)  # what disconnect wrote goes out


def asked(running: Running, work: Callable[[Client], Awaitable[Any]], **options: Any) -> Any:
    """What ``work`` returns with a client that is connected."""

    async def done() -> Any:
        async with connected(running, **options) as client:
            return await work(client)

    return asyncio.run(done())


def as_in_the_file(bars: list[BarData]) -> list[Bar]:
    return [
        Bar(b.date, b.open, b.high, b.low, b.close, b.volume, b.average, b.barCount) for b in bars
    ]


async def until(condition: Callable[[], object]) -> None:
    """Wait for what comes in a moment."""
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise TimeoutError


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


@pytest.mark.parametrize("fetch", [StartupFetchALL, StartupFetchNONE])
@pytest.mark.parametrize("readonly", [True, False])
def test_ib_async_connects_and_is_answered_all_it_asks_then(fetch: StartupFetch, readonly: bool):
    async def work(client: Client) -> tuple[list[str], datetime]:
        return client.ib.managedAccounts(), await client.ib.reqCurrentTimeAsync()

    with gateway(BARS, now=NOW) as running:
        accounts, now = asked(
            running, work, readonly=readonly, fetchFields=fetch, raiseSyncErrors=True
        )

        assert accounts == ["DU1234567"]
        assert NOW <= now < NOW + timedelta(seconds=10)
        assert [one.client_id for one in running.asked if one.request == "start"] == [1]


def test_bars_are_those_of_the_file_to_the_last_digit(tmp_path):
    file = tmp_path / "bars.csv"
    rows = ["symbol,datetime,open,high,low,close,volume,wap,count"]
    rows += [",".join(["AAA", str(bar.start), *map(str, bar[1:])]) for bar in DAILY[::-1]]
    rows += [",".join(["AAA", bar.start.isoformat(), *map(str, bar[1:])]) for bar in MINUTES]
    file.write_text("\n".join(rows))

    async def work(client: Client) -> list[list[BarData]]:
        return [
            await client.history(duration="2 Y"),
            await client.history(duration="2 D", size="5 mins", rth=False),
            await client.history(duration="2 D", size="5 mins", rth=False, format_date=2),
        ]

    with gateway(file, now=NOW) as running:
        days, minutes, seconds = asked(running, work)

    assert as_in_the_file(days) == [bar for bar in DAILY if bar.start > date(2022, 6, 28)]
    assert as_in_the_file(minutes) == as_in_the_file(seconds) == MINUTES
    assert str(minutes[0].date.tzinfo) == "US/Eastern" and seconds[0].date.tzinfo is UTC


@pytest.mark.parametrize(
    ("end", "duration", "first", "last"),
    [
        ("", "1 D", "2024-06-28", "2024-06-28"),
        ("", "10 D", "2024-06-14", "2024-06-28"),  # the 19th is a holiday
        ("", "1 W", "2024-06-24", "2024-06-28"),
        ("", "1 M", "2024-05-29", "2024-06-28"),
        ("", "1 Y", "2023-06-29", "2024-06-28"),
        ("", "20 Y", "2022-01-03", "2024-06-28"),  # as far as there are bars
        ("20240331 23:59:59 UTC", "1 M", "2024-03-01", "2024-03-28"),
        ("20240310-00:00:00", "5 D", "2024-03-04", "2024-03-08"),  # a Sunday
        ("20240305 09:00:00 US/Eastern", "2 D", "2024-03-01", "2024-03-04"),  # before it opens
        ("20240305 10:00:00", "2 D", "2024-03-04", "2024-03-05"),  # the contract's own zone
        ("20300101 00:00:00 UTC", "1 D", "2024-06-28", "2024-06-28"),  # what has not been is not
    ],
)
def test_a_duration_and_its_end_say_which_days(end: str, duration: str, first: str, last: str):
    with gateway(BARS, now=NOW) as running:
        bars = asked(running, lambda client: client.history(end=end, duration=duration))

    days = [bar.start for bar in DAILY]
    expected = [day for day in days if first <= str(day) <= last]
    assert [bar.date for bar in bars] == expected
    assert expected[0] == date.fromisoformat(first)


@pytest.mark.parametrize(
    ("duration", "size", "rth", "first", "count"),
    [
        ("1 D", "5 mins", True, "2024-06-28T13:30", 78),
        ("1 D", "5 mins", False, "2024-06-28T08:00", 156),
        ("2 D", "5 mins", True, "2024-06-27T13:30", 156),
        ("3600 S", "5 mins", False, "2024-06-28T20:00", 12),
        ("1 D", "1 hour", True, "2024-06-28T13:30", 7),
        ("1 D", "30 mins", True, "2024-06-28T13:30", 13),
    ],
)
def test_bars_within_the_day(duration: str, size: str, rth: bool, first: str, count: int):
    with gateway(BARS, now=NOW) as running:
        bars = asked(running, lambda client: client.history(AAA, NOW, duration, size, rth=rth))

    assert bars[0].date == datetime.fromisoformat(first).replace(tzinfo=UTC)
    assert len(bars) == count


def test_longer_bars_are_made_of_shorter_ones():
    with gateway(BARS, now=NOW) as running:
        (half,) = asked(
            running,
            lambda client: client.history(AAA, NOW, "1800 S", "30 mins", rth=False),
        )
        weeks = asked(running, lambda client: client.history(duration="2 W", size="1W"))

    six = [bar for bar in MINUTES if NOW - timedelta(minutes=30) <= bar.start < NOW]
    assert (half.open, half.close) == (six[0].open, six[-1].close)
    assert (half.high, half.low) == (max(b.high for b in six), min(b.low for b in six))
    assert half.volume == sum(bar.volume for bar in six)
    assert [bar.date for bar in weeks] == [date(2024, 6, 21), date(2024, 6, 28)]


@pytest.mark.parametrize("what", ["MIDPOINT", "BID", "ASK"])
def test_quotes_have_no_volume(what: str):
    with gateway(BARS, now=NOW) as running:
        bars = asked(running, lambda client: client.history(what=what))

    assert {(bar.volume, bar.average, bar.barCount) for bar in bars} == {(-1, -1, -1)}
    assert [bar.close for bar in bars] == [bar.close for bar in DAILY[-5:]]


def test_the_session_that_is_open_has_a_bar_that_is_not_finished():
    half = OPENS + timedelta(hours=3, minutes=15)

    with gateway(BARS, now=half) as running:
        *finished, newest = asked(running, lambda client: client.history())
    with gateway(BARS, now=OPENS - timedelta(minutes=1)) as running:
        *_, before = asked(running, lambda client: client.history())

    assert as_in_the_file(finished) == DAILY[-5:-1]
    assert newest.date == DAYS[-1] and newest.open == DAILY[-1].open
    assert 0.49 < newest.volume / DAILY[-1].volume < 0.51
    assert newest.close != DAILY[-1].close
    assert before.date == DAYS[-2], "what has not begun has no bar"


def test_the_first_bar_is_told():
    async def work(client: Client) -> list[datetime]:
        return [await client.ib.reqHeadTimeStampAsync(AAA, "TRADES", True, n) for n in (1, 2)]

    with gateway(BARS, now=NOW) as running:
        written, counted = asked(running, work)

    assert written.replace(tzinfo=UTC) == counted == datetime(2022, 1, 3, 14, 30, tzinfo=UTC)


def test_a_contract_has_its_details():
    async def work(client: Client) -> Any:
        (found,) = await client.ib.reqContractDetailsAsync(AAA)
        (by_id,) = await client.ib.reqContractDetailsAsync(Contract(conId=found.contract.conId))
        return found, by_id

    with gateway(BARS, listings=demo_listings(("AAA",)), now=NOW) as running:
        found, by_id = asked(running, work)

    contract = found.contract
    assert found == by_id
    assert found.longName == "AAA, made up"
    assert (contract.symbol, contract.secType, contract.currency) == ("AAA", "STK", "USD")
    assert (contract.exchange, contract.primaryExchange) == ("SMART", "NYSE")
    assert found.timeZoneId == "US/Eastern" and found.minTick == 0.01
    assert found.liquidHours.startswith("20240628:0930-20240628:1600;20240629:CLOSED;")
    assert found.liquidSessions()[0].start == OPENS
    assert found.tradingHours.startswith("20240628:0400-20240628:2000;")


def test_a_currency_pair_is_a_contract_of_its_own():
    pair = Listing(
        "EUR", "CASH", "USD", "IDEALPRO", exchange="IDEALPRO", calendar="24/5", min_tick=0.00005
    )

    with gateway({"EUR": DAILY}, listings=[pair], now=NOW + timedelta(hours=3)) as running:
        bars = asked(running, lambda client: client.history(Forex("EURUSD"), what="MIDPOINT"))

    assert [bar.close for bar in bars] == [bar.close for bar in DAILY[-5:]]


def test_an_ambiguous_contract_is_several_until_it_is_said_which():
    async def work(client: Client) -> Any:
        found = await client.ib.reqContractDetailsAsync(AAA)
        empty = await client.history()
        second = found[1].contract
        by_id = await client.history(Contract(conId=second.conId, exchange="SMART"))
        by_exchange = await client.history(Stock("AAA", "SMART", "USD", primaryExchange="ARCA"))
        return found, empty, by_id, by_exchange, client.told()

    with gateway(BARS, script=[Rule("ambiguous", symbol="AAA")], now=NOW) as running:
        found, empty, by_id, by_exchange, told = asked(running, work)

    assert [one.contract.primaryExchange for one in found] == ["NYSE", "ARCA"]
    assert empty == [] and len(by_id) == len(by_exchange) == 5
    assert told == [(200, "The contract description specified for AAA is ambiguous.")]


HMDS = "Historical Market Data Service error message:"


@pytest.mark.parametrize(
    ("rule", "code", "text"),
    [
        (Rule("pacing"), 162, f"{HMDS}Historical data request pacing violation"),
        (Rule("no_data"), 162, f"{HMDS}HMDS query returned no data: AAA@SMART Trades"),
        (Rule("no_security"), 200, "No security definition has been found for the request"),
        (Rule("no_permission"), 162, f"{HMDS}No market data permissions for NYSE STK."),
        (Rule("not_subscribed"), 354, "Requested market data is not subscribed."),
        (Rule("error", codes=(366,), text="No such thing"), 366, "No such thing"),
    ],
)
def test_an_error_comes_with_its_code_and_no_bars(rule: Rule, code: int, text: str):
    async def work(client: Client) -> Any:
        return await client.history(), client.errors, await client.history(BBB)

    rule.symbol, rule.seen = "AAA", 0
    with gateway(BARS, script=[rule], now=NOW) as running:
        bars, ((number, told, message),), others = asked(running, work)

        assert (bars, told) == ([], code) and message.startswith(text)
        assert running.history("AAA")[0].number == number
        assert running.history("AAA")[0].answer == f"error {code}"
    assert len(others) == 5, "the other symbol has its bars"


def test_a_symbol_that_nobody_knows_and_one_without_bars_of_that_size():
    async def work(client: Client) -> Any:
        unknown = await client.history(Stock("ZZZ", "SMART", "USD"))
        details = await client.ib.reqContractDetailsAsync(Stock("ZZZ", "SMART", "USD"))
        return unknown, details, await client.history(BBB, size="5 mins"), client.told()

    with gateway(BARS, now=NOW) as running:
        *answers, told = asked(running, work)

    assert answers == [[], [], []]
    assert [code for code, _text in told] == [200, 200, 162]
    assert told[-1][1] == f"{HMDS}HMDS query returned no data: BBB@SMART Trades"


def test_errors_come_one_after_another():
    rule = Rule("error", codes=(2105, 165, 162), times=1)

    async def work(client: Client) -> Any:
        return await client.history(), list(client.errors), await client.history()

    with gateway(BARS, script=[rule], now=NOW) as running:
        first, told, second = asked(running, work)

    assert (first, len(second)) == ([], 5)
    assert [(number > 0, code) for number, code, _text in told] == [
        (False, 2105),
        (True, 165),
        (True, 162),
    ]


def test_silence_ends_in_ib_asyncs_time_out_with_an_empty_list():
    async def work(client: Client) -> Any:
        bars = await client.history(patience=0.1)
        await client.ib.reqCurrentTimeAsync()
        return bars, client.told()

    with gateway(BARS, script=[Rule("silence", first=1, times=1)], now=NOW) as running:
        bars, told = asked(running, work)

        assert bars == []
        number = running.history()[0].number
        assert running.history()[0].answer == "cancelled"
    assert told == [(162, f"{HMDS}API historical data query cancelled: {number}")]


def test_what_tws_can_not_read_is_a_warning_to_ib_async_which_waits_on():
    causes: dict[str, dict[str, Any]] = {
        "Historical data bar size setting is invalid. Legal ones are: 1 secs": {"size": "7 mins"},
        "ADJUSTED_LAST takes no end date": {"what": "ADJUSTED_LAST", "end": NOW},
        "durations longer than 365 days must be made in years": {"duration": "400 D"},
        "tomorrow is no duration": {"duration": "tomorrow"},
        "Please enter exchange": {"contract": Stock("AAA", "", "USD")},
        "Please enter valid data to show": {"what": "GOSSIP"},
    }

    async def work(client: Client) -> Any:
        waiting = [asyncio.create_task(client.history(**one)) for one in causes.values()]
        await until(lambda: len(client.errors) == len(causes))
        done = [one.done() for one in waiting]
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return done, sorted(client.errors)

    with gateway(BARS, now=NOW) as running:
        done, errors = asked(running, work)

    assert not any(done)
    for cause, (_number, code, text) in zip(causes, errors, strict=True):
        assert code == 321
        assert text.startswith("Error validating request.-'bP' : cause - ") and cause in text


def test_adjusted_bars_end_now():
    with gateway(BARS, now=NOW) as running:
        bars = asked(running, lambda client: client.history(what="ADJUSTED_LAST"))

    assert as_in_the_file(bars) == DAILY[-5:]


def test_a_number_that_is_none_is_an_error_and_the_connection_goes_on():
    async def work(client: Client) -> Any:
        bars = await client.history(Contract(symbol="AAA", conId="AAA", exchange="SMART"))  # type: ignore[arg-type]
        return bars, client.told(), await client.history()

    with gateway(BARS, now=NOW) as running:
        bars, told, others = asked(running, work)

    assert (bars, len(others)) == ([], 5)
    assert [code for code, _text in told] == [320]


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"API\0\0\0\0\2vX",
        b"API\0\0\0\0\5v1..2",
        b"API\0\xff\xff\xff\xff",
    ],
)
def test_who_speaks_another_protocol_is_sent_away_and_nobody_else(sent: bytes):
    async def work(client: Client) -> Any:
        reader, writer = await asyncio.open_connection(HOST, running.port)
        writer.write(sent)
        told = await reader.read()
        writer.close()
        await writer.wait_closed()
        return told, await client.history()

    with gateway(BARS, now=NOW) as running:
        told, bars = asked(running, work)

    assert told == b"" or b"Error reading request." in told
    assert len(bars) == 5


def test_an_end_that_is_no_time_is_refused():
    async def work(client: Client) -> Any:
        return [await client.history(end=end) for end in ("yesterday", "20240628 10:00:00 Mars/X")]

    with gateway(BARS, now=NOW) as running:
        assert asked(running, work) == [[], []]
        assert [one.answer for one in running.history()] == ["error 10314"] * 2


def test_an_answer_that_is_slow_comes_and_the_clock_runs_faster():
    with gateway(BARS, script=[Rule("slow", seconds=40)], now=NOW, speed=400) as running:
        bars = asked(running, lambda client: client.history())

        assert len(bars) == 5
        assert running.now - running.history()[0].at >= timedelta(seconds=40)


def test_a_connection_that_ends_in_the_middle_of_an_answer():
    async def work() -> None:
        async with connected(running) as client:
            with pytest.raises(ConnectionError):
                await client.history()
            assert not client.ib.isConnected()
        async with connected(running) as client:
            assert len(await client.history()) == 5

    with gateway(BARS, script=[Rule("disconnect", times=1)], now=NOW) as running:
        run(work())

        assert [one.answer for one in running.history()] == ["cut", "5 bars"]


def test_lost_connectivity_keeps_requests_until_it_is_restored():
    async def work(client: Client) -> Any:
        waiting = asyncio.create_task(client.history())
        await until(client.told)
        assert not waiting.done() and [code for code, _text in client.told()] == [1100]
        running.tell(Rule("restored"))
        return await waiting, client.told()

    with gateway(BARS, script=[Rule("lost", first=1)], now=NOW) as running:
        bars, told = asked(running, work)

    assert len(bars) == 5
    assert "has been lost" in told[0][1] and "data maintained" in told[1][1]
    assert [code for code, _text in told] == [1100, 1102]


def test_restored_connectivity_with_data_lost_forgets_what_was_open():
    async def work(client: Client) -> Any:
        waiting = asyncio.create_task(client.history(patience=0.3))
        await until(client.told)
        running.tell(Rule("restored_data_lost"))
        return await waiting, await client.history(), client.told()

    with gateway(BARS, script=[Rule("lost", first=1)], now=NOW) as running:
        lost, bars, told = asked(running, work)

        assert [one.answer for one in running.history()] == ["forgotten", "5 bars"]
    assert lost == [] and len(bars) == 5
    assert "data lost" in told[1][1]
    assert [code for code, _text in told] == [1100, 1101, 366]


def test_a_broken_farm_keeps_history_alone():
    async def work(client: Client) -> Any:
        running.tell(Rule("farm_broken"))
        running.tell(Rule("hmds_broken"))
        details = await client.ib.reqContractDetailsAsync(AAA)
        waiting = asyncio.create_task(client.history())
        await asyncio.sleep(0.05)
        assert not waiting.done()
        running.tell(Rule("hmds_ok"))
        running.tell(Rule("farm_ok"))
        return details, await waiting, client.told()

    with gateway(BARS, now=NOW) as running:
        details, bars, told = asked(running, work)

    assert len(details) == 1 and len(bars) == 5
    assert told == [
        (2103, "Market data farm connection is broken:usfarm"),
        (2105, "HMDS data farm connection is broken:ushmds"),
        (2106, "HMDS data farm connection is OK:ushmds"),
        (2104, "Market data farm connection is OK:usfarm"),
    ]


def test_the_nightly_restart_ends_all_refuses_for_a_while_and_comes_back():
    async def work() -> Any:
        clients = [Client(), Client()]
        gone: list[int] = []
        for number, client in enumerate(clients):
            await client.connect(running, number + 1)
            client.ib.disconnectedEvent += lambda number=number: gone.append(number)
        with pytest.raises(ConnectionError):
            await clients[0].history()
        await until(lambda: len(gone) == 2)
        with pytest.raises(ConnectionRefusedError):
            await clients[0].connect(running)
        running.tell(Rule("back"))
        async with connected(running) as client:
            return await client.history()

    with gateway(BARS, script=[Rule("restart", first=1, seconds=6000)], now=NOW) as running:
        port = running.port
        assert len(run(work())) == 5
        assert running.port == port


def test_a_restart_is_over_after_its_seconds_on_the_gateways_clock():
    async def work() -> None:
        client = Client()
        while not client.ib.isConnected():
            with suppress(ConnectionRefusedError):
                await client.connect(running)
        client.ib.disconnect()

    with gateway(BARS, now=NOW, speed=600) as running:
        running.restart(seconds=60)
        began = running.now
        run(work())
        assert running.now - began > timedelta(seconds=50)


def test_connections_can_be_refused_while_others_go_on():
    async def work(client: Client) -> Any:
        running.tell(Rule("refuse", seconds=600))
        with pytest.raises(ConnectionRefusedError):
            await Client().connect(running, 2)
        return await client.history()

    with gateway(BARS, now=NOW) as running:
        assert len(asked(running, work)) == 5


def test_a_second_client_with_the_same_id_is_told_so_and_sent_away():
    with gateway(BARS, now=NOW) as running:
        second = Client()

        async def both() -> Any:
            async with connected(running, 7) as first:
                with pytest.raises(TimeoutError):
                    await second.connect(running, 7, timeout=0.5)
                return await first.history()

        bars = run(both())
        assert len(bars) == 5, "the first is not disturbed"
        assert second.errors == [
            (
                -1,
                326,
                "Unable to connect as the client id is already in use. "
                "Retry with a unique client id.",
            )
        ]
        assert len(asked(running, lambda client: client.history(), client_id=7)) == 5


def test_a_client_id_can_be_taken_by_nobody_in_sight():
    rule = Rule("client_id_in_use", times=1)

    with gateway(BARS, script=[rule], now=NOW) as running:
        with pytest.raises(TimeoutError):
            asked(running, lambda client: client.history(), timeout=0.5)
        assert len(asked(running, lambda client: client.history())) == 5


def test_a_read_only_api_takes_no_orders():
    async def work(client: Client) -> Any:
        trade = client.ib.placeOrder(AAA, MarketOrder("BUY", 1))
        await client.ib.reqCurrentTimeAsync()
        return trade, client.told()

    with gateway(BARS, now=NOW) as running:
        _trade, told = asked(running, work)

    assert [code for code, _text in told] == [321] and "Read-Only" in told[0][1]


SLOWLY = 0.001  # the clock stands, but for what a test puts it ahead
PACING = f"{HMDS}Historical data request pacing violation"


def test_an_identical_request_within_fifteen_seconds_breaks_the_pacing():
    async def work(client: Client) -> Any:
        first, second = await client.history(), await client.history()
        other = await client.history(duration="4 D")
        running.forward(15)
        return [len(bars) for bars in (first, second, other, await client.history())], client.told()

    with gateway(BARS, limits=Limits(), now=NOW, speed=SLOWLY) as running:
        counts, told = asked(running, work)

    assert counts == [5, 0, 4, 5]
    assert told == [(162, PACING)]


def test_the_sixth_request_for_a_contract_in_two_seconds_breaks_the_pacing():
    async def work(client: Client) -> Any:
        durations = [f"{number} D" for number in range(1, 7)]
        many = [await client.history(duration=duration) for duration in durations]
        other = await client.history(BBB)
        return [len(bars) for bars in (*many, other)]

    with gateway(BARS, limits=Limits(), now=NOW, speed=SLOWLY) as running:
        assert asked(running, work) == [1, 2, 3, 4, 5, 0, 5]


def test_sixty_one_requests_for_small_bars_in_ten_minutes_break_the_pacing():
    small = {"AAA": [bar_of(NOW - timedelta(seconds=30 * n), n) for n in range(1, 200)]}
    limits = Limits(contract_requests=999)

    async def work(client: Client) -> Any:
        client.ib.client.MaxRequests = 0
        ends = [NOW - timedelta(seconds=30 * number) for number in range(61)]
        answers = [await client.history(AAA, end, "60 S", "30 secs", rth=False) for end in ends]
        running.forward(600)
        again = await client.history(AAA, NOW, "60 S", "30 secs", rth=False)
        return [len(bars) for bars in (*answers, again)]

    with gateway(small, limits=limits, now=NOW, speed=SLOWLY) as running:
        counts = asked(running, work)

    assert counts == [2] * 60 + [0, 2]


def test_larger_bars_have_no_such_limit():
    async def work(client: Client) -> Any:
        client.ib.client.MaxRequests = 0
        return [len(await client.history(duration=f"{number} D")) for number in range(1, 70)]

    limits = Limits(contract_requests=999)
    with gateway(BARS, limits=limits, now=NOW, speed=SLOWLY) as running:
        assert asked(running, work) == list(range(1, 70))


def test_more_than_fifty_open_requests_are_too_many():
    async def work(client: Client) -> Any:
        client.ib.client.MaxRequests = 0
        waiting = [
            asyncio.create_task(client.history(duration=f"{number} D")) for number in range(1, 52)
        ]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return client.told()

    limits = Limits(contract_requests=999)
    with gateway(BARS, script=[Rule("silence")], limits=limits, now=NOW) as running:
        told = asked(running, work)

        assert running.most_open == 51
    assert [code for code, _text in told] == [322]
    assert "Only 50 simultaneous API historical data requests allowed." in told[0][1]


LAST = DAILY[-5:]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Rule("restated", bars=2, factor=1.1), [*LAST[:3], *(bar.times(1.1) for bar in LAST[3:])]),
        (
            Rule("restated", days=(DAYS[-4], DAYS[0]), factor=2),
            [LAST[0], LAST[1].times(2), *LAST[2:]],
        ),
        (Rule("duplicates", bars=2), [*LAST, *LAST[3:]]),
        (Rule("out_of_order"), LAST[::-1]),
        (Rule("hole", days=(DAYS[-3],)), [*LAST[:2], *LAST[3:]]),
        (Rule("partial"), [*LAST[:4], LAST[4].so_far(0.5)]),
        (
            Rule("split", day=DAYS[-2], factor=4),
            [*(b.times(0.25)._replace(volume=b.volume * 4) for b in LAST[:3]), *LAST[3:]],
        ),
    ],
)
def test_bars_are_altered_as_a_rule_says(rule: Rule, expected: list[Bar]):
    with gateway(BARS, now=NOW) as running:
        before = asked(running, lambda client: client.history())
        running.tell(rule)
        after = asked(running, lambda client: client.history())

    assert as_in_the_file(before) == LAST
    assert as_in_the_file(after) == expected != LAST


def test_a_rule_is_done_to_the_requests_that_it_counts():
    rule = Rule("no_data", symbol="AAA", what="MIDPOINT", bar_size="1 day", first=2, times=2)

    async def work(client: Client) -> Any:
        whats = ["TRADES", *["MIDPOINT"] * 4]
        return [len(await client.history(what=what)) for what in whats]

    with gateway(BARS, script=[rule], now=NOW) as running:
        assert asked(running, work) == [5, 5, 0, 0, 5]


def test_what_was_asked_is_kept_with_what_became_of_it():
    with gateway(BARS, now=NOW) as running:
        asked(running, lambda client: client.history(end=NOW, what="MIDPOINT"), client_id=9)

        (one,) = running.history("AAA")
    assert (one.client_id, one.end, one.duration) == (9, "20240628 21:00:00 UTC", "5 D")
    assert (one.bar_size, one.what, one.use_rth) == ("1 day", "MIDPOINT", True)
    assert one.contract.exchange == "SMART" and one.answer == "5 bars"
    assert NOW <= one.at < NOW + timedelta(seconds=10)


def test_a_script_is_a_json_file(tmp_path):
    file = tmp_path / "script.json"
    listed = [
        {"do": "silence", "symbol": "AAA", "first": 2},
        {"do": "split", "day": "2024-06-27", "factor": 4},
        {"do": "hole", "days": ["2024-06-26"]},
        {"do": "error", "codes": [2105, 162]},
    ]
    file.write_text(json.dumps(listed))

    assert read_script(file) == [
        Rule("silence", symbol="AAA", first=2),
        Rule("split", day=date(2024, 6, 27), factor=4),
        Rule("hole", days=(date(2024, 6, 26),)),
        Rule("error", codes=(2105, 162)),
    ]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"do": "explode"}, "rule 1: a rule does 'explode', which is none of ambiguous, "),
        ({"do": "silence", "symbl": "AAA"}, "rule 1: symbl is none of "),
        ({"symbol": "AAA"}, "rule 1: "),
        ({"do": "split", "day": "yesterday"}, "rule 1: Invalid isoformat string: 'yesterday'"),
        ({"do": "error"}, "rule 1: a rule that does error needs the codes to be said"),
        ({"do": "silence", "request": "order"}, "rule 1: 'order' is no request: historical, "),
    ],
)
def test_a_script_that_can_not_be_says_where_and_why(tmp_path, entry, said):
    file = tmp_path / "script.json"
    file.write_text(json.dumps([entry]))

    with pytest.raises(ValueError, match=re.escape(f"{file}, {said}")):
        read_script(file)


def test_a_file_without_a_column_says_which(tmp_path):
    file = tmp_path / "bars.csv"
    file.write_text("symbol,date,open,high,low\nAAA,2024-06-28,1,1,1\n")

    with pytest.raises(ValueError, match="has no column close, volume"):
        Bars.read(file)


def test_a_bar_without_a_price_is_refused_and_one_without_a_volume_is_not(tmp_path):
    file = tmp_path / "bars.csv"
    file.write_text("symbol,date,open,high,low,close,volume\nAAA,2024-06-28,1,2,0.5,1.5,\n")

    with gateway(file, now=NOW) as running:
        (bar,) = asked(running, lambda client: client.history(duration="1 D"))
    file.write_text("symbol,date,open,high,low,close,volume\nAAA,2024-06-28,1,,0.5,1.5,100\n")

    assert (bar.volume, bar.close) == (-1, 1.5)
    with pytest.raises(ValueError, match="a bar of AAA lacks a price"):
        Bars.read(file)


def test_a_file_may_hold_a_bar_twice():
    with gateway({"AAA": [*MINUTES, MINUTES[-1]]}, now=NOW) as running:
        bars = asked(running, lambda client: client.history(AAA, NOW, "600 S", "5 mins", rth=False))

    assert as_in_the_file(bars) == [*MINUTES[-2:], MINUTES[-1]]


def test_the_demos_history_is_the_same_tomorrow_and_a_bar_longer():
    def history(now: datetime) -> list[Bar]:
        with gateway(demo_bars(("AAA",), until=now), now=now) as running:
            return as_in_the_file(asked(running, lambda client: client.history(duration="10 Y")))

    today, tomorrow = history(NOW - timedelta(days=1)), history(NOW)

    assert len(today) > 2500
    assert today[-2000:] == tomorrow[-2001:-1]
    assert all(bar.low <= min(bar.open, bar.close) for bar in today)
    assert all(bar.high >= max(bar.open, bar.close) for bar in today)


def test_the_gateway_can_be_started_by_hand(tmp_path):
    file = tmp_path / "bars.csv"
    file.write_text("symbol,date,open,high,low,close,volume\nAAA,2024-06-28,1,2,0.5,1.5,100\n")
    command = [sys.executable, "-m", "tests.ib_gateway", "--bars", str(file)]
    command += ["--now", "2024-06-28T21:00:00+00:00"]

    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        port = int(line.split(f"{HOST}:")[1].split(" ")[0])

        async def work() -> list[BarData]:
            client = Client()
            await client.ib.connectAsync(HOST, port, clientId=1, readonly=True)
            bars = await client.history(duration="1 D")
            client.ib.disconnect()
            return bars

        bars = run(work())
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0

    assert line.endswith("(1 symbols). Ctrl-C ends it.\n")
    assert as_in_the_file(bars) == [Bar(date(2024, 6, 28), 1, 2, 0.5, 1.5, 100)]
