"""Print a report to a terminal."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gx.report.columns import UNBOUNDED, TextColumn, printable, table_lines
from gx.report.labels import date_label
from gx.report.model import Outcome, QualityReport
from gx.report.sentences import counted
from gx.report.view import ended_line

_Bar = Mapping[Any, Any]
WORST_ROWS = 20
WORST_SCANNED = 2_000  # failing bars that are put together as events
_PRICES = ("open", "high", "low", "close", "volume")
_COLUMNS = (
    *(TextColumn("symbol"), TextColumn("date")),
    *(TextColumn(name, numbers=True) for name in _PRICES),
    TextColumn("failed", sentences=True),
)


def report_lines(report: QualityReport, width: int = UNBOUNDED) -> Iterator[str]:
    """The report as lines: what failed, the worst failing bars, what was skipped, the verdict.

    Where the suite is weak stands above, what became of published bars below. The bars are laid out
    for lines of this ``width``; sentences are left to the terminal to wrap.
    """
    span = f"{report.first_date} to {report.last_date}" if report.first_date else "no dates"
    yield (
        f"{report.rows:,} bars of {len(report.symbols):,} symbols, {span}; "
        f"suite {report.suite}: {report.passed} of {len(report.outcomes)} expectations met"
    )
    yield from (f"  weak      {weakness}" for weakness in report.weaknesses)
    if report.failed:
        yield ""
        yield from (_failure(outcome) for outcome in report.failed)
    if len(report.failing):
        yield ""
        yield from _bars(report.failing, width, report.outcomes)
    yield from _absent(report)
    yield from _of_published(report)
    yield from _waived(report)
    yield from _by_symbol(report)
    yield from _skipped(report)
    yield ""
    yield report.sentence


def _failure(outcome: Outcome) -> str:
    named = [printable(symbol) for symbol in outcome.symbols[:4]]
    where = ", ".join(named) + (", …" if len(outcome.symbols) > 4 else "")
    bars = "bar " if outcome.unexpected_count == 1 else "bars"
    size = f"{outcome.unexpected_count:,} {bars}" if outcome.unexpected_count else ""
    what = outcome.description
    if outcome.status == "error":
        what += f" (could not be checked: {outcome.exception})"
    elif outcome.status == "missing":
        what += " (was never checked)"
    elif outcome.observed:
        what += f" ({outcome.observed})"
    if 0 < outcome.event_count < outcome.unexpected_count:
        where += f" ({counted(outcome.event_count, 'event')})"
    return f"  {outcome.weight:<9}{size:>13}  {what}{f'  {where}' if where else ''}"


def _bars(failing: pd.DataFrame, width: int, outcomes: Sequence[Outcome] = ()) -> Iterator[str]:
    """The worst bars; those that follow each other, for one cause, are a line with the first."""
    shown = list(_together(failing, outcomes))[:WORST_ROWS]
    rows = [
        (
            _text(bars[0]["symbol"]),
            _days([date_label(bar["date"]) or "NULL" for bar in bars]),
            *(_number(bars[0][name]) for name in _PRICES),
            " ".join(bars[0]["reasons"]),
        )
        for bars in shown
    ]
    yield from table_lines(_COLUMNS, rows, width)
    if (left := len(failing) - sum(map(len, shown))) > 0:
        yield f"  … and {left:,} more failing bars (--json, --html)"


def _together(failing: pd.DataFrame, outcomes: Sequence[Outcome]) -> Iterable[list[_Bar]]:
    """The worst bars, those of one event of the first expectation that they fail together."""
    spans = defaultdict(list)
    for outcome in outcomes:
        for event in outcome.events.listed(WORST_SCANNED):
            if event.bars > 1:
                span = event.first_date or "", event.last_date or ""
                spans[outcome.name, event.symbol].append(span)
    found: dict[object, list[_Bar]] = defaultdict(list)
    for number, bar in enumerate(failing.head(WORST_SCANNED).to_dict("records")):
        name, day = next(iter(bar.get("expectations", [])), ""), date_label(bar["date"]) or ""
        own = spans.get((name, _text(bar["symbol"])), [])
        within = next((span for span in own if span[0] <= day <= span[1]), None)
        found[(bar["symbol"], name, within) if within else number].append(bar)
    return found.values()


def _days(days: list[str]) -> str:
    """``2025-10-05``, or ``2025-10-05 to 2025-10-20 (12)``."""
    return days[0] if len(days) == 1 else f"{min(days)} to {max(days)} ({len(days):,})"


def _absent(report: QualityReport) -> Iterator[str]:
    if report.missing or report.ended:
        yield ""
    for symbol in report.missing[:WORST_ROWS]:
        yield f"  missing   {symbol}: {' '.join(report.symbols[symbol].reasons)}"
    if report.ended:
        yield f"  behind    if one trades no more, say so in the suite's meta: {ended_line(report)}"


def _of_published(report: QualityReport) -> Iterator[str]:
    if report.doubtful or report.removed:
        yield ""
    for doubt in report.doubtful[:WORST_ROWS]:
        said = f"{doubt.symbol} {doubt.date}, published on {doubt.published_at[:10]}"
        yield f"  doubtful  {said} by run {doubt.published_by}: {' '.join(doubt.reasons)}"
    for gone in report.removed[:WORST_ROWS]:
        held = "; the symbol is held" if gone.held else ""
        yield f"  gone      {gone.symbol}: {gone.bars:,} of {gone.published:,} published bars{held}"


def _waived(report: QualityReport) -> Iterator[str]:
    if report.waivers:
        yield ""
    for one in report.waivers:
        if one.is_in_force:
            size = counted(one.failures, "failure")
            yield (
                f"  waived    {size} of {one.expectation}, {one.whose}, until {one.expires} by "
                f"{one.author}: {one.reason}"
            )
        if one.remark:
            yield f"  waiver    {one.remark}"


def _by_symbol(report: QualityReport) -> Iterator[str]:
    """What differs by symbol in expectations with exceptions; what is off always."""
    apart = [outcome for outcome in report.outcomes if outcome.exceptions]
    if apart:
        yield ""
    for outcome in apart:
        yield f"  exceptions of {outcome.name}"
        for one in outcome.exceptions:
            yield f"    {printable(one.sentence)}"


def _skipped(report: QualityReport) -> Iterator[str]:
    skipped = [outcome for outcome in report.outcomes if outcome.status == "skipped"]
    if skipped:
        yield ""
    for outcome in skipped:
        yield f"  skipped  {outcome.description} ({outcome.observed})"


def _number(value: Any) -> str:
    """All the digits that tell it from any other number; powers of ten only where they run away."""
    if pd.isna(value):
        return "NULL"
    size = abs(float(value))
    if size and not 1e-12 <= size < 1e16:
        return f"{value:,.10g}"
    whole, point, rest = np.format_float_positional(size, trim="-").partition(".")
    return f"{'-' if value < 0 else ''}{int(whole):,}{point}{rest}"


def _text(value: Any) -> str:
    return "NULL" if pd.isna(value) else str(value)
