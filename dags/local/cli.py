"""The command `gate`: what there is to type. What it does is in commands.py, imported late.

Nothing heavy is imported here: a shell asks this module for completions at every key.
"""

import json
import os
import re
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dags import VERSION
from gx.cli import (
    CHECK_EXAMPLES,
    CONVERT_EXAMPLES,
    PEEK_EXAMPLES,
    SUGGEST_EXAMPLES,
    Calendar,
    Files,
    Suites,
    check,
    convert,
    draft,
    examples,
    known_datasets,
    known_suites,
    new_app,
    new_formats,
    new_waivers,
    peek,
    reads_files,
    run_app,
)
from gx.terms import Policy
from gx.waiver_commands import SYMBOLS_OF_SUITE

if TYPE_CHECKING:
    from gx.files.asked.format import Format
    from tracking.store import TrackingStore

ROOT = Path(__file__).resolve().parents[2]
# Where `gate up` has its MLflow server, and what the pipeline calls its experiment.
LOCAL_URI, EXPERIMENT = "http://127.0.0.1:5500", "ibkr-stock-data"
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}

app = new_app(
    "A quality gate for stock bars: nothing unchecked is ever published.",
    "Exit status: 0 everything was published (or the command did its work), 1 the gate closed, "
    "2 it could not run, 3 published in part: symbols are held, or have no bars; 130 Ctrl-C."
    "\n\n" + examples("gate run", "gate check bars.csv", "gate COMMAND --help"),
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; a person's mistake becomes one line and exit status 2."""
    from dags.local.messages import explain_error

    return run_app(app, "gate", explain=explain_error, arguments=arguments)


def _say_version(wanted: bool) -> None:
    if wanted:
        print(f"gate {VERSION}")
        raise typer.Exit


@app.callback()
def _everywhere(
    ctx: typer.Context,
    var: Annotated[
        Path,
        typer.Option(metavar="FOLDER", help="where everything is that is made here"),
    ] = ROOT / "var",
    version: Annotated[  # noqa: ARG001  # typer calls it when the option is given
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="say which")
    ] = False,
) -> None:
    ctx.obj = var
    ctx.meta[SYMBOLS_OF_SUITE] = partial(_symbols_of_suite, var)


def _symbols_of_suite(var: Path, suite: str) -> set[str]:
    from dags.local.symbols import symbols_of_suite

    return symbols_of_suite(var, suite)


def _known_symbols(incomplete: str) -> list[str]:
    """The symbols that the table held when it was last read, behind the last comma."""
    before, comma, begun = incomplete.rpartition(",")
    try:
        known = json.loads((ROOT / "var" / "quality" / "known_symbols.json").read_text())
    except (OSError, json.JSONDecodeError):
        return []
    return [f"{before}{comma}{symbol}" for symbol in known if symbol.startswith(begun)]


OfDataset = Annotated[
    str,
    typer.Option(
        "--dataset",
        metavar="NAME",
        autocompletion=known_datasets,
        help="one of gx/datasets/NAME.yml",
    ),
]
Start = Annotated[
    str | None, typer.Option(metavar="YYYY-MM-DD", help="the first date; default: the earliest")
]
End = Annotated[
    str | None, typer.Option(metavar="YYYY-MM-DD", help="the last date; default: the newest")
]


