"""The commands `gate waiver add|list|withdraw`."""

from collections.abc import Callable, Collection
from datetime import timedelta
from getpass import getuser
from json import dumps
from typing import TYPE_CHECKING, Annotated

import typer

from gx.days import typed_day
from gx.nearest import nearest
from gx.project import HISTORY, SUITES, WAIVERS
from gx.terms import LONGEST_WAIVER

if TYPE_CHECKING:
    from gx.editing.waivers import WaiverStore
    from gx.suite.waivers import Waiver

# In a command's context: who knows the symbols of a suite's datasets, if anybody does.
SYMBOLS_OF_SUITE = "gx.waiver_commands.symbols_of_suite"
Suite = Annotated[str, typer.Option(metavar="NAME", help="the suite")]
Reason = Annotated[str, typer.Option(help="why; it is kept")]


def add(
    ctx: typer.Context,
    expectation: Annotated[
        str, typer.Argument(metavar="EXPECTATION", help="its short name, as reports have it")
    ],
    *,
    first: Annotated[
        str, typer.Option("--from", metavar="DATE", callback=typed_day, help="the first day")
    ],
    reason: Reason,
    symbol: Annotated[str | None, typer.Option(help="of this symbol alone")] = None,
    last: Annotated[
        str | None,
        typer.Option("--to", metavar="DATE", callback=typed_day, help="the last day; empty: open"),
    ] = None,
    unknown_symbol: Annotated[
        bool, typer.Option("--unknown-symbol", help="also of a symbol that has no bars yet")
    ] = False,
    days: Annotated[int, typer.Option(min=1, max=LONGEST_WAIVER, help="how long it lasts")] = 30,
    suite: Suite = "stock_data",
) -> None:
    """Accept failures of an expectation; they are judged, shown and counted, and block nobody.

    It counts from the next run on, and is over after --days.
    """
    from gx.suite.waivers import today

    if symbol and not unknown_symbol:
        _refuse_unknown(symbol, suite, ctx.meta.get(SYMBOLS_OF_SUITE))
    wanted = {
        "expectation": expectation,
        "symbol": symbol,
        "first_date": first,
        "last_date": last,
        "expires": today() + timedelta(days=days),
    }
    (made,) = _store().accept(suite, [wanted], author=getuser(), reason=reason)
    print(f"waived: {_line(made)}")
    print(f"It is in {WAIVERS / suite}.json, and counts from the next run on.")


def show_all(
    suite: Annotated[
        str | None, typer.Option(metavar="NAME", help="of this suite; empty: of all")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
) -> None:
    """List the waivers, also those that are over."""
    store = _store()
    found = {name: store.read(name) for name in ([suite] if suite else store.names())}
    if as_json:
        plain = {
            name: [one.model_dump(mode="json") for one in waivers]
            for name, waivers in found.items()
        }
        print(dumps(plain, indent=2, ensure_ascii=False))
        return
    lines = [f"{name}  {_line(one)}" for name, waivers in found.items() for one in waivers]
    print("\n".join(lines) or "there is none; `gate waiver add` makes one")


def withdraw(
    waiver_id: Annotated[str, typer.Argument(metavar="ID", help="as `gate waiver list` has it")],
    *,
    reason: Reason,
    suite: Suite = "stock_data",
) -> None:
    """Take a waiver back: what it accepted blocks again, from the next run on."""
    gone = _store().withdraw(suite, waiver_id, author=getuser(), reason=reason)
    print(f"withdrawn: {_line(gone)}")


def _refuse_unknown(
    symbol: str, suite: str, symbols_of: Callable[[str], Collection[str]] | None
) -> None:
    """Raise WaiverError for a symbol that no dataset of the suite has, where that is known."""
    from gx.errors import WaiverError

    known = symbols_of(suite) if symbols_of else ()
    if known and symbol not in known:
        raise WaiverError(
            f"no dataset of the suite {suite} has bars of {symbol!r}{nearest(symbol, known)}; "
            "--unknown-symbol accepts it all the same"
        )


def _store() -> "WaiverStore":
    from gx.editing.waivers import WaiverStore

    return WaiverStore(WAIVERS, HISTORY, SUITES)


def _line(one: "Waiver") -> str:
    """A waiver in a line."""
    from gx.report.sentences import counted
    from gx.suite.waivers import today

    span = f"from {one.first_date} " + (f"to {one.last_date}" if one.last_date else "on")
    bars = f", {counted(len(one.bars), 'bar')} as judged" if one.bars else ""
    of = f" of {one.dataset}" if one.dataset else ""
    over = " (over)" if one.expired(today()) else ""
    return (
        f"{one.id}  {one.expectation}, {one.symbol or 'all symbols'}{of}, {span}{bars}; until "
        f"{one.expires}{over}, by {one.author}: {one.reason}"
    )
