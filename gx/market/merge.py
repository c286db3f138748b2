"""Put the findings of the market's parts together into the report that one frame would have had."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from great_expectations.core.expectation_validation_result import ExpectationValidationResult

from gx.errors import PartsError
from gx.gate.apart import entries_with_exceptions, judged_as, taken_for
from gx.gate.asked import NOTHING_ASKED, Asked
from gx.gate.counted import found_crash, has_crashed, show_values
from gx.gate.expected import end_remarks, parameters, without_bars
from gx.gate.outcomes import NO_ROWS, Found, missing_outcome, outcome_of
from gx.gate.together import Together
from gx.gate.verdicts import (
    failing_bars,
    failing_rows_of,
    lookback_failing,
    symbol_verdicts,
    with_events,
    with_missing,
)
from gx.gate.waive import waive
from gx.market.part import judge_part
from gx.market.route import MarketEntry
from gx.market.routes import ROUTES
from gx.market.whole import Array, Market, Part, PartDocument, frame_of
from gx.plugins.expectations.declared import with_declared
from gx.plugins.expectations.kernels.bars import BarSize, bar_size_of
from gx.plugins.expectations.kernels.declared import Declared
from gx.report.model import Outcome, QualityReport
from gx.suite.exceptions.table import OWN
from gx.suite.exceptions.variants import pieces_of
from gx.suite.read import Suite
from gx.suite.waivers import Waiver, today

# By row of an entry's table; None of a check without a result, no row without bars.
_Founds = dict[int, Found | None]


@dataclass(frozen=True)
class Merged:
    """The report, and each entry's result as Great Expectations would have given it."""

    report: QualityReport
    results: tuple[ExpectationValidationResult, ...]


def merge(
    parts: Sequence[Part],
    suite: Suite,
    *,
    as_of: str,
    asked: Asked = NOTHING_ASKED,
    waivers: Sequence[Waiver] = (),
) -> Merged:
    """The report over all parts, as ``gx.gate.checkpoint.run`` would have made it of one frame.

    ``as_of``, ``asked`` and ``waivers`` are as there, of the whole market. ``parts`` are in the
    order of the whole extract, by symbol; rows are counted through all of them. No more is held
    than the failing bars, and what the expectations that look across symbols need: 24 bytes a bar
    for copied series, or the columns that a built-in one names.

    Raises PartsError when a part was judged by another suite.
    """
    parts = _of_one_size(_of_one_suite(parts, suite), suite, as_of, asked)
    market = Market(parts, parameters(suite, as_of, asked))
    pieces = pieces_of(suite.expectations)
    found: list[_Founds] = [{} for _ in suite.expectations]
    for number, piece in enumerate(pieces):
        entry = MarketEntry(number, market, piece)
        if entry.parts:
            found[piece.entry][piece.row] = _find(entry, asked)
    told = [one for rows in found for one in rows.values() if one is not None]
    bars = market.bars_at(_all_of(one.rows for one in told))
    judged = _judged(suite, found, market, bars)
    for one in judged:
        if one.found is not None:
            show_values(one.found, bars)
    first, last = market.dates
    outcomes = tuple(one.outcome for one in judged)
    shown = bars if not any(one.bars for one in waivers) else _with_those_before(market, bars)
    waived = waive(outcomes, shown, waivers, today=today(), last_date=last)
    outcomes = waived.outcomes
    failing = failing_rows_of(outcomes)
    bars = bars.loc[failing]
    outcomes = with_events(outcomes, failing, bars, market.places_of(failing))
    before = market.lookback_at(_all_of(one.lookback_rows for one in told))
    verdicts = symbol_verdicts(bars, outcomes, market.sizes)
    report = QualityReport(
        suite=suite.name,
        suite_sha256=suite.sha256,
        suite_text=suite.text,
        rows=market.judged_rows,
        first_date=first,
        last_date=last,
        outcomes=outcomes,
        symbols=with_missing(verdicts, without_bars(suite, as_of, asked, verdicts.keys())),
        failing=failing_bars(bars, outcomes),
        lookback_failing=lookback_failing(before, outcomes),
        weaknesses=(*suite.weaknesses, *end_remarks(suite, market.beyond_their_end)),
        waivers=waived.uses,
    )
    return Merged(report, tuple(o.found.result for o in judged if o.found is not None))


def _with_those_before(market: Market, bars: pd.DataFrame) -> pd.DataFrame:
    """The bars with those before them, where holes begin."""
    rows = bars.index.to_numpy(dtype=np.int64)
    before = rows[rows > 0] - 1
    return market.bars_at(np.unique(np.concatenate([rows, before])))