@app.command(
    epilog=examples(
        "gate run --symbols TSLA,NVDA --start 2025-10-05 --end 2025-11-04",
        "gate run --symbols '*' --policy quarantine",
        "gate run --dataset coins",
        "gate run --symbols '^GSPC,BRK B,AAPL  250117C00300000'",
    )
)
def run(
    ctx: typer.Context,
    *,
    dataset: OfDataset = "stock_data",
    symbols: Annotated[
        str | None,
        typer.Option(
            metavar="SYMBOLS",
            autocompletion=_known_symbols,
            help="with commas between them; * for all; default: the dataset's, or STOCK_SYMBOLS",
        ),
    ] = None,
    start: Start = None,
    end: End = None,
    policy: Annotated[
        Policy | None,
        typer.Option(
            help="what a critical failure does; default: the dataset's, or ON_CRITICAL; ask: "
            "somebody decides in the desk; where none is up nobody can, and it holds at once"
        ),
    ] = None,
    accept_removals: Annotated[
        str | None,
        typer.Option(
            metavar="SYMBOLS",
            help="let published bars of these go away that the source has no more; * for all",
        ),
    ] = None,
    suite: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            autocompletion=known_suites,
            help="judge by this suite, which the run then says; default: the dataset's",
        ),
    ] = None,
    debug: Annotated[
        bool, typer.Option("--debug", help="keep more: SQL, samples, settings")
    ] = False,
) -> int:
    """Run the pipeline once: extract, validate, transform, publish, track.

    Exit status: 0 everything was published, 1 the gate closed, 2 it could not run, 3 published in
    part: symbols are held, or have no bars in the range.
    """
    from dags.local import commands

    asked = commands.TypedRequest(symbols, start, end, policy, accept_removals, debug, suite)
    return commands.run_once(ctx.obj, asked, dataset)


@app.command(epilog=examples("gate up", "gate up --airflow-port 8081 --mlflow-port 5501"))
def up(
    ctx: typer.Context,
    *,
    host: Annotated[str, typer.Option(help="where to listen")] = "127.0.0.1",
    airflow_port: Annotated[int, typer.Option(metavar="PORT")] = 8080,
    mlflow_port: Annotated[int, typer.Option(metavar="PORT")] = 5500,
) -> int:
    """Start Airflow and MLflow in the browser, and stay until Ctrl-C."""
    from dags.local.desk.parts import Addresses
    from dags.local.desk.up import up

    return up(ctx.obj, Addresses(host, airflow_port, mlflow_port))


@app.command()
def down(ctx: typer.Context) -> int:
    """Stop what `gate up` started, wherever it runs."""
    from dags.local.desk.up import down

    return down(ctx.obj)


@app.command(
    epilog=examples(
        "gate load bars.csv",
        "gate load AAPL.parquet --symbol AAPL",
        "gate load bars.csv --rejects rejects.csv",
        "gate load exports/ --date-format DMY --decimal ,",
        "gate load bars.csv --dataset mine",
    )
)
@reads_files
def load(
    ctx: typer.Context,
    files: Files,
    *,
    asked: "Format",
    calendar: Calendar = None,
    rejects: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="set rows with faults aside there, and load the rest"),
    ] = None,
    dataset: OfDataset = "stock_data",
) -> None:
    """Put the bars of files into the table stock_data, as the files have them: all, or none."""
    from dags.local.load import load_files

    load_files(ctx.obj, files, asked=asked, calendar=calendar, rejects=rejects, dataset=dataset)


@app.command(
    epilog=examples(
        "gate fetch",
        "gate fetch TSLA NVDA",
        "gate fetch --dataset feed --json",
        "gate fetch --wait 10",
        "gate fetch --demo",
    )
)
def fetch(
    ctx: typer.Context,
    symbols: Annotated[
        list[str] | None, typer.Argument(metavar="[SYMBOL]", help="default: all of the dataset's")
    ] = None,
    *,
    dataset: OfDataset = "stock_data",
    demo: Annotated[
        bool,
        typer.Option("--demo", help="from a gateway of our own, whose bars are made up"),
    ] = False,
    wait: Annotated[
        float,
        typer.Option(
            metavar="MINUTES", min=0, help="how long to wait for a gateway that is not there"
        ),
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="print it as JSON")] = False,
) -> int:
    """Bring a dataset's bars up to date from Interactive Brokers; nothing is judged or published.

    Exit status: 0 all symbols are up to date, 2 nothing could be fetched, 3 some are behind.
    """
    from dags.local.fetch import Asked, fetch_bars

    if demo and dataset != "stock_data":
        raise typer.BadParameter("--demo has a dataset of its own; leave --dataset out")
    named = [one for given in symbols or () for one in given.split(",") if one]
    return fetch_bars(ctx.obj, Asked(dataset, named, wait, demo, as_json))


