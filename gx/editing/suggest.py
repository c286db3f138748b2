"""Draft a suite from what the data shows."""

import json
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from great_expectations.expectations.registry import get_expectation_impl

from gx.editing.by_name import calendars_by_name
from gx.editing.tuning.curve import Judge
from gx.plugins.expectations import BarExpectation
from gx.plugins.expectations.kernels.bars import Bars, SortedFrame
from gx.plugins.expectations.kernels.calendars import load_sessions
from gx.plugins.expectations.kernels.hours import MICROSECONDS_PER_MINUTE
from gx.plugins.expectations.kernels.hours_fit import misfits
from gx.plugins.expectations.kernels.steps import usual_steps
from gx.suite.named import suite_path
from gx.suite.read import read_suite
from gx.suite.unfit import unfit

TEMPLATE = "stock_data"
WITHIN_THE_DAY = {
    "type": "expect_no_missing_bars_within_sessions",
    "kwargs": {
        "first_date": {"$PARAMETER": "first_date"},
        "as_of": {"$PARAMETER": "as_of"},
    },
    "severity": "warning",
    "description": "A symbol lacks no bar in the sessions it has; the bar behind a gap is shown.",
}
MARGIN = 0.5  # a price may halve or double its range before the draft complains
FEW = 2e-4  # alarms per bar that a draft may raise on the data it was drawn from
CALENDARS = (
    *("XNYS", "XTSE", "XLON", "XETR", "XPAR", "XAMS", "XSWX", "XTKS", "XHKG", "XASX", "XBOM"),
    *("XKRX", "XSHG", "BVMF", "24/5", "FX", "24/7"),
)
FUTURES = ("CMES",)  # told from an exchange by its hours alone
# What each statistic may be set to: the default first, then ever more tolerant.
LADDERS: dict[str, tuple[str, tuple[float, ...]]] = {
    "expect_no_return_outliers": ("threshold", (8, 10, 12, 15, 20, 30)),
    "expect_no_reversing_spikes": ("threshold", (6, 8, 10, 15, 20)),
    "expect_opening_gaps_to_be_ordinary": ("threshold", (15, 20, 30, 50)),
    "expect_volume_to_agree_with_price": ("multiple", (30, 50, 100, 300)),
    "expect_no_stale_prices": ("sessions", (5, 7, 10, 20)),
}


