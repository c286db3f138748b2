"""What a run was asked to do, checked before anything is read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast, get_args

from dags.errors import RequestError
from gx.errors import SuiteError
from gx.nearest import nearest
from gx.suite.named import suite_path
from gx.symbols import EVERY, LONGEST, RULE, symbol_fault
from gx.terms import Policy

POLICIES = get_args(Policy)
PARAMETERS = (
    *("symbols", "more_symbols", "start_date", "end_date", "debug_mode", "policy"),
    *("accept_removals", "suite"),
)
# No exchange has older bars, and the lookback must not end before the calendar's first day.
EARLIEST, LATEST = date(1800, 1, 1), date(2999, 12, 31)


@dataclass(frozen=True)
class RunRequest:
    """Symbols, the inclusive range of dates (None: open), and what to do with critical failures.

    ``every``: all symbols that there are bars of, and the rows that have none; which those are,
    only the extract can say. ``accept_removals``: symbols whose published bars may go away because
    the source has them no more; EVERY for all. ``suite`` judges in place of the dataset's own;
    empty for that one.
    """

    symbols: tuple[str, ...]
    start: date | None
    end: date | None
    debug: bool = False
    policy: Policy = "fail"
    every: bool = False
    accept_removals: tuple[str, ...] = ()
    suite: str = ""

    def accepts_removal(self, symbol: str) -> bool:
        """Has a person accepted that published bars of this symbol go away?"""
        return EVERY in self.accept_removals or symbol in self.accept_removals


def parse_request(
    params: Mapping[str, Any],
    *,
    interval: tuple[datetime, datetime] | None = None,
    none_is_every: bool = False,
) -> RunRequest:
    """The request in a run's parameters; a scheduled run's data interval fills in open dates.

    `*` under ``more_symbols`` asks for every symbol there is, and so does naming none where
    ``none_is_every``. Raises RequestError for an unknown
    parameter, a malformed symbol or date, or a range that ends before it starts.
    """
    for name in params:
        if name not in PARAMETERS:
            raise RequestError(f"unknown parameter {name!r}{nearest(name, PARAMETERS)}")
    start, end = parse_date(params.get("start_date")), parse_date(params.get("end_date"))
    if interval and start is None and end is None:
        start, end = interval_dates(*interval)
    if start and end and end < start:
        raise RequestError(f"end date {end} is before start date {start}")
    more = (params.get("more_symbols") or "").strip()
    every = more == EVERY or (none_is_every and not more and not params.get("symbols"))
    listed = () if every or not more else parse_symbols(more)
    symbols = [] if every else parse_symbols([*(params.get("symbols") or ()), *listed])
    policy = params.get("policy") or "fail"
    if policy not in POLICIES:
        raise RequestError(f"policy {policy!r} is not one of {', '.join(POLICIES)}")
    debug = bool(params.get("debug_mode", False))
    accepted = (params.get("accept_removals") or "").strip()
    removals = (EVERY,) if accepted == EVERY else tuple(parse_symbols(accepted) if accepted else ())
    suite = (params.get("suite") or "").strip()
    return RunRequest(
        *(tuple(symbols), start, end, debug, cast("Any", policy), every, removals, suite)
    )


def require_suite(name: str) -> None:
    """Raise RequestError, with the nearest name, for a suite that there is not; '' names none."""
    try:
        if name:
            suite_path(name)
    except SuiteError as error:
        raise RequestError(str(error)) from None


def interval_dates(start: datetime, end: datetime) -> tuple[date, date]:
    """The dates that a data interval ``[start, end)`` touches."""
    last = max(start, end - timedelta(microseconds=1))
    return start.date(), last.date()


def parse_symbols(symbols: str | Iterable[str]) -> list[str]:
    """Symbols from a text with commas between them or from a list, in order and without repeats.

    In a text the spaces around a comma count for nothing, those within a symbol for what they are;
    a symbol that has a comma can only be in a list. Raises RequestError that says of each what is
    no symbol what is wrong with it.
    """
    is_text = isinstance(symbols, str)
    listed = symbols.split(",") if isinstance(symbols, str) else list(symbols)
    given = [str(symbol).strip() if is_text else str(symbol) for symbol in listed]
    if not given:
        raise RequestError(f"no symbol was given; name at least one ({RULE})")
    faults = [fault for symbol in given if (fault := _symbol_fault(symbol))]
    if faults:
        raise RequestError(f"{'; '.join(faults)}. A symbol is {RULE}")
    return list(dict.fromkeys(given))


def parse_date(value: object) -> date | None:
    """A date as YYYY-MM-DD; None or an empty text is an open end."""
    if value is None or value == "":
        return None
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        raise RequestError(f"{value!r} is no date; write it as YYYY-MM-DD") from None
    if not EARLIEST <= day <= LATEST:
        raise RequestError(
            f"{value!r} cannot be the date of a bar (those are from {EARLIEST} to {LATEST}); "
            "leave it empty for the first or the last bar that there is"
        )
    return day


def _symbol_fault(symbol: str) -> str | None:
    if symbol == EVERY:
        return f"{EVERY!r} asks for every symbol there is, and stands alone"
    fault = symbol_fault(symbol)
    if fault is None:
        return None
    shown = symbol if len(symbol) <= 2 * LONGEST else f"{symbol[: 2 * LONGEST]}…"
    return f"symbol {shown!r} {fault}"