@app.command(
    epilog=examples(
        "gate archive --before 2015-01-01 --dry-run",
        "gate archive --before 2015-01-01 --dataset coins --to s3://bucket/archive",
        "gate archive --list",
        "gate archive --restore --year 2014 --symbol TSLA",
    )
)
def archive(
    ctx: typer.Context,
    *,
    before: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM-DD", help="archive what lies before this day"),
    ] = None,
    restore: Annotated[
        bool, typer.Option("--restore", help="put archived bars back into the table")
    ] = False,
    listing: Annotated[bool, typer.Option("--list", help="list the files")] = False,
    dataset: OfDataset = "stock_data",
    to: Annotated[
        str | None,
        typer.Option(metavar="PLACE", help="a folder or s3://BUCKET/…; default: ARCHIVE_ROOT"),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="only say what would be moved")
    ] = False,
    year: Annotated[
        int | None, typer.Option(metavar="YYYY", help="restore this year's bars alone")
    ] = None,
    symbol: Annotated[
        list[str] | None,
        typer.Option(metavar="SYMBOL", help="restore this symbol's bars alone; again for more"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print it as JSON")] = False,
) -> int:
    """Move old bars of a dataset into files, or back; the checks read them all the same.

    A bar is deleted from its table once its file was written, read back and compared.
    """
    from dags.local.archive import Typed, archive_command

    typed = Typed(before, listing, restore, to, year, tuple(symbol or ()), dry_run, as_json)
    return archive_command(ctx.obj, dataset, typed)


app.command(epilog=CHECK_EXAMPLES)(check)
app.command(epilog=PEEK_EXAMPLES)(peek)
app.add_typer(new_formats(), name="format")
app.add_typer(new_waivers(), name="waiver")


@app.command("suggest", epilog=SUGGEST_EXAMPLES)
@reads_files
def suggest_from(
    ctx: typer.Context,
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]", help="files of bars, folders, patterns")
    ] = None,
    *,
    name: Annotated[str | None, typer.Option(help="the name of the new suite")] = None,
    from_table: Annotated[
        bool, typer.Option("--from-table", help="from the bars of the table of --dataset")
    ] = False,
    history: Annotated[
        bool,
        typer.Option(
            "--history",
            help="thresholds, from the bars of past runs of --dataset: what each level would find "
            "there, and what it would miss of defects that are planted; nothing is written",
        ),
    ] = False,
    suite: Annotated[
        str | None, typer.Option(metavar="NAME", help="with --history: the suite to tune")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="with --history: print it as JSON")
    ] = False,
    asked: "Format",
    dataset: OfDataset = "stock_data",
    calendar: Calendar = None,
    suites: Suites = None,
) -> int:
    """Draft a suite from bars, and say why for each expectation; or tune one on past runs.

    What the draft finds suspicious on these bars is listed. It is written under a new name only.
    """
    if bool(files) + from_table + history != 1:
        raise typer.BadParameter("name a FILE of bars, or --from-table, or --history")
    if (suite or as_json) and not history:
        raise typer.BadParameter("--suite and --json go with --history")
    if history:
        from dags.local.tune import print_curves

        return print_curves(ctx.obj, dataset, suite, as_json=as_json)
    if name is None:
        raise typer.BadParameter("give the new suite a --name")
    if files:
        if dataset != "stock_data":
            raise typer.BadParameter("--dataset goes with --from-table")
        return draft(files, name=name, asked=asked, calendar=calendar, suites=suites)
    from dags.local import commands

    with commands.exported(ctx.obj, dataset) as file:
        return draft([file], name=name, asked=asked, calendar=calendar, suites=suites)


app.command(epilog=CONVERT_EXAMPLES)(convert)

datasets = new_app(
    "Tables of bars, and what is known about them: one file in gx/datasets/ each.",
    "Exit status: 0 done, 2 it could not be done, or the dataset has a fault.",
)
app.add_typer(datasets, name="dataset")
DatasetName = Annotated[
    str,
    typer.Argument(
        metavar="NAME", autocompletion=known_datasets, help="one of gx/datasets/NAME.yml"
    ),
]


@datasets.command("list")
def list_datasets(
    *, as_json: Annotated[bool, typer.Option("--json", help="print it as JSON")] = False
) -> int:
    """List every dataset; a broken one with its faults."""
    from dags.local.datasets import list_datasets

    return list_datasets(as_json=as_json)


