"""Start the gateway by hand: ``python -m tests.ib_gateway --demo``."""

import argparse
import asyncio
import signal
from datetime import UTC, datetime
from pathlib import Path

from tests.ib_gateway.bars import Bars
from tests.ib_gateway.demo import NOTICE, demo_bars, demo_listings
from tests.ib_gateway.pacing import Limits
from tests.ib_gateway.script import read_script
from tests.ib_gateway.server import HOST, Gateway


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and run until Ctrl-C."""
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        bars = Bars.read(given.bars) if given.bars else demo_bars(until=given.now)
        script = read_script(given.script) if given.script else []
        listings = None if given.bars else demo_listings()
        made = Gateway(bars, listings, script, limits=Limits(), now=given.now, speed=given.speed)
        notice = "" if given.bars else f"; {NOTICE}"
        asyncio.run(_run(made, given.port, f"{len(bars.symbols)} symbols{notice}"))
    except (OSError, OverflowError, ValueError) as reason:
        parser.error(str(reason))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.ib_gateway",
        description="A gateway that speaks TWS's wire protocol on 127.0.0.1 and serves bars from a "
        "file. Clients connect to it as to IB Gateway.",
    )
    bars = parser.add_mutually_exclusive_group()
    bars.add_argument(
        "--bars",
        type=Path,
        metavar="FILE",
        help="a CSV: symbol, date or datetime in UTC, open, high, low, close, volume; wap, count",
    )
    bars.add_argument(
        "--demo", action="store_true", help=f"20 symbols, 10 years, daily: {NOTICE} (the default)"
    )
    parser.add_argument("--port", type=int, default=0, help="where to listen; any free one")
    parser.add_argument(
        "--script", type=Path, metavar="FILE", help="how to misbehave: a JSON list of rules"
    )
    parser.add_argument("--speed", type=float, default=1.0, help="how much faster its clock runs")
    parser.add_argument(
        "--now", type=_moment, help="what time its clock begins at, as 2024-06-28T21:00:00+00:00"
    )
    return parser


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


async def _run(made: Gateway, port: int, told: str) -> None:
    await made.start(port)
    print(f"Listening on {HOST}:{made.port} ({told}). Ctrl-C ends it.", flush=True)
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await ended.wait()
    await made.stop()


if __name__ == "__main__":
    main()
