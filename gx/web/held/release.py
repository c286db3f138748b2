"""What a release would accept: the failures of held bars, as waivers of exactly these bars."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gx.errors import ReportError
from gx.report.document import OutcomeDocument, read_document
from gx.report.labels import date_label
from gx.report.sentences import counted
from gx.suite.waivers import Waiver, today
from gx.symbols import symbol_fault
from gx.terms import BAR_COLUMNS
from gx.web.held.kept import HeldBar, HeldSymbol

if TYPE_CHECKING:
    from gx.web.sources import ListedDataset, RunFiles, Sources

MOST_BARS = 5_000  # that one release accepts: the waivers lie in a file that people review
_NUMBERS = BAR_COLUMNS[2:]
_COLUMNS = ("row", "symbol", "date", *_NUMBERS, "expectations")


@dataclass(frozen=True)
class Release:
    """The waivers that a release makes (as WaiverStore takes them), and what can't be released."""

    waivers: tuple[dict[str, Any], ...]
    obstacles: tuple[str, ...]

    @property
    def failures(self) -> int:
        """How many failures of single bars it accepts."""
        return sum(len(one["bars"]) for one in self.waivers)


@dataclass(frozen=True)
class _Run:
    """What is kept of a run that held bars of a symbol."""

    files: "RunFiles"
    symbol: str

    @cached_property
    def blocking(self) -> list[OutcomeDocument]:
        """The expectations that held back somebody; raises ReportError."""
        return [one for one in read_document(self.files.report or {}).failed if one.blocks]

    @cached_property
    def failing(self) -> Mapping[int, dict[str, Any]]:
        """The failing bars of the symbol by their row in the extract."""
        table = self.files.failing(_COLUMNS)
        mine = table.filter(pc.equal(table["symbol"], self.symbol))
        return {row["row"]: row for row in mine.to_pylist()}

    def whole(self) -> list[str]:
        """Blocking expectations that the symbol misses as a whole, with no bar to blame."""
        blamed = {name for row in self.failing.values() for name in row["expectations"]}
        mine = [one for one in self.blocking if self.symbol in one.symbols]
        return [one.name for one in mine if one.name not in blamed or self.symbol in one.behind]


def release_of(
    sources: "Sources",
    dataset: "ListedDataset",
    found: HeldSymbol,
    days: tuple[date | None, date | None] = (None, None),
) -> Release:
    """What is to be accepted for the held bars of a symbol on these days to be published."""
    symbol = found.symbol
    fault = "have none" if symbol is None else symbol_fault(symbol)
    if symbol is None or fault:
        return Release((), (f"what belongs to no symbol cannot be published: these bars {fault}",))
    if found.bars > MOST_BARS and days == (None, None):
        return Release((), (f"more than {MOST_BARS:,} bars: release them between days",))
    bars = sources.held.bars(dataset.name, symbol, days=days, limit=MOST_BARS + 1)
    if not bars or len(bars) > MOST_BARS:
        many = f"more than {MOST_BARS:,} bars are held" if bars else "no bar is held"
        return Release((), (f"{many} on these days: choose others",))
    obstacles = [*_unpublishable(bars)]
    accepted: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for run_id in dict.fromkeys(one.run_id for one in bars):
        mine = [one for one in bars if one.run_id == run_id]
        files = sources.run(run_id, dataset.dag_id)
        try:
            obstacles += _accept(_Run(files, symbol) if files else None, mine, accepted)
        except (FileNotFoundError, pa.ArrowInvalid, ReportError):
            obstacles.append(f"the report of the run {run_id} cannot be read: judge again first")
    waivers = tuple({**one, "dataset": dataset.name} for one in _waivers(symbol, accepted))
    return Release(waivers, tuple(dict.fromkeys(obstacles)))


def not_yet(wanted: Sequence[dict[str, Any]], there: Sequence[Waiver]) -> list[dict[str, Any]]:
    """Those of the wanted waivers of which nobody has accepted every bar already."""
    now = today()
    known: dict[tuple[str, str | None], list[Any]] = defaultdict(list)
    for one in there:
        if not one.expired(now) and all(one.counts_for(asked["dataset"]) for asked in wanted):
            known[one.expectation, one.symbol] += [
                bar.model_dump(exclude={"after"}) for bar in one.bars
            ]
    return [
        one
        for one in wanted
        if any(bar not in known[one["expectation"], one["symbol"]] for bar in one["bars"])
    ]


def _unpublishable(bars: Sequence[HeldBar]) -> Iterator[str]:
    """What no waiver can get published."""
    undated = sum(one.date is None for one in bars)
    if undated:
        yield f"{counted(undated, 'bar')} without a date: a waiver knows a bar by its date"
    unknown = sum(not all(map(_is_finite, one.numbers)) for one in bars)
    if unknown:
        yield f"{counted(unknown, 'bar')} without a price or volume, or with an infinite one"
    dates = Counter(one.date for one in bars if one.date is not None)
    twice = sum(count > 1 for count in dates.values())
    if twice:
        yield f"{counted(twice, 'date')} with more than one bar: which is right?"


def _accept(
    run: _Run | None, bars: Sequence[HeldBar], accepted: dict[str, list[dict[str, Any]]]
) -> Iterator[str]:
    """Add what has to be accepted of a run's bars; what of it can't be, in words."""
    if run is None or run.files.report is None:
        yield f"nothing is kept of the run {bars[0].run_id}: judge again first"
        return
    for name in run.whole():
        yield f"{run.symbol} as a whole misses {name}: accept that on the run's report"
    blocking = {one.name for one in run.blocking}
    for bar in bars:
        row = run.failing.get(bar.row_number)
        if row is None and bar.failed:
            yield f"the report of the run {bar.run_id} does not have this bar: judge again first"
        # Two expectations may be of one name: a waiver accepts the bar for both.
        for name in dict.fromkeys(row["expectations"] if row else ()):
            if row and name in blocking and bar.date is not None:
                accepted[name].append(_as_waived(row, bar))


def _as_waived(row: Mapping[str, Any], bar: HeldBar) -> dict[str, Any]:
    numbers = dict(zip(_NUMBERS, bar.numbers, strict=True))
    kept = {name: one if _is_finite(one) else None for name, one in numbers.items()}
    return {"date": date_label(row["date"]), **kept}


def _waivers(
    symbol: str, accepted: Mapping[str, Sequence[dict[str, Any]]]
) -> Iterator[dict[str, Any]]:
    for name, bars in accepted.items():
        days = sorted(str(one["date"])[:10] for one in bars)
        yield {
            "expectation": name,
            "symbol": symbol,
            "first_date": days[0],
            "last_date": days[-1],
            "bars": tuple(bars),
        }


def _is_finite(number: float | None) -> bool:
    return number is not None and not pd.isna(number) and math.isfinite(number)
