"""The commands that need no service: check, suggest, convert. What they import late takes seconds.

They are defined once, for `gate` and for `python -m gx`.
"""

import dataclasses
import functools
import inspect
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from json import dumps as json_of
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from gx import waiver_commands
from gx.days import typed_day
from gx.engine.quick_imports import quick_imports
from gx.errors import GateError
from gx.project import DATASETS, SUITES
from gx.statuses import CLOSED, COULD_NOT_RUN, DONE, IN_PART, NOBODY_READS

if TYPE_CHECKING:
    import pyarrow as pa

    from gx.files.asked.format import Format


class Statuses(TyperGroup):
    """Commands whose returned number is the exit status."""

    def invoke(self, ctx: Any) -> object:
        """Run the command; Typer itself would end with 0, and with 1 when nobody reads on."""
        try:
            status = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            status = NOBODY_READS
        raise typer.Exit(status or DONE)


def examples(*lines: str) -> str:
    """Command lines as the end of a help text shows them."""
    return "\n\n".join(["Examples:", *(f"  {line}".replace("[", r"\[") for line in lines)])


def new_app(help_text: str, epilog: str) -> typer.Typer:
    """A command line without commands yet."""
    return typer.Typer(
        cls=Statuses, help=help_text, epilog=epilog, no_args_is_help=True, rich_markup_mode="rich"
    )


def run_app(
    app: typer.Typer,
    name: str,
    *,
    explain: Callable[[Exception], Sequence[str] | None],
    arguments: Sequence[str] | None = None,
) -> int:
    """Run a command line and return its exit status; usage that is none gives 2, Ctrl-C 130.

    ``explain`` says of an error that a person can mend what to tell; any other one shows where it
    happened, and gives 2 as well: 1 means that the gate closed, and only that.
    """
    groups = [group.typer_instance for group in app.registered_groups if group.typer_instance]
    for info in [info for one in (app, *groups) for info in one.registered_commands]:
        info.help = _paragraphs(info.callback)
    try:
        get_command(app)(args=None if arguments is None else list(arguments), prog_name=name)
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else COULD_NOT_RUN
        if status == 130:
            print("stopped", file=sys.stderr)
        return status
    except Exception as error:
        lines = explain(error)
        if lines is None:
            import traceback

            traceback.print_exc()
            lines = ["this is a fault of the program; the lines above say where it happened"]
        for line in lines:
            print(f"error: {line}", file=sys.stderr)
    return COULD_NOT_RUN


def _paragraphs(function: Callable[..., object] | None) -> str:
    """The docstring, a line a paragraph: how wide they are is the terminal's."""
    text = inspect.getdoc(function) or ""
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def explain_error(error: Exception) -> list[str] | None:
    """What to tell of an error of these commands; None for one that nobody can mend."""
    return [str(error)] if isinstance(error, GateError | OSError) else None


def known_suites(incomplete: str) -> list[str]:
    """The suites of the project, for a shell to complete."""
    return sorted(path.stem for path in SUITES.glob(f"{incomplete}*.json"))


Files = Annotated[
    list[Path],
    typer.Argument(metavar="FILE", help="files of bars (CSV, Parquet, Excel), folders, patterns"),
]
Suites = Annotated[
    Path | None,
    typer.Option("--suites", metavar="FOLDER", help="the folder of suites; default: the project's"),
]
Symbol = Annotated[
    str | None, typer.Option("--symbol", help="the symbol of a file that has no symbol column")
]

