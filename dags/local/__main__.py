"""The commands behind `make`: python -m dags.local run | load | quarantine | prune | sql | up …"""

import argparse
import subprocess
import sys
from getpass import getuser
from pathlib import Path

from dags.errors import RequestError
from dags.local.errors import LocalError
from dags.request import POLICIES, RunRequest, parse_date, parse_symbols
from dags.retention import add_arguments
from dags.settings import VAR

PASSED, COULD_NOT_RUN = 0, 2


def main() -> int:
    """Run one command; a person's mistake becomes one line and exit status 2."""
    from psycopg2 import OperationalError
    from pydantic import ValidationError

    from gx.errors import GateError
    from sql.errors import BarStoreError

    arguments = _parser().parse_args()
    try:
        return int(arguments.command(arguments))
    except (RequestError, LocalError, GateError, BarStoreError) as error:
        print(f"error: {error}", file=sys.stderr)
    except ValidationError as error:
        for fault in error.errors():
            name = "".join(str(part).upper() for part in fault["loc"])
            print(f"error: setting {name}: {fault['msg']}", file=sys.stderr)
    except OperationalError as error:
        reason = str(error).strip().partition("\n")[0]
        print(f"error: the embedded database does not answer: {reason}", file=sys.stderr)
    except OSError as error:
        print(f"error: {error}; see that it can be used, and that there is room", file=sys.stderr)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
    return COULD_NOT_RUN


def _run(arguments: argparse.Namespace) -> int:
    from dags.local.run import run
    from dags.local.services import services

    request = _request(arguments)
    print(f"Checking {', '.join(request.symbols)} …", flush=True)
    with services(arguments.var) as found:
        outcome = run(found, request)
    print("\n" + outcome.text)
    return outcome.status


def _request(arguments: argparse.Namespace) -> RunRequest:
    from dags.request import parse_request
    from dags.settings import Settings

    settings = Settings()
    symbols = arguments.symbols if arguments.symbols is not None else settings.stock_symbols
    return parse_request(
        {
            "symbols": parse_symbols(symbols),
            "start_date": arguments.start,
            "end_date": arguments.end,
            "debug_mode": arguments.debug or settings.debug_mode,
            "policy": arguments.policy or settings.on_critical,
            "accept_removals": arguments.accept_removals,
        }
    )


def _load(arguments: argparse.Namespace) -> int:
    from dags.local.load import load_file

    given = arguments
    print(
        load_file(
            given.var,
            given.file,
            symbol=given.symbol,
            calendar=given.calendar,
            rejects=given.rejects,
        )
    )
    return PASSED


def _export(arguments: argparse.Namespace) -> int:
    from dags.local.services import services
    from dags.settings import Settings
    from sql.connection import connected
    from sql.extract import extract_bars, known_symbols

    with (
        services(arguments.var) as found,
        arguments.file.open("wb") as sink,
        connected(Settings.of(found.environment).bars()) as engine,
    ):
        extract_bars(engine, sink, symbols=known_symbols(engine), start=None, end=None)
    return PASSED


def _quarantine(arguments: argparse.Namespace) -> int:
    from dags.local.services import services
    from dags.settings import Settings
    from sql.connection import connected
    from sql.quarantine import open_bars

    with (
        services(arguments.var) as found,
        connected(Settings.of(found.environment).bars()) as engine,
    ):
        held = open_bars(engine)
    for one in held:
        print(
            f"  {one.symbol or '(no symbol)':<12} {one.bars:>9,} bars, "
            f"{one.first_date or 'no date'} to {one.last_date or 'no date'}, "
            f"held since {one.since:%Y-%m-%d %H:%M} by {one.run_id}"
        )
    print("Nothing is held." if not held else "A later run that publishes a bar releases it.")
    return PASSED


def _discard(arguments: argparse.Namespace) -> int:
    from dags.local.services import services
    from dags.settings import Settings
    from sql.connection import connected
    from sql.quarantine import discard

    start, end = parse_date(arguments.start), parse_date(arguments.end)
    with (
        services(arguments.var) as found,
        connected(Settings.of(found.environment).bars()) as engine,
        engine.begin() as connection,
    ):
        done = discard(
            connection,
            symbol=arguments.symbol or None,
            start=start,
            end=end,
            by=getuser(),
            reason=arguments.reason,
        )
    print(
        f"{done:,} held bars of {arguments.symbol or 'no symbol'} are discarded; they stay readable"
    )
    return PASSED


