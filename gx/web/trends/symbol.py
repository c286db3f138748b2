"""A symbol's page: its prices with every flag on them, verdicts, repairs, waivers, what is held."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from gx.editing.waivers import WaiverStore
from gx.errors import WaiverError
from gx.report.document import SymbolDocument
from gx.report.labels import date_label
from gx.report.numbers import told
from gx.suite.waivers import Waiver, today
from gx.terms import SEVERITIES
from gx.web.guard import User, page, reader
from gx.web.held.kept import HeldError, HeldSymbol
from gx.web.report.accepted import RepairsError
from gx.web.report.around import bars_around
from gx.web.report.repairs import Line, lines_of
from gx.web.sources import ListedDataset, Sources
from gx.web.trends.flags import Flag, flag_chart
from gx.web.trends.judged import Judged, dataset_asked, latest

MOST_FLAGS = 200
# Neighbours of a failing bar are read of so many runs; older ones tell of the bar alone.
MOST_NEIGHBOURS = 5


@dataclass(frozen=True)
class Verdict:
    """What a run said of the symbol."""

    run: Judged
    said: SymbolDocument


@dataclass(frozen=True)
class Flagged:
    """A bar that failed in the same way in ``runs`` runs; ``run`` is the newest of them."""

    run: Judged
    row: dict[str, Any]
    runs: int = 1

    @property
    def day(self) -> str:
        """Its date as reports write it."""
        return date_label(self.row["date"]) or "no date"

    @property
    def told(self) -> str:
        """The bar in words."""
        said = "; ".join(self.row["numbers"] or self.row["reasons"])
        return f"{self.day} ({self.row['severity']}): {said}"

    @property
    def same(self) -> tuple[Any, ...]:
        """What makes it another one."""
        numbers = (str(self.row[name]) for name in ("open", "high", "low", "close", "volume"))
        return (self.day, *numbers, *sorted(self.row["expectations"]))


async def symbol_page(request: Request) -> Response:
    """What the last runs of a ``dataset`` said of a ``symbol``."""
    user = await reader(request)
    return await run_in_threadpool(_page, request, user)


def _page(request: Request, user: User) -> Response:
    sources: Sources = request.app.state.sources
    dataset = dataset_asked(request, user)
    symbol = request.query_params.get("symbol", "").strip()
    found = latest(sources, dataset, lambda report: not symbol or symbol in report.symbols)
    shared = {"dataset": dataset, "symbol": symbol, "found": found}
    if not symbol or not found.runs:
        known = sorted(found.runs[0].report.symbols)[:3000] if found.runs else []
        status = 404 if symbol else 200
        return page(request, "symbol_search.html", **shared, known=known, status_code=status)
    verdicts = [Verdict(run, run.report.symbols[symbol]) for run in found.runs]
    flagged, unread = _flagged(verdicts, symbol)
    shown = _with_numbers(_worst_first(flagged)[:MOST_FLAGS], symbol)
    bars, bars_of = _bars(found.runs, symbol)
    waivers, waiver_fault = _waivers(sources, dataset, found.runs, symbol)
    held, held_fault = _held(sources, dataset, symbol)
    repairs, repairs_fault = _repairs(sources, dataset, symbol)
    return page(
        request,
        "symbol.html",
        **shared,
        verdicts=verdicts,
        flagged=shown,
        flags=len(flagged),
        unread=unread,
        chart=flag_chart(bars, _flags(shown)),
        bars_of=bars_of,
        waivers=waivers,
        today=today(),
        faults=[one for one in (waiver_fault, held_fault, repairs_fault) if one],
        held=held,
        repairs=repairs,
        proposing=_proposing(verdicts, symbol),
    )


def _flagged(verdicts: Sequence[Verdict], symbol: str) -> tuple[list[Flagged], int]:
    """Every bar that failed, each way of failing once; and of how many runs they are gone."""
    found: dict[tuple[Any, ...], Flagged] = {}
    unread = 0
    for one in verdicts:
        if not one.said.failing_rows:
            continue
        try:
            rows = one.run.files.failing()
        except (FileNotFoundError, pa.ArrowInvalid):
            unread += 1
            continue
        for row in rows.filter(pc.equal(rows["symbol"], symbol)).to_pylist():
            flag = Flagged(one.run, row)
            first = found.setdefault(flag.same, flag)
            if first is not flag:
                found[flag.same] = replace(first, runs=first.runs + 1)
    return list(found.values()), unread


def _worst_first(flagged: Sequence[Flagged]) -> list[Flagged]:
    """The worst first; of one severity the newest bar."""
    newest = sorted(flagged, key=lambda one: one.day, reverse=True)
    return sorted(newest, key=lambda one: SEVERITIES.index(one.row["severity"]))


def _with_numbers(flagged: Sequence[Flagged], symbol: str) -> list[Flagged]:
    """The same with what their numbers say, in the run that flagged them."""
    numbers: dict[int, list[str]] = {}
    by_run: dict[str, list[int]] = {}
    for at, one in enumerate(flagged):
        by_run.setdefault(one.run.summary.run_id, []).append(at)
    for count, places in enumerate(by_run.values()):
        run = flagged[places[0]].run
        around = _around(run, symbol) if count < MOST_NEIGHBOURS else None
        rows = [flagged[at].row for at in places]
        numbers |= dict(zip(places, told(rows, run.report.expectations, around), strict=True))
    return [replace(one, row={**one.row, "numbers": numbers[at]}) for at, one in enumerate(flagged)]


def _around(run: Judged, symbol: str) -> pd.DataFrame | None:
    try:
        return bars_around(run.files, (symbol,))
    except (FileNotFoundError, pa.ArrowInvalid):
        return None


def _bars(runs: Sequence[Judged], symbol: str) -> tuple[pd.DataFrame | None, Judged | None]:
    """The symbol's bars of the newest run that still has them."""
    for run in runs:
        try:
            bars = run.files.bars((symbol,))
        except (FileNotFoundError, pa.ArrowInvalid):
            continue
        if bars is not None and len(bars):
            return bars, run
    return None, None


