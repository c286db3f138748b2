"""Bars to try a draft of a suite on: those of a run, or a fresh extract."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from typing import Any

import pandas as pd

from gx.errors import ReportError
from gx.gate.asked import NOTHING_ASKED, Asked
from gx.report.document import SymbolDocument, read_document
from gx.report.labels import date_label
from gx.report.sentences import counted
from gx.suite.calendars import Calendars
from gx.suite.strict_json import shown
from gx.web.bodies import Body, RequestFault, texts
from gx.web.guard import Forbidden, User
from gx.web.sources import ListedDataset, RunFiles, Sources
from gx.web.suites.datasets import tryable

MOST_BARS, LAST_RUNS = 2_000_000, 5
# A threshold is tuned on that many bars at most, of so many past runs.
TUNED_BARS, TUNED_RUNS = 200_000, 30
# Of a run in partitions, or of more bars than that: whole symbols, half of them with failures.
SAMPLE_BARS, SAMPLE_SYMBOLS = 200_000, 200


@dataclass(frozen=True)
class Tried:
    """The bars to try a draft on, and how a run would have them judged (see gx.editing.trials).

    ``sample`` says of which part of a run's bars they are; empty when they are all. ``actions`` are
    the splits and dividends that the run knew of.
    """

    bars: pd.DataFrame
    as_of: str | None = None
    asked: Asked = NOTHING_ASKED
    lookback: pd.DataFrame | None = None
    calendars: Calendars | None = None
    sample: str = ""
    actions: pd.DataFrame | None = None


def dataset_asked(
    sources: Sources, user: User, name: str | None, suite: str | None = None
) -> ListedDataset:
    """The dataset of this name, or else the first one of the suite's, or of all.

    Raises RequestFault for one that there is not, and Forbidden for one that is not for the user.
    """
    if name is None:
        first = next(iter(tryable(user, sources, suite or "")), None)
        if first is None:
            raise RequestFault("there is no dataset that can be read")
        return first
    found = next((one for one in sources.datasets() if one.name == name), None)
    if found is None:
        raise RequestFault(f"there is no dataset {shown(name)}")
    if not user.may_read(found.dag_id):
        raise Forbidden(f"{user.name} may not see the workflow {found.dag_id}")
    if found.known is None:
        raise RequestFault(f"the dataset {name} cannot be read: {'; '.join(found.faults)}")
    return found


def last_bars(sources: Sources, dataset: ListedDataset, suite: str) -> Tried | None:
    """The bars of the newest of the last runs that this suite judged and that has its bars still.

    None when none of them has, or they are too many.
    """
    judged = (
        run
        for run in sources.runs()
        if (run.dag_id, run.suite) == (dataset.dag_id, suite) and run.state != "no_verdict"
    )
    for run in islice(judged, LAST_RUNS):
        files = sources.run(run.run_id, dataset.dag_id)
        with suppress(RequestFault, FileNotFoundError):
            if files is not None:
                return _tried(files, dataset)
    return None


@dataclass(frozen=True)
class Past:
    """The bars of past runs, each as the newest of them read it; ``told`` says what they are."""

    bars: pd.DataFrame
    told: str


def past_bars(sources: Sources, dataset: ListedDataset) -> Past:
    """Those of the newest runs that have them still; raises RequestFault when none has.

    No more than `TUNED_BARS`, whole symbols, however many there are.
    """
    found: list[pd.DataFrame] = []
    judged = (run for run in sources.runs() if run.dag_id == dataset.dag_id and run.rows)
    for run in islice(judged, TUNED_RUNS):
        files = sources.run(run.run_id, dataset.dag_id)
        with suppress(RequestFault, FileNotFoundError):
            if files is not None:
                found.append(_bars_of_run(files).bars)
        if sum(map(len, found)) >= TUNED_BARS:
            break
    if not found:
        raise RequestFault(
            f"no run of {dataset.name} has its bars still: run it once, and tune on that"
        )
    bars = pd.concat(found, ignore_index=True).drop_duplicates(["symbol", "date"])
    bars = _some_symbols(bars)
    days = f"{date_label(bars['date'].min())} to {date_label(bars['date'].max())}"
    size = f"{counted(len(bars), 'bar')} of {counted(bars['symbol'].nunique(), 'symbol')}"
    return Past(bars, f"{size}, {days}, of {counted(len(found), 'run')}")


def _some_symbols(bars: pd.DataFrame) -> pd.DataFrame:
    """As many whole symbols as are no more than `TUNED_BARS`; one at least."""
    sizes = bars["symbol"].value_counts()
    upto = sizes.cumsum() <= TUNED_BARS
    return bars[bars["symbol"].isin(sizes.index[upto] if upto.any() else sizes.index[:1])]


def bars_asked(sources: Sources, dataset: ListedDataset, body: Body) -> Tried:
    """Those that a request names: of a ``run_id``, or of symbols and days; raises RequestFault."""
    if "run_id" not in body:
        return _with_calendars(_fresh(sources, dataset, body), dataset)
    files = sources.run(body["run_id"], dataset.dag_id)
    if files is None:
        raise RequestFault("there is no such run")
    return _tried(files, dataset)


def _tried(files: RunFiles, dataset: ListedDataset) -> Tried:
    return _with_calendars(_bars_of_run(files), dataset)


def _with_calendars(tried: Tried, dataset: ListedDataset) -> Tried:
    assert dataset.known is not None
    symbols = {*tried.asked.symbols, *tried.bars["symbol"].dropna().unique()}
    return replace(tried, calendars=dataset.known.calendars_for(symbols))


def _fresh(sources: Sources, dataset: ListedDataset, body: Body) -> Tried:
    symbols = texts(body, "symbols")
    start, end = _day(body, "start"), _day(body, "end")
    try:
        every = symbols or sources.symbols(dataset.name)
        bars = sources.fresh_bars(dataset.name, every, start, end)
    except Exception as error:  # its messages are for people, see Sources.fresh_bars
        raise RequestFault(f"the bars could not be read: {error}") from error
    first, last = (day.isoformat() if day else None for day in (start, end))
    return Tried(_bounded(bars), last, Asked(tuple(symbols), first, last))


def _bars_of_run(files: RunFiles) -> Tried:
    asked = Asked.read(files.steps.get("validate", {}).get("asked"))
    moment = files.summary.as_of or files.summary.started
    few = files.summary.rows <= MOST_BARS
    bars = files.bars() if few else None
    if bars is not None:
        return Tried(_bounded(bars), moment, asked, files.lookback(), actions=files.actions())
    chosen, said = _sampled(files)
    bars = files.bars(chosen) if chosen else None
    if bars is None:
        raise RequestFault("the bars of this run have been cleaned up; choose a fresh extract")
    named = replace(asked, symbols=tuple(one for one in asked.symbols if one in {*chosen}))
    found = Tried(_bounded(bars), moment, named, files.lookback(chosen), sample=said)
    return replace(found, actions=files.actions(chosen))


def _sampled(files: RunFiles) -> tuple[list[str], str]:
    """Symbols of a run to try a draft on, and what they are of it: none without a report.

    Those that failed, the worst first, and of the others as many from all over the list.
    """
    try:
        symbols = read_document(files.report).symbols if files.report else {}
    except ReportError:  # the run's own page says what is wrong with it
        symbols = {}
    there = {name: one for name, one in symbols.items() if name and one.rows}
    bad = sorted((name for name in there if there[name].reasons), key=_worst_first(there))
    failing = list(_within(bad, there, SAMPLE_BARS // 2, SAMPLE_SYMBOLS // 2))
    good = sorted(there.keys() - {*bad})
    room = SAMPLE_BARS - sum(there[name].rows for name in failing)
    usual = sum(there[name].rows for name in good) / max(1, len(good))
    most = int(max(1, min(SAMPLE_SYMBOLS - len(failing), room / max(1, usual))))
    others = good[:: max(1, -(-len(good) // most))]
    said = (
        f"a sample: {len(failing):,} of {len(bad):,} symbols with failures and {len(others):,} of "
        f"{len(good):,} others"
    )
    return [*failing, *others], said


def _worst_first(symbols: Mapping[str, SymbolDocument]) -> Any:
    return lambda name: (symbols[name].verdict != "held", -symbols[name].failing_rows, name)


def _within(
    names: Sequence[str], symbols: Mapping[str, SymbolDocument], bars: int, most: int
) -> Iterator[str]:
    """As many of these as have no more bars; one at least."""
    taken = 0
    for count, name in enumerate(names[:most]):
        taken += symbols[name].rows
        if count and taken > bars:
            return
        yield name


def _bounded(bars: pd.DataFrame) -> pd.DataFrame:
    if bars.empty:
        raise RequestFault("there are no bars of these symbols on these dates")
    if len(bars) > MOST_BARS:
        raise RequestFault(
            f"these are {len(bars):,} bars; choose fewer symbols or dates ({MOST_BARS:,} at most)"
        )
    return bars


def _day(body: Body, key: str) -> date | None:
    given = body.get(key)
    if given in (None, ""):
        return None
    try:
        return date.fromisoformat(given)
    except (TypeError, ValueError):
        raise RequestFault(f"{key} must be a date like 2025-10-05") from None