@datasets.command("check", epilog=examples("gate dataset check coins"))
def check_dataset(ctx: typer.Context, name: DatasetName) -> int:
    """Read ten rows of a dataset, and tell every fault of its file and of its table.

    Exit status: 0 it can be run, 2 it has a fault.
    """
    from dags.local.datasets import check_dataset

    return check_dataset(ctx.obj, name)


@datasets.command(
    "add",
    epilog=examples(
        "gate dataset add coins --table feed.candles --connection elsewhere",
        "gate dataset add spx --table prices --symbol '^SPX' --columns close=last,date=ts",
        "gate dataset add lse --query 'select * from bars where venue = 1' --dry-run",
    ),
)
def add_dataset(  # an option for whatever the table itself can't tell
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="what it is to be called")],
    *,
    table: Annotated[
        str | None, typer.Option(metavar="[SCHEMA.]TABLE", help="the table, view or")
    ] = None,
    query: Annotated[
        str | None, typer.Option(metavar="SQL", help="the query that gives the bars")
    ] = None,
    connection: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Airflow's; default: the database of the gate's tables"),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(metavar="MEANING=COLUMN,…", help="what their names do not tell"),
    ] = None,
    symbol: Annotated[
        str | None, typer.Option(help="of a table without a column of symbols")
    ] = None,
    zone: Annotated[
        str | None, typer.Option(help="in which its times show the day, or are written")
    ] = None,
    unit: Annotated[
        Literal["s", "ms", "us", "ns", "yyyymmdd"] | None,
        typer.Option(help="of dates that are whole numbers"),
    ] = None,
    bar: Annotated[str | None, typer.Option(help="1 day, 5 mins, 1 hour …")] = None,
    calendar: Annotated[
        str | None, typer.Option(help="the exchange calendar of all its symbols")
    ] = None,
    policy: Annotated[
        Policy | None,
        typer.Option(help="what a critical failure does; default: ON_CRITICAL"),
    ] = None,
    schedule: Annotated[
        str | None, typer.Option(metavar="CRON", help="when it runs; default: by hand")
    ] = None,
    publish: Annotated[
        str | None,
        typer.Option(
            metavar="SCHEMA[.VIEW]",
            help="the schema of its own tables, and a view of what is published; default: NAME",
        ),
    ] = None,
    symbols: Annotated[
        str | None,
        typer.Option(
            metavar="SYMBOLS", help="of a run that names none, with commas between them; * for all"
        ),
    ] = None,
    suite: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", autocompletion=known_suites, help="judge by it; default: draft one"
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="write it without asking")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only print it")] = False,
) -> int:
    """Propose a dataset of a table, with a suite, and write both once you have agreed.

    Everything is proposed from the table's columns and its newest bars, with the evidence for it.
    What these do not tell is an error that names the option which does. Nothing is written over.
    """
    from dags.local.datasets import add_dataset, asked_of

    asked = asked_of(
        table=table,
        query=query,
        columns=columns,
        connection=connection,
        symbol=symbol,
        zone=zone,
        unit=unit,
        bar=bar,
        calendar=calendar,
        policy=policy,
        schedule=schedule,
        publish=publish,
        suite=suite,
        symbols=symbols,
    )
    return add_dataset(ctx.obj, name, asked, yes=yes, dry_run=dry_run)


TrackingUri = Annotated[
    str | None,
    typer.Option(
        metavar="URI",
        help="MLflow's server or database; default: MLFLOW_TRACKING_URI, or the one of `gate up`",
    ),
]
Experiment = Annotated[
    str | None,
    typer.Option(metavar="NAME", help=f"default: MLFLOW_EXPERIMENT_NAME, or else {EXPERIMENT}"),
]
RUN_HELP = "a run's id or name, or `latest` or `previous`"


@app.command(epilog=examples("gate diff previous latest", "gate diff RUN_A RUN_B --json"))
def diff(
    ctx: typer.Context,
    before: Annotated[str, typer.Argument(metavar="RUN_A", help=RUN_HELP)],
    now: Annotated[str, typer.Argument(metavar="RUN_B", help=RUN_HELP)],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="print it as JSON")] = False,
    tracking_uri: TrackingUri = None,
    experiment: Experiment = None,
) -> None:
    """Say what is different in the second of two tracked runs."""
    from dags.local import commands

    store = _store(ctx.obj, tracking_uri, experiment)
    print(commands.diff_runs(store, before, now, as_json=as_json))