def _flags(flagged: Sequence[Flagged]) -> list[Flag]:
    """Those with a date, as marks on the line."""
    return [
        Flag(
            pd.Timestamp(one.row["date"]),
            one.row["close"],
            one.row["severity"],
            one.told,
        )
        for one in flagged
        if not pd.isna(one.row["date"])
    ]


def _waivers(
    sources: Sources, dataset: ListedDataset, runs: Sequence[Judged], symbol: str
) -> tuple[list[tuple[str, Waiver]], str]:
    """The waivers of the suites that judged it which name this symbol, or all."""
    store = WaiverStore(sources.waivers, sources.history, sources.suites)
    suites = {dataset.suite, *(run.report.suite for run in runs)} & set(store.names())
    try:
        found = [(suite, one) for suite in sorted(suites) for one in store.read(suite)]
    except WaiverError as error:
        return [], str(error)
    mine = [one for one in found if one[1].counts_for(dataset.name)]
    return [(suite, one) for suite, one in mine if one.symbol in (None, symbol)], ""


def _held(sources: Sources, dataset: ListedDataset, symbol: str) -> tuple[HeldSymbol | None, str]:
    if not dataset.known or "\0" in symbol:
        return None, ""
    try:
        return sources.held.symbol(dataset.name, symbol), ""
    except HeldError as error:
        return None, f"What is held cannot be told: {error}"


def _proposing(verdicts: Sequence[Verdict], symbol: str) -> str:
    """The path of the newest run, if that proposes repairs of it."""
    newest = verdicts[0].run
    proposed = newest.report.repairs.proposed
    return newest.summary.path if any(one.symbol == symbol for one in proposed) else ""


def _repairs(sources: Sources, dataset: ListedDataset, symbol: str) -> tuple[list[Line], str]:
    """What was accepted of it, those that hold first."""
    if not dataset.known or "\0" in symbol:
        return [], ""
    try:
        return lines_of(sources.repairs.of(dataset.name, [symbol])), ""
    except RepairsError as error:
        return [], f"What is repaired cannot be told: {error}"