def _sql(arguments: argparse.Namespace) -> int:
    from dags.local.services import BARS, services

    with services(arguments.var) as found:
        return subprocess.run(found.server.psql_command(BARS), check=False).returncode


def _prune(arguments: argparse.Namespace) -> int:
    from dags.local.services import services
    from dags.prune import prune
    from dags.settings import Settings

    with services(arguments.var) as found:
        return prune(
            Settings.of(found.environment),
            keep_days=arguments.keep_days,
            dry_run=arguments.dry_run,
        )


def _up(arguments: argparse.Namespace) -> int:
    from dags.local.parts import Addresses
    from dags.local.up import up

    return up(
        arguments.var, Addresses(arguments.host, arguments.airflow_port, arguments.mlflow_port)
    )


def _down(arguments: argparse.Namespace) -> int:
    from dags.local.up import down

    return down(arguments.var)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dags.local", description=__doc__)
    parser.add_argument("--var", type=Path, default=VAR, help="the folder of everything made here")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="run the DAG once on the embedded services")
    run.add_argument("--symbols", help="comma-separated, for example TSLA,NVDA")
    run.add_argument("--start", metavar="YYYY-MM-DD", help="the first date; default: the earliest")
    run.add_argument("--end", metavar="YYYY-MM-DD", help="the last date; default: the newest")
    run.add_argument("--debug", action="store_true", help="keep more: SQL, samples, settings")
    run.add_argument("--policy", choices=POLICIES, help="what a critical failure does")
    run.add_argument(
        "--accept-removals",
        metavar="SYMBOLS",
        help="let published bars of these go away that the source has no more; * for all",
    )
    run.set_defaults(command=_run)

    load = commands.add_parser("load", help="put the bars of a CSV or Parquet file into stock_data")
    load.add_argument("file", type=Path)
    load.add_argument("--symbol", help="the symbol of a file that has no symbol column")
    load.add_argument("--calendar", help="of the dates with a time of day, for example XBOM")
    load.add_argument(
        "--rejects", type=Path, metavar="FILE", help="set rows with faults aside, and load the rest"
    )
    load.set_defaults(command=_load)

    export = commands.add_parser("export", help="write the bars of stock_data to a Parquet file")
    export.add_argument("file", type=Path)
    export.set_defaults(command=_export)

    quarantine = commands.add_parser("quarantine", help="list what the gate holds, by symbol")
    quarantine.set_defaults(command=_quarantine)

    discard = commands.add_parser("discard", help="resolve held bars that nobody wants")
    discard.add_argument("--symbol", required=True, help="whose; '' for bars without a symbol")
    discard.add_argument(
        "--start", metavar="YYYY-MM-DD", help="the first date; default: the earliest"
    )
    discard.add_argument("--end", metavar="YYYY-MM-DD", help="the last date; default: the newest")
    discard.add_argument("--reason", required=True, help="why; it is kept with the bars")
    discard.set_defaults(command=_discard)

    prune = commands.add_parser("prune", help="remove old runs, wherever they left something")
    add_arguments(prune)
    prune.set_defaults(command=_prune)

    psql = commands.add_parser("sql", help="open psql on the embedded database")
    psql.set_defaults(command=_sql)

    up = commands.add_parser("up", help="start Airflow and MLflow, and stay until Ctrl-C")
    up.add_argument("--host", default="127.0.0.1", help="where to listen; default: %(default)s")
    up.add_argument("--airflow-port", type=int, default=8080, metavar="PORT")
    up.add_argument("--mlflow-port", type=int, default=5500, metavar="PORT")
    up.set_defaults(command=_up)

    down = commands.add_parser("down", help="stop what `up` started, wherever it runs")
    down.set_defaults(command=_down)
    return parser


if __name__ == "__main__":
    sys.exit(main())