Columns = Annotated[
    str | None,
    typer.Option(
        metavar="MEANING=NAME,…",
        help="which columns are meant: close=Last,date=Day; or all by place: date,open,-",
    ),
]
DateFormat = Annotated[
    str | None,
    typer.Option(metavar="FORMAT", help="DMY, MDY, %d.%m.%Y, excel, or since 1970: s, ms, us, ns"),
]
Decimal = Annotated[str | None, typer.Option(metavar="SIGN", help="the decimal sign: . or ,")]
Delimiter = Annotated[
    str | None, typer.Option(metavar="SIGN", help="the sign between cells; tab, space")
]
Zone = Annotated[
    str | None, typer.Option(help="the time zone of times without one, as America/New_York")
]
Encoding = Annotated[str | None, typer.Option(metavar="NAME", help="as utf-8, latin-1, cp932")]
Sheet = Annotated[str | None, typer.Option(metavar="NAME", help="the sheet of a workbook")]
FormatName = Annotated[
    str | None, typer.Option("--format", metavar="NAME", help="read as `gate format add` keeps it")
]
# How a file is to be read where it does not say so itself: every command that reads files has them.
READING = {
    "columns": Columns,
    "date_format": DateFormat,
    "decimal": Decimal,
    "delimiter": Delimiter,
    "zone": Zone,
    "symbol": Symbol,
    "encoding": Encoding,
    "sheet": Sheet,
    "format_name": FormatName,
}