def market_bar_size(parts: Iterable[Part]) -> BarSize:
    """What the bars of the whole market are: the median of the distances in all parts."""
    counts: dict[int, int] = {}
    date_labels = True
    for part in parts:
        date_labels &= part.document["date_labels"]
        steps, times = part.array("steps"), part.array("step_counts")
        if steps is not None and times is not None:
            for step, count in zip(steps.tolist(), times.tolist(), strict=True):
                counts[step] = counts.get(step, 0) + count
    if not counts:
        return bar_size_of(None, date_labels=date_labels)
    steps = np.array(sorted(counts))
    upto = np.cumsum([counts[step] for step in steps.tolist()])
    middle = np.array([(upto[-1] - 1) // 2, upto[-1] // 2])
    return bar_size_of(
        float(steps[np.searchsorted(upto, middle, side="right")].mean()), date_labels=date_labels
    )


@dataclass(frozen=True)
class _JudgedEntry:
    """An entry's outcome, and what was found of it; None of a check that nobody ran."""

    outcome: Outcome
    found: Found | None


def _judged(
    suite: Suite, found: Sequence[_Founds], market: Market, bars: pd.DataFrame
) -> list[_JudgedEntry]:
    entries = {one.number: one for one in entries_with_exceptions(suite.expectations)}
    symbols = sorted(market.sizes)
    judged = []
    for number, (expectation, rows) in enumerate(zip(suite.expectations, found, strict=True)):
        if number in entries:
            one = Together.of(entries[number], rows, symbols, bars, judged_rows=market.judged_rows)
            result = one.result(expectation.configuration)
            judged.append(_JudgedEntry(one.outcome, Found(result, one.outcome.rows, NO_ROWS, 0)))
            continue
        own = rows[OWN]
        outcome = (
            missing_outcome(expectation)
            if own is None
            else outcome_of(expectation, own, bars, judged_rows=market.judged_rows)
        )
        judged.append(_JudgedEntry(outcome, own))
    return judged


def _find(entry: MarketEntry, asked: Asked) -> Found | None:
    market, piece = entry.market, entry.piece
    symbols = {*market.sizes, *asked.symbols}
    wide = piece.market_wide
    expectation = judged_as(piece, symbols) if wide else piece.expectation
    documents = entry.documents
    for document in documents:
        if has_crashed(document):
            return found_crash(expectation, document["exception_info"])
    found = ROUTES[documents[0]["route"]].of_market(expectation, entry)
    if found is None or not wide:
        return found
    owners = market.bars_at(found.rows)["symbol"]
    before = market.lookback_at(found.lookback_rows)["symbol"]
    ruled = piece.table.ruled(piece.row, market.sizes)
    rows = sum(market.sizes[symbol] for symbol in ruled)
    if piece.row == OWN:  # a bar without a symbol is the entry's own
        rows += market.judged_rows - sum(market.sizes.values())
    return taken_for(piece, found, owners, before, rows)


def _all_of(rows: Iterable[Array]) -> Array:
    return np.unique(np.concatenate([NO_ROWS, *rows]))


def _of_one_suite(parts: Sequence[Part], suite: Suite) -> Sequence[Part]:
    for part in parts:
        if part.document["suite_sha256"] != suite.sha256:
            raise PartsError(
                f"a part was judged by another version of suite {suite.name!r}; "
                "run the check of all partitions again"
            )
    return parts


def _of_one_size(parts: Sequence[Part], suite: Suite, as_of: str, asked: Asked) -> list[Part]:
    """The parts; those are judged again that took their bars for others than the market's are."""
    size = market_bar_size(parts)

    def again(part: Part) -> Part:
        findings = judge_part(
            with_declared(frame_of(part.bars()), part.declared),
            suite,
            as_of=as_of,
            asked=asked,
            lookback=frame_of(part.lookback()),
            bar_size=size,
        )
        return _PartAnew(part, findings.document, findings.arrays)

    return [part if part.document["bar_size"] == size else again(part) for part in parts]


@dataclass(frozen=True)
class _PartAnew:
    """A part whose bars, alone, were taken for bars of another size than the market's are."""

    part: Part
    document: PartDocument
    arrays: Mapping[str, Array]

    @property
    def bars(self) -> Callable[..., pa.Table]:
        return self.part.bars

    @property
    def lookback(self) -> Callable[..., pa.Table]:
        return self.part.lookback

    @property
    def declared(self) -> Declared | None:
        return self.part.declared

    def array(self, name: str) -> Array | None:
        return self.arrays.get(name)
