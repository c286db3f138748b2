"""Check files of bars, draft a suite, or convert one: python -m gx check|suggest|convert --help."""

import argparse
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from gx.errors import GateError

if TYPE_CHECKING:
    import pyarrow as pa

PASSED, CLOSED, COULD_NOT_CHECK = 0, 1, 2
WHOLE, IN_PART = 0, 1


def main() -> int:
    """Run one command; a person's mistake becomes one line and exit status 2."""
    arguments = _parser().parse_args()
    try:
        return int(arguments.command(arguments))
    except (GateError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return COULD_NOT_CHECK
    except KeyboardInterrupt:
        return COULD_NOT_CHECK


def _check(arguments: argparse.Namespace) -> int:
    from gx.check import read_files
    from gx.suite_calendars import SUITE, known_calendar, named_calendars

    suites = arguments.suites or SUITE.parent
    calendars = named_calendars(suites / f"{arguments.suite}.json", arguments.calendar)
    bars = read_files(arguments.files, arguments.symbol, calendars)
    if sys.stderr.isatty():
        print("loading Great Expectations …", file=sys.stderr, end="\r", flush=True)

    from gx.check import unfit
    from gx.checkpoint import run_in_memory
    from gx.console import report_lines, weakness_lines
    from gx.render import render_html
    from gx.suites import read_suite, suite_path, with_kwargs

    suite = read_suite(suite_path(arguments.suite, suites))
    if arguments.calendar:
        suite = with_kwargs(suite, calendar=known_calendar(arguments.calendar))
    frame = bars.to_pandas(date_as_object=False)
    report = run_in_memory(
        frame, suite, as_of=arguments.as_of, skipped=unfit(bars, clock=bool(arguments.as_of))
    )
    print("\n".join([*report_lines(report), *weakness_lines(suite.weaknesses)]))
    if arguments.json:
        report.write_json(arguments.json)
    if arguments.html:
        arguments.html.write_text(render_html(report, bars=frame), encoding="utf-8")
    remarks = any(o.severity != "info" for o in report.failed)
    return CLOSED if not report.success or (arguments.strict and remarks) else PASSED


def _suggest(arguments: argparse.Namespace) -> int:
    from gx.check import read_files, unfit
    from gx.suite_calendars import SUITE, named_calendars

    calendars = named_calendars(SUITE, arguments.calendar)
    with tempfile.TemporaryDirectory() as folder:
        files = [_exported(Path(folder))] if arguments.from_table else arguments.files
        if not files:
            raise GateError("name a FILE of bars, or --from-table")
        bars = read_files(files, arguments.symbol, calendars)

    from gx.checkpoint import run_in_memory
    from gx.console import report_lines, weakness_lines
    from gx.suggest import draft_suite
    from gx.suites import SUITES, new_suite, read_suite

    frame = bars.to_pandas(date_as_object=False)
    draft = draft_suite(frame, arguments.name)
    path = new_suite(arguments.name, draft.document, arguments.suites or SUITES)
    for entry, reason in zip(draft.document["expectations"], draft.reasons, strict=True):
        print(f"  {entry['severity']:<9} {entry['description']}\n{'':<12}{reason}")
    suite = read_suite(path)
    report = run_in_memory(frame, suite, as_of=_newest(bars), skipped=unfit(bars))
    print(f"\nWhat the draft finds suspicious on these bars ({len(report.failed)}):\n")
    print("\n".join([*report_lines(report), *weakness_lines(suite.weaknesses)]))
    print(f"\nWritten to {path}; read it, change it, then: python -m gx check --suite {path.stem}")
    return PASSED


def _convert(arguments: argparse.Namespace) -> int:
    return convert(arguments.old, arguments.new)


def convert(old: Path, new: str) -> int:
    """Write a suite of 0.x anew and say what is not carried over; 1 if something is not."""
    from gx.convert import convert_file, converted_lines

    path, converted = convert_file(old, new)
    print("\n".join(converted_lines(old, path, converted)))
    return WHOLE if converted.whole else IN_PART


def _exported(folder: Path) -> Path:
    """The bars of the pipeline's table, by way of the command that knows the database."""
    path = folder / "stock_data.parquet"
    command = [sys.executable, "-m", "dags.local", "export", str(path)]
    if subprocess.run(command, check=False).returncode:
        raise GateError("the table could not be exported")
    return path


def _newest(bars: "pa.Table") -> str | None:
    import pyarrow.compute as pc

    newest = pc.max(bars["date"]).as_py()
    return None if newest is None else newest.isoformat()


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date (YYYY-MM-DD)") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gx", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    check = commands.add_parser(
        "check",
        help="judge the bars of CSV or Parquet files",
        description="Judge the bars of CSV or Parquet files by a suite, without any service. "
        "Exit status: 0 passed (warnings allowed), 1 gate closed, 2 could not check.",
    )
    check.add_argument("files", nargs="+", type=Path, metavar="FILE")
    check.add_argument("--suite", default="stock_data", help="default: stock_data")
    check.add_argument("--calendar", help="exchange calendar, for example XNYS, XLON or 24/7")
    check.add_argument("--symbol", help="the symbol of a file that has no symbol column")
    check.add_argument("--as-of", type=_day, metavar="DATE", help="judge as of the end of this day")
    check.add_argument("--json", type=Path, metavar="OUT", help="write the report as JSON")
    check.add_argument("--html", type=Path, metavar="OUT", help="write the report as one page")
    check.add_argument("--strict", action="store_true", help="a failed warning closes the gate too")
    check.add_argument("--suites", type=Path, help="the folder of suites; default: the project's")
    check.set_defaults(command=_check)

    suggest = commands.add_parser(
        "suggest",
        help="draft a suite from bars",
        description="Draft a suite from what the bars show, say why for each expectation, and "
        "what the draft finds suspicious. It is written under a new name only.",
    )
    suggest.add_argument("files", nargs="*", type=Path, metavar="FILE")
    suggest.add_argument("--from-table", action="store_true", help="use the table stock_data")
    suggest.add_argument("--name", required=True, help="the name of the new suite")
    suggest.add_argument("--symbol", help="the symbol of a file that has no symbol column")
    suggest.add_argument("--calendar", help="of dates with a time of day; see check")
    suggest.add_argument("--suites", type=Path, help="the folder to write to; see check")
    suggest.set_defaults(command=_suggest)

    converter = commands.add_parser(
        "convert",
        help="turn a suite of Great Expectations 0.x into one of 1.x",
        description="Turn a suite of Great Expectations 0.x into one that can be read, and name "
        "what is not carried over. Exit status: 0 all was, 1 something was not, 2 nothing was.",
    )
    converter.add_argument("old", type=Path, metavar="OLD", help="the file of the old suite")
    converter.add_argument("new", metavar="NEW", help="a file that is not there yet, or a name")
    converter.set_defaults(command=_convert)
    return parser


if __name__ == "__main__":
    sys.exit(main())