@dataclass(frozen=True)
class Draft:
    """A suite document, and for each of its entries why it is as it is.

    ``left_out`` are the expectations of the suite stock_data that these bars have no use for, and
    why, by type.
    """

    document: dict[str, Any]
    reasons: tuple[str, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CalendarFit:
    """The calendar of most symbols, those of the others, and how much does not fit.

    That is counted in days, of bars within the day in bars (``unit``).
    """

    calendar: str
    others: dict[str, str] = field(default_factory=dict)
    misfits: int = 0
    unit: str = "dates or sessions"


def draft_suite(
    bars: pd.DataFrame,
    name: str,
    fit: CalendarFit | None = None,
    *,
    written: bool = True,
    whole: bool = True,
) -> Draft:
    """Draft a suite named ``name`` from ``bars`` (symbol, date, open, high, low, close, volume).

    It has the market expectations of the suite ``stock_data``, with the calendar that fits and the
    levels that raise few alarms on these bars, and ranges of close and volume with margins; of bars
    within the day those that make sense for them. What still fails on these bars is suspicious, and
    left for a person to judge. ``fit`` are the calendars where they are known; ``written``: a
    judged bar will say when it was. Bars that are not the ``whole`` of what there is tell no range.
    """
    table = SortedFrame(bars)
    within = table.bar_size == "intraday"
    fit = fit or (fit_hours(table) if within else fit_calendars(bars))
    entries, reasons = [], []
    template = json.loads(read_suite(suite_path(TEMPLATE)).text)["expectations"]
    no_sense = unfit(daily=not within, written=written)
    left_out = {e["type"]: no_sense[e["type"]] for e in template if e["type"] in no_sense}
    kept = [e for e in template if e["type"] not in left_out]
    ranges = _ranges(bars) if whole else ()
    for entry in [*kept, *([WITHIN_THE_DAY] if within else []), *ranges]:
        drafted, reason = _adapted(entry, table, fit)
        entries.append({**drafted, "notes": reason})
        reasons.append(reason)
    document = {"name": name, "id": str(uuid.uuid4()), "meta": {}, "expectations": entries}
    return Draft(document, tuple(reasons), left_out)


def fit_hours(table: SortedFrame) -> CalendarFit:
    """The calendars whose sessions are closest to each symbol's bars within the day."""
    bars, symbols = Bars(table), [str(symbol) for symbol in table.symbols]
    by_calendar = {name: misfits(bars, name) for name in (*CALENDARS, *FUTURES)}
    costs: dict[object, dict[str, int]] = {
        symbol: {name: int(found[code]) for name, found in by_calendar.items()}
        for code, symbol in enumerate(symbols)
    }
    return _fitting(costs, unit="bars")


def fit_calendars(bars: pd.DataFrame) -> CalendarFit:
    """The calendars whose sessions are closest to each symbol's dates."""
    dates = pd.to_datetime(bars["date"], utc=True).dt.tz_convert(None).dt.normalize()
    days = dates.to_numpy("datetime64[D]").astype("int64")
    known = bars["symbol"].notna().to_numpy() & dates.notna().to_numpy()
    if not known.any():
        return CalendarFit("XNYS")
    years = (int(dates.dt.year.min()), int(dates.dt.year.max()))
    sessions = {name: load_sessions(name, *years).days for name in CALENDARS}
    own = pd.Series(days[known]).groupby(bars["symbol"][known].to_numpy(dtype=object)).unique()
    costs = {
        symbol: {name: _misfits(np.sort(mine), all_) for name, all_ in sessions.items()}
        for symbol, mine in own.items()
    }
    return _fitting(costs)


def _fitting(costs: Mapping[object, Mapping[str, int]], **unit: str) -> CalendarFit:
    if not costs:
        return CalendarFit("XNYS")
    best = Counter(_nearest(symbol, cost) for symbol, cost in costs.items())
    usual = best.most_common(1)[0][0]
    others = {str(symbol): better for symbol, better in _better(costs, usual)}
    wrong = sum(cost[others.get(str(symbol), usual)] for symbol, cost in costs.items())
    return CalendarFit(usual, others, wrong, **unit)


def _better(costs: Mapping[object, Mapping[str, int]], usual: str) -> Iterator[tuple[object, str]]:
    """Symbols that another calendar fits clearly better than the usual one."""
    for symbol, cost in costs.items():
        name = _nearest(symbol, cost)
        if cost[usual] > 2 * cost[name] + 3:
            yield symbol, name


def _nearest(symbol: object, cost: Mapping[str, int]) -> str:
    """The calendar that fits best; of several alike the one that the symbol's name speaks for."""
    named = [name for name in calendars_by_name(str(symbol)) if name in cost]
    return min([*named, *cost], key=lambda name: cost[name])


def _misfits(days: np.ndarray[Any, Any], sessions: np.ndarray[Any, Any]) -> int:
    """Dates that are no session, and sessions between the first and last date without a bar."""
    between = sessions[(sessions >= days[0]) & (sessions <= days[-1])]
    return int((~np.isin(days, between)).sum() + (~np.isin(between, days)).sum())


def _adapted(
    entry: Mapping[str, Any], table: SortedFrame, fit: CalendarFit
) -> tuple[dict[str, object], str]:
    """An entry with kwargs that suit the data, and why."""
    implementation = get_expectation_impl(entry["type"])
    kwargs, why = dict(entry["kwargs"]), []
    if issubclass(implementation, BarExpectation):
        if "calendar" in implementation.__fields__:
            kwargs |= {"calendar": fit.calendar, "calendars": fit.others}
            why.append(_calendar_reason(fit))
        if entry["type"] == WITHIN_THE_DAY["type"]:
            kwargs["minutes"], reason = _minutes(table)
            why.append(reason)
        if entry["type"] in LADDERS:
            parameter, level, reason = _level(implementation, kwargs, table)
            kwargs[parameter] = level
            why.append(reason)
    reason = " ".join(why) or entry.get("notes") or "Holds for bars of every market."
    return {**entry, "kwargs": kwargs}, str(reason)


def _calendar_reason(fit: CalendarFit) -> str:
    others = f", {len(fit.others)} symbols keep another one" if fit.others else ""
    return f"{fit.calendar} fits best{others} ({fit.misfits} {fit.unit} do not match)."


def _minutes(table: SortedFrame) -> tuple[int | None, str]:
    """The minutes from bar to bar, where they are the same for all symbols."""
    steps = np.unique(usual_steps(table))
    steps = steps[steps > 0]
    if len(steps) == 1 and steps[0] % MICROSECONDS_PER_MINUTE == 0:
        minutes = int(steps[0] // MICROSECONDS_PER_MINUTE)
        return minutes, f"Every symbol's bars are usually {minutes} minutes apart."
    return None, "Bars are not as far apart in every symbol: each one's own distance counts."


def _level(
    expectation: type[BarExpectation], kwargs: Mapping[str, object], table: SortedFrame
) -> tuple[str, float, str]:
    """The first rung of the ladder that raises few alarms on these bars, else the last."""
    parameter, ladder = LADDERS[expectation.expectation_type]
    allowed = max(1, int(FEW * len(table)))
    judge, alarms = Judge(expectation, kwargs, parameter), 0
    for level in ladder:
        alarms = int(judge.flags(level, table).sum())
        if alarms <= allowed:
            break
    return parameter, level, f"{parameter} {level:g} raises {alarms} alarms on {len(table):,} bars."


def _ranges(bars: pd.DataFrame) -> Iterator[dict[str, object]]:
    for column, severity in (("close", "warning"), ("volume", "info")):
        values = bars[column].replace([np.inf, -np.inf], np.nan).dropna()
        if values.empty:
            continue
        low, high = float(values.quantile(0.0005)), float(values.quantile(0.9995))
        lowest = max(0.0, low * (1 - MARGIN))
        highest = high * (1 + MARGIN)
        yield {
            "type": "expect_column_values_to_be_between",
            "kwargs": {
                "column": column,
                "min_value": float(f"{lowest:.4g}"),
                "max_value": float(f"{highest:.4g}"),
            },
            "severity": severity,
            "description": f"The {column} stays near the range that was seen "
            f"({low:,.6g} to {high:,.6g}).",
            "notes": f"999 of 1,000 bars had a {column} of {low:,.6g} to {high:,.6g}; "
            f"{MARGIN:.0%} of margin.",
        }