def reads_files(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of READING in place of its parameter ``asked``."""

    @functools.wraps(command)
    def with_options(*args: Any, **kwargs: Any) -> Any:
        given = {name: kwargs.pop(name, None) for name in READING}
        return command(*args, asked=asked_for(**given), **kwargs)

    signature = inspect.signature(command)
    own = [one for name, one in signature.parameters.items() if name != "asked"]
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        for name, kind in READING.items()
    ]
    whole = signature.replace(parameters=[*own, *options])
    with_options.__signature__ = whole  # type: ignore[attr-defined]
    with_options.__annotations__ = {
        name: one.annotation for name, one in whole.parameters.items()
    } | {"return": signature.return_annotation}
    return with_options


def asked_for(**given: str | None) -> "Format":
    """What the options of READING say, over the format that is named; all faults at once."""
    from gx.files.asked.kept import asked_format

    return asked_format(given)


def say(notes: Iterable[str]) -> None:
    """Tell how files were read, beside what a command prints."""
    for note in notes:
        print(f"note: {note}", file=sys.stderr)


Calendar = Annotated[
    str | None,
    typer.Option(help="exchange calendar of dates with a time of day, for example XBOM"),
]


def known_datasets(incomplete: str) -> list[str]:
    """The datasets of the project, for a shell to complete."""
    return sorted(path.stem for path in DATASETS.glob(f"{incomplete}*.yml"))


@reads_files
def check(
    files: Files,
    *,
    asked: "Format",
    suite: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            autocompletion=known_suites,
            help="judge by this suite; default: the dataset's",
        ),
    ] = None,
    dataset: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            autocompletion=known_datasets,
            help="judge by its suite and its calendars",
        ),
    ] = "stock_data",
    calendar: Annotated[
        str | None, typer.Option(help="exchange calendar, for example XNYS, XLON or 24/7")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(metavar="DATE", callback=typed_day, help="judge as of the end of this day"),
    ] = None,
    json: Annotated[
        Path | None, typer.Option(metavar="OUT", help="write the report as JSON")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="OUT", help="write the report as one page")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="a failed warning closes the gate too")
    ] = False,
    suites: Suites = None,
) -> int:
    """Judge the bars of files by a suite, without any service.

    Exit status: 0 passed (warnings allowed, unless --strict), 1 the gate would close, 2 the bars or
    the suite could not be read, or lack what is to be judged.
    """
    with quick_imports():
        from gx.dataset.read import read_dataset
        from gx.files.check import read_files
        from gx.suite.calendars import SUITE, named_calendars

    of, folder = read_dataset(dataset), suites or SUITE.parent
    suite = suite or of.suite
    if asked.symbol is None and of.source.symbol is not None:
        asked = asked.model_copy(update={"symbol": of.source.symbol})
    named = named_calendars(folder / f"{suite}.json", calendar or of.calendar)
    found = read_files(files, asked, named)
    bars = found.table
    if sys.stderr.isatty():
        print("loading Great Expectations …", file=sys.stderr, end="\r", flush=True)

    with quick_imports():
        from gx.files.check import not_asked, require_columns
        from gx.gate.checkpoint import run_in_memory
        from gx.report.columns import room
        from gx.report.console import report_lines
        from gx.suite.named import suite_path
        from gx.suite.read import read_suite, with_calendars, with_kwargs
        from gx.suite.waivers import read_waivers

    judge = with_calendars(
        read_suite(suite_path(suite, folder)),
        of.calendars_for(one for one in bars["symbol"].unique().to_pylist() if one),
    )
    if calendar:
        judge = with_kwargs(judge, calendar=calendar)
    require_columns(judge, found)
    say(found.notes)
    frame = bars.to_pandas(date_as_object=False)
    skipped = not_asked(bars, clock=bool(as_of))
    waivers = read_waivers(suite) if folder == SUITE.parent else ()
    report = run_in_memory(frame, judge, as_of=as_of, skipped=skipped, waivers=waivers)
    print("\n".join(report_lines(report, room())))
    if json:
        report.write_json(json)
    if html:
        from gx.report.render import render_html

        html.write_text(render_html(report, bars=frame), encoding="utf-8")
    remarks = any(o.severity != "info" for o in report.failed)
    return CLOSED if not report.success or (strict and remarks) else DONE


@reads_files
def suggest(
    files: Files,
    *,
    name: Annotated[str, typer.Option(help="the name of the new suite")],
    asked: "Format",
    calendar: Calendar = None,
    suites: Suites = None,
) -> int:
    """Draft a suite from bars, and say why for each expectation.

    What the draft finds suspicious on these bars is listed. It is written under a new name only.
    """
    return draft(files, name=name, asked=asked, calendar=calendar, suites=suites)


def draft(
    files: Sequence[Path],
    *,
    name: str,
    asked: "Format",
    calendar: str | None,
    suites: Path | None,
) -> int:
    """Draft a suite from the bars of files, print why, and write it under its new name."""
    with quick_imports():
        from gx.files.check import not_asked, read_files
        from gx.suite.calendars import SUITE, named_calendars

    found = read_files(files, asked, named_calendars(SUITE, calendar))
    bars = found.table
    say(found.notes)

    with quick_imports():
        from gx.editing.suggest import draft_suite
        from gx.gate.checkpoint import run_in_memory
        from gx.report.columns import room
        from gx.report.console import report_lines
        from gx.suite.read import new_suite, read_suite

    frame = bars.to_pandas(date_as_object=False)
    drafted = draft_suite(frame, name)
    path = new_suite(name, drafted.document, suites or SUITES)
    for entry, reason in zip(drafted.document["expectations"], drafted.reasons, strict=True):
        print(f"  {entry['severity']:<9} {entry['description']}\n{'':<12}{reason}")
    for type_, reason in drafted.left_out.items():
        print(f"  left out  {type_}\n{'':<12}{reason}")
    made = read_suite(path)
    report = run_in_memory(frame, made, as_of=_newest(bars), skipped=not_asked(bars))
    print(f"\nWhat the draft finds suspicious on these bars ({len(report.failed)}):\n")
    print("\n".join(report_lines(report, room())))
    print(f"\nWritten to {path}; read it, change it, then: gate check FILE --suite {path.stem}")
    return DONE


def _newest(bars: "pa.Table") -> str | None:
    import pyarrow.compute as pc

    newest = pc.max(bars["date"]).as_py()
    return None if newest is None else newest.isoformat()


@reads_files
def peek(
    files: Files,
    *,
    asked: "Format",
    calendar: Calendar = None,
    as_json: Annotated[bool, typer.Option("--json", help="print it as JSON")] = False,
) -> int:
    """Show how files of bars are understood, and what in it is uncertain.

    Exit status: 0 all can be read, 2 one cannot.
    """
    with quick_imports():
        from gx.files.peek import peek_at
        from gx.files.several import files_of, read_all
        from gx.files.understand import open_file
        from gx.suite.calendars import SUITE, named_calendars

    calendars = named_calendars(SUITE, calendar)
    paths, notes = files_of(files)
    sources = read_all(paths, lambda path: open_file(path, asked), track=len(paths) > 1)
    seen = [peek_at(source, calendars) for source in sources]
    if as_json:
        print(json_of([dataclasses.asdict(one) for one in seen], indent=2, default=str))
    else:
        print("\n\n".join("\n".join(one.lines()) for one in seen))
    say(notes)
    return COULD_NOT_RUN if any(one.fault for one in seen) else DONE


def new_formats() -> typer.Typer:
    """The commands `gate format …`."""
    app = new_app("Keep how your files are to be read, for --format NAME.", "")
    app.command(
        epilog=examples("gate format add ours --columns close=Price,date=Day --date-format DMY")
    )(reads_files(add))
    app.command("list")(list_formats)
    app.command()(show)
    return app


def new_waivers() -> typer.Typer:
    """The commands `gate waiver …`."""
    app = new_app("Accept failures for a time, and withdraw that again.", "")
    line = "gate waiver add no_return_outliers --symbol TSLA --from 2025-10-05 --reason 'news'"
    app.command("add", epilog=examples(line))(waiver_commands.add)
    app.command("list")(waiver_commands.show_all)
    app.command("withdraw")(waiver_commands.withdraw)
    return app


def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="a new name")],
    *,
    asked: "Format",
) -> None:
    """Keep options as a format, one small file in gx/formats/."""
    from gx.files.asked.kept import add_format

    path = add_format(name, asked)
    print(f"written to {path}; use it with --format {name}")


def list_formats() -> None:
    """Name the kept formats."""
    from gx.files.asked.kept import format_names

    print("\n".join(format_names()) or "there is none; `gate format add` makes one")


def show(name: Annotated[str, typer.Argument(metavar="NAME")]) -> None:
    """Print a kept format."""
    from gx.files.asked.kept import as_yaml, read_format

    print(as_yaml(read_format(name)), end="")


def convert(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="the file of the old suite")],
    new: Annotated[
        str, typer.Argument(metavar="NEW", help="a file that is not there yet, or a name")
    ],
) -> int:
    """Turn a suite of Great Expectations 0.x into one of 1.x, and name what is not carried over.

    Exit status: 0 everything was carried over, 3 something was not, 2 nothing was.
    """
    with quick_imports():
        from gx.editing.convert import convert_file, converted_lines

    path, converted = convert_file(old, new)
    print("\n".join(converted_lines(old, path, converted)))
    return DONE if converted.whole else IN_PART


CHECK_EXAMPLES = examples(
    "gate check bars.csv",
    "gate check 'BRK B.csv' --symbol 'BRK B' --as-of 2025-11-04",
    "gate check coins.parquet --calendar 24/7 --html report.html",
)
PEEK_EXAMPLES = examples(
    "gate peek bars.csv",
    "gate peek export.xlsx --sheet Prices --columns 'close=Last Price'",
    "gate peek data/ --json",
)
SUGGEST_EXAMPLES = examples("gate suggest bars.csv --name crypto")
CONVERT_EXAMPLES = examples("gate convert old_suite.json prices")


def add_commands(app: typer.Typer) -> None:
    """Give a command line these commands."""
    app.command(epilog=CHECK_EXAMPLES)(check)
    app.command(epilog=PEEK_EXAMPLES)(peek)
    app.add_typer(new_formats(), name="format")
    app.add_typer(new_waivers(), name="waiver")
    app.command(epilog=SUGGEST_EXAMPLES)(suggest)
    app.command(epilog=CONVERT_EXAMPLES)(convert)
