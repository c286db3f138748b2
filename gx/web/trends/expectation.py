"""An expectation's page: its failing share over runs, by symbol, and when it was changed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from gx.editing.store import SuiteStore
from gx.editing.waivers import WaiverStore
from gx.errors import GateError
from gx.report.document import OutcomeDocument, ReportDocument
from gx.suite.waivers import Waiver, today
from gx.web.guard import User, page, reader
from gx.web.report.failing import View, positions
from gx.web.sources import Sources
from gx.web.trends.definitions import Definition, definitions
from gx.web.trends.judged import Judged, dataset_asked, latest
from gx.web.trends.line import Point, share_line

MOST_SYMBOLS = 200


@dataclass(frozen=True)
class Asked:
    """What a run found of the expectation; ``share`` is None when it could not be checked."""

    run: Judged
    outcome: OutcomeDocument
    failing: int
    bars: int

    @property
    def share(self) -> float | None:
        """Failing bars per bar that it looked at, 0 to 1."""
        if self.outcome.status in ("error", "missing"):
            return None
        return min(1.0, self.failing / self.bars) if self.bars else 0.0

    @property
    def label(self) -> str:
        """The point in words."""
        if self.share is None:
            return f"{self.run.moment}: it could not be checked"
        return (
            f"{self.run.moment}: {self.failing:,} of {self.bars:,} bars ({100 * self.share:.3g} %)"
        )


@dataclass(frozen=True)
class SymbolLine:
    """In how many of the runs a symbol failed it, and its failing bars in the newest of all."""

    symbol: str
    runs: int
    newest: Judged
    bars: int


async def expectation_page(request: Request) -> Response:
    """What the last runs of a ``dataset`` said of an ``expectation`` (its short name)."""
    user = await reader(request)
    return await run_in_threadpool(_page, request, user)


def _page(request: Request, user: User) -> Response:
    sources: Sources = request.app.state.sources
    dataset = dataset_asked(request, user)
    name = request.query_params.get("expectation", "").strip()
    found = latest(sources, dataset, lambda report: not name or bool(_of(report, name)))
    shared = {"dataset": dataset, "name": name, "found": found}
    if not name or not found.runs:
        known = _names(found.runs[0].report) if found.runs else []
        status = 404 if name else 200
        return page(request, "expectation_search.html", **shared, known=known, status_code=status)
    asked = [_asked(run, name) for run in found.runs]
    suite = found.runs[0].report.suite
    changed, waivers, faults = _kept(sources, suite, name)
    by_symbol = _by_symbol(asked, name)
    points = [
        Point(one.run.summary.started, one.share, one.bars, one.run.summary.path, one.label)
        for one in asked
    ]
    return page(
        request,
        "expectation.html",
        **shared,
        asked=asked,
        suite=suite,
        has_suite=suite in SuiteStore(sources.suites, sources.history).names(),
        definitions=changed,
        chart=share_line(points, [one.time for one in changed]),
        waivers=waivers,
        today=today(),
        faults=faults,
        by_symbol=by_symbol[:MOST_SYMBOLS],
        symbols=len(by_symbol),
    )


def _of(report: ReportDocument, name: str) -> list[OutcomeDocument]:
    """The outcomes of this name: a suite may ask the same of a column twice."""
    return [one for one in report.expectations if one.name == name]


def _names(report: ReportDocument) -> list[str]:
    return sorted({one.name for one in report.expectations})


def _asked(run: Judged, name: str) -> Asked:
    """Of several of one name the worst counts."""
    worst = max(_of(run.report, name), key=_weight)
    bars = run.report.rows if worst.looked_at is None else worst.looked_at
    return Asked(run, worst, worst.unexpected_count, bars)


def _weight(outcome: OutcomeDocument) -> tuple[bool, bool, int]:
    crashed = outcome.status in ("error", "missing")
    return crashed, outcome.status == "failed", outcome.unexpected_count


def _kept(
    sources: Sources, suite: str, name: str
) -> tuple[list[Definition], list[Waiver], list[str]]:
    """When its definition changed, its waivers, and what keeps either from being told."""
    changed: list[Definition] = []
    waivers: list[Waiver] = []
    faults: list[str] = []
    suites = SuiteStore(sources.suites, sources.history)
    store = WaiverStore(sources.waivers, sources.history, sources.suites)
    try:
        if suite in suites.names():
            changed = definitions(suites.versions(suite), name)
    except GateError as error:
        faults.append(str(error))
    try:
        if suite in store.names():
            waivers = [one for one in store.read(suite) if one.expectation == name]
    except GateError as error:
        faults.append(str(error))
    return changed, waivers, faults


def _by_symbol(asked: Sequence[Asked], name: str) -> list[SymbolLine]:
    """The symbols that failed it, in most runs first."""
    failed = [one for one in asked if one.outcome.symbols]
    if not failed:
        return []
    runs = Counter(symbol for one in failed for symbol in one.outcome.symbols)
    newest = {symbol: one.run for one in reversed(failed) for symbol in one.outcome.symbols}
    bars = _bars_by_symbol(failed[0].run, name)
    lines = (SymbolLine(one, runs[one], newest[one], bars.get(one, 0)) for one in runs)
    return sorted(lines, key=lambda line: (-line.runs, -line.bars, line.symbol))


def _bars_by_symbol(run: Judged, name: str) -> Mapping[str, int]:
    """The failing bars of each symbol in one run; none where they are not kept any more."""
    try:
        rows = run.files.failing(["symbol", "expectations"])
    except (FileNotFoundError, pa.ArrowInvalid):
        return {}
    failing = rows["symbol"].take(positions(rows, View(expectation=name)))
    counted = failing.value_counts().to_pylist()
    return {str(one["values"]): one["counts"] for one in counted if one["values"] is not None}