@app.command(epilog=examples("gate reconcile --older-than 1h"))
def reconcile(
    ctx: typer.Context,
    *,
    older_than: Annotated[
        str, typer.Option(metavar="SPAN", help="30m, 6h or 2d: how long they must be left")
    ] = "6h",
    tracking_uri: TrackingUri = None,
    experiment: Experiment = None,
) -> None:
    """Close tracked runs that a killed worker left open."""
    span = _span(older_than)
    from tracking import commands

    print("\n".join(commands.reconcile(_store(ctx.obj, tracking_uri, experiment), span)))


@app.command(epilog=examples("gate prune --keep-days 90 --dry-run"))
def prune(
    ctx: typer.Context,
    *,
    keep_days: Annotated[
        int,
        typer.Option(
            metavar="DAYS", min=1, max=36_500, help="keep what was used within this many days"
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="only say what would be removed, and how much it is")
    ] = False,
) -> int:
    """Remove old runs with all that they left; bars, quarantine and suites stay."""
    from dags.local import commands

    return commands.prune_runs(ctx.obj, keep_days=keep_days, dry_run=dry_run)


@app.command()
def sql(ctx: typer.Context) -> int:
    """Open psql on the database of the bars."""
    from dags.local import commands

    return commands.psql(ctx.obj)


@app.command(epilog=examples("gate quarantine", "gate quarantine --symbol TSLA --json"))
def quarantine(
    ctx: typer.Context,
    *,
    symbol: Annotated[
        str | None,
        typer.Option(help="the bars of this one; '' for those without a symbol"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print it as JSON")] = False,
    dataset: OfDataset = "stock_data",
) -> int:
    """List what the gate holds, by symbol, or the held bars of one, with the reasons."""
    from dags.local import held

    return held.quarantine(ctx.obj, dataset, symbol, as_json=as_json)


@app.command(
    epilog=examples(
        "gate verdict --symbols TSLA,NVDA --as-of 2025-11-04 && trade",
        "gate verdict coins --json",
    )
)
def verdict(
    ctx: typer.Context,
    *,
    dataset: Annotated[
        str, typer.Argument(metavar="[DATASET]", autocompletion=known_datasets)
    ] = "stock_data",
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="YYYY-MM-DD",
            help="good with a bar of this session; default: of the last one that has closed",
        ),
    ] = None,
    symbols: Annotated[
        str | None,
        typer.Option(
            metavar="A,B", autocompletion=_known_symbols, help="of these; default: of all"
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print it as JSON")] = False,
) -> int:
    """Say which symbols are good, up to which bar and by which run: to be asked before a trade.

    Needs PostgreSQL alone. Exit status: 0 every symbol is good, 1 none is, or the bars are made up,
    3 some are, 2 it cannot be known.
    """
    from dags.local import verdict

    return verdict.print_verdict(ctx.obj, dataset, as_of, symbols, as_json=as_json)


@app.command(epilog=examples("gate train", "gate train coins --json"))
def train(
    ctx: typer.Context,
    dataset: Annotated[
        str, typer.Argument(metavar="[DATASET]", autocompletion=known_datasets)
    ] = "stock_data",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="print it as JSON")] = False,
) -> int:
    """Train a model on a dataset's published bars, and say whether it has skill.

    Exit status: 0 it was trained, with skill or without, 2 it could not be.
    """
    from dags.local.training import train_model

    return train_model(ctx.obj, dataset, as_json=as_json)


@app.command(epilog=examples("gate score", "gate score coins --json"))
def score(
    ctx: typer.Context,
    dataset: Annotated[
        str, typer.Argument(metavar="[DATASET]", autocompletion=known_datasets)
    ] = "stock_data",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="print it as JSON")] = False,
) -> int:
    """Write what the champion says of the newest published bars into stock_data_signals.

    Of symbols that `gate verdict` calls good alone. Exit status: 0 done, 2 it could not be: no
    champion yet, or no symbol is good.
    """
    from dags.local.training import score_bars

    return score_bars(ctx.obj, dataset, as_json=as_json)


@app.command(epilog=examples("gate audit --since 2025-11-01", "gate audit --dataset coins --json"))
def audit(
    ctx: typer.Context,
    *,
    dataset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", autocompletion=known_datasets, help="of this dataset; default: of all"
        ),
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="from this day on, in UTC")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print it as JSON")] = False,
) -> int:
    """List who did what to held bars, verdicts, suites and waivers, and why; the newest first.

    Exit status: 0 all is told, 2 something of it cannot be read.
    """
    from dags.local import held

    return held.print_audit(ctx.obj, dataset, since, as_json=as_json)


@app.command(epilog=examples("gate discard --symbol TSLA --reason delisted --end 2025-10-31"))
def discard(
    ctx: typer.Context,
    *,
    symbol: Annotated[
        str,
        typer.Option(autocompletion=_known_symbols, help="whose; '' for bars without a symbol"),
    ],
    reason: Annotated[str, typer.Option(help="why; it is kept with the bars")],
    start: Start = None,
    end: End = None,
    dataset: OfDataset = "stock_data",
) -> int:
    """Resolve held bars that nobody wants; they stay readable."""
    from dags.local import commands

    return commands.discard_bars(ctx.obj, dataset, symbol, reason, (start, end))


repairs = new_app(
    "Bars with one right answer: what runs proposed, what somebody accepted, and taking it back.",
    "Exit status: 0 done, 2 it could not be done.",
)
app.add_typer(repairs, name="repair")
Reason = Annotated[str, typer.Option(help="why; it is kept with each repair")]


@repairs.command("list", epilog=examples("gate repair list", "gate repair list --run RUN_ID"))
def list_repairs(
    ctx: typer.Context,
    *,
    run_id: Annotated[
        str | None, typer.Option("--run", metavar="RUN_ID", help="what this run proposed")
    ] = None,
    dataset: OfDataset = "stock_data",
    as_json: Annotated[bool, typer.Option("--json", help="print it as JSON")] = False,
) -> int:
    """List accepted repairs, also revoked and void ones; or what a run proposed."""
    from dags.local import repairs

    return repairs.show(ctx.obj, dataset, run_id, as_json=as_json)


@repairs.command("accept", epilog=examples("gate repair accept RUN_ID --symbol TSLA --reason ok"))
def accept_repairs(
    ctx: typer.Context,
    run_id: Annotated[str, typer.Argument(metavar="RUN_ID", help="the run that proposed them")],
    *,
    reason: Reason,
    symbol: Annotated[list[str] | None, typer.Option(help="of this symbol alone")] = None,
    rule: Annotated[list[str] | None, typer.Option(help="by this rule alone")] = None,
    dataset: OfDataset = "stock_data",
) -> int:
    """Accept what a run proposed: the next run reads these bars so, and judges them again."""
    from dags.local import repairs

    return repairs.accept_proposals(ctx.obj, dataset, run_id, reason, (symbol or [], rule or []))


@repairs.command("revoke", epilog=examples("gate repair revoke 7 8 --reason 'it was no error'"))
def revoke_repairs(
    ctx: typer.Context,
    ids: Annotated[list[int], typer.Argument(metavar="ID", help="as `gate repair list` has it")],
    *,
    reason: Reason,
    dataset: OfDataset = "stock_data",
) -> int:
    """Take accepted repairs back: the next run reads these bars as the source has them."""
    from dags.local import repairs

    return repairs.revoke_repairs(ctx.obj, dataset, ids, reason)


def _store(var: Path, tracking_uri: str | None, experiment: str | None) -> "TrackingStore":
    """Where runs are tracked: as named, or by the desk that is up, whichever its port."""
    from dags.local.desk.lock import running
    from tracking.store import TrackingStore

    desk = running(var)
    return TrackingStore(
        tracking_uri
        or os.environ.get("MLFLOW_TRACKING_URI")
        or (desk.mlflow if desk else LOCAL_URI),
        experiment or os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT,
    )


def _span(text: str) -> timedelta:
    found = re.fullmatch(r"([1-9]\d{0,5})([mhd])", text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no span of time; write 30m, 6h or 2d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
