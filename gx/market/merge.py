"""Put the findings of the market's parts together into the report that one frame would have had."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
    ExpectationValidationResult,
)
from great_expectations.expectations.expectation import Expectation
from numpy.typing import NDArray

from gx.engine.batches import memory_batch, suite_of
from gx.errors import PartsError
from gx.gate.asked import NOTHING_ASKED, Asked
from gx.gate.expected import end_remarks, parameters, without_bars
from gx.gate.outcomes import (
    NO_ROWS,
    ROWS_ONLY,
    Found,
    Rows,
    found_in,
    missing_outcome,
    outcome_of,
)
from gx.gate.verdicts import (
    failing_bars,
    failing_rows_of,
    lookback_failing,
    symbol_verdicts,
    with_missing,
)
from gx.market.across import MOVES, Suspects, judge_gross, judge_spellings
from gx.market.part import ROWS, Route, bars_for, judge_part
from gx.plugins.expectations import (
    BarExpectation,
    ExpectNoDuplicatedSeries,
    ExpectNoGrossPriceErrors,
    ExpectNoMarketWideHoles,
    ExpectNoMissingSessions,
    ExpectSymbolsToBeSpacedAlike,
    ExpectSymbolsToBeUnambiguous,
)
from gx.plugins.expectations.kernels.attendance import ARRAYS, Attendance
from gx.plugins.expectations.kernels.bars import (
    BAR_SIZE,
    Bars,
    BarSize,
    SortedFrame,
    bar_size_of,
)
from gx.plugins.expectations.kernels.holes import Absences, judge_holes, judge_missing
from gx.plugins.expectations.kernels.market_moves import Moves
from gx.plugins.expectations.kernels.symbols import judge_spaces, judge_symbols
from gx.plugins.expectations.kernels.twins import Windows, judge_windows
from gx.plugins.expectations.lookback import with_lookback
from gx.plugins.expectations.session_expectations import AttendanceExpectation
from gx.report.model import QualityReport
from gx.suite.custom import is_custom
from gx.suite.fitting import fit
from gx.suite.read import Suite
from gx.terms import BAR_COLUMNS

LISTED = 50
SAMPLED = 20
NO_EXCEPTION = {"raised_exception": False, "exception_message": None, "exception_traceback": None}


class Part(Protocol):
    """One part of the market, read piece by piece as it is asked for."""

    @property
    def document(self) -> Mapping[str, Any]:
        """What ``judge_part`` said of it."""

    def array(self, name: str) -> NDArray[Any] | None:
        """One of its arrays; None when it has none of this name."""

    def bars(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Its bars, in the order in which they were judged; all columns, or these."""

    def lookback(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The bars before the range that were judged with them."""


@dataclass(frozen=True)
class Merged:
    """The report, and each entry's result as Great Expectations would have given it."""

    report: QualityReport
    results: tuple[ExpectationValidationResult, ...]


def merge(
    parts: Sequence[Part], suite: Suite, *, as_of: str, asked: Asked = NOTHING_ASKED
) -> Merged:
    """The report over all parts, as ``gx.gate.checkpoint.run`` would have made it of one frame.

    ``as_of`` and ``asked`` are as there, of the whole market. ``parts`` are in the order of the
    whole extract, by symbol; rows are counted through all of them. No more is held than the failing
    bars, and what the expectations that look across symbols need: 24 bytes a bar for copied series,
    or the columns that a built-in one names.

    Raises PartsError when a part was judged by another suite.
    """
    for part in parts:
        if part.document["suite_sha256"] != suite.sha256:
            raise PartsError(
                f"a part was judged by another version of suite {suite.name!r}; "
                "run the check of all partitions again"
            )
    size = market_bar_size(parts)
    parts = [
        part
        if part.document["bar_size"] == size
        else _judged_again(part, suite, as_of, asked, size)
        for part in parts
    ]
    market, given = _Market(parts), parameters(suite, as_of, asked)
    found = [
        _find(expectation, number, market, given)
        for number, expectation in enumerate(suite.expectations)
    ]
    results = [one for one in found if one is not None]
    bars = market.bars_at(np.unique(np.concatenate([NO_ROWS, *(one.rows for one in results)])))
    outcomes = tuple(
        missing_outcome(expectation)
        if one is None
        else outcome_of(expectation, one, bars, judged=market.judged)
        for expectation, one in zip(suite.expectations, found, strict=True)
    )
    for one in results:
        _show_values(one, bars)
    bars = bars.loc[failing_rows_of(outcomes)]
    doubted = np.unique(np.concatenate([NO_ROWS, *(one.lookback_rows for one in results)]))
    verdicts = symbol_verdicts(bars, outcomes, market.sizes)
    report = QualityReport(
        suite=suite.name,
        suite_sha256=suite.sha256,
        suite_text=suite.text,
        rows=market.judged,
        first_date=min(market.every("first_date"), default=None),
        last_date=max(market.every("last_date"), default=None),
        outcomes=outcomes,
        symbols=with_missing(verdicts, without_bars(suite, as_of, asked, verdicts.keys())),
        failing=failing_bars(bars, outcomes),
        lookback_failing=lookback_failing(market.lookback_at(doubted), outcomes),
        weaknesses=(*suite.weaknesses, *end_remarks(suite, market.beyond_their_end)),
    )
    return Merged(report, tuple(one.result for one in results))


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


class _Market:
    """All parts, and where the rows of each are in the whole."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = parts
        self.sizes = {s: n for part in parts for s, n in part.document["sizes"].items()}
        self._bars = _Span.of([part.document["rows"] for part in parts])
        self._lookback = _Span.of([part.document["lookback_rows"] for part in parts])
        self.judged = sum(span.length for span in self._bars)

    @property
    def beyond_their_end(self) -> dict[str, str]:
        """Symbols that have ended, and the newest of their later bars."""
        return {
            s: day for part in self.parts for s, day in part.document["beyond_their_end"].items()
        }

    def every(self, name: str) -> list[Any]:
        return [part.document[name] for part in self.parts if part.document[name] is not None]

    def rows(self, name: str) -> Rows:
        """Positions in the whole of the rows that an array of each part names."""
        return _placed([part.array(name) for part in self.parts], self._bars)

    def lookback_rows(self, name: str) -> Rows:
        """The same in the whole of the lookback."""
        return _placed([part.array(name) for part in self.parts], self._lookback)

    def split(self, rows: Sequence[Rows]) -> tuple[Rows, Rows]:
        """Of the rows of each part's table, the judged ones, and those new enough to be told."""
        judged, doubted = [], []
        for mine, part, span in zip(rows, self.parts, self._bars, strict=True):
            judged.append(mine[mine < span.length])
            doubted.append(np.intersect1d(mine, _needed(part, "newest")) - span.length)
        return _placed(judged, self._bars), _placed(doubted, self._lookback)

    def bars_at(self, rows: Rows) -> pd.DataFrame:
        """The bars at these positions, which index the frame."""
        return _taken([part.bars for part in self.parts], self._bars, rows)

    def lookback_at(self, rows: Rows) -> pd.DataFrame:
        """The same of the lookback."""
        return _taken([part.lookback for part in self.parts], self._lookback, rows)

    def columns(self, names: Sequence[str] | None, *, lookback: bool) -> pd.DataFrame:
        """Some columns of all parts, or all of them, as one batch; with their lookback if asked."""
        if names is not None and not names:
            return pd.DataFrame(index=pd.RangeIndex(self.judged))
        bars = _frame(pa.concat_tables([part.bars(names) for part in self.parts]))
        if not lookback:
            return bars
        before = _frame(pa.concat_tables([part.lookback(names) for part in self.parts]))
        return with_lookback(bars, before)


@dataclass(frozen=True)
class _Span:
    """Where a part's rows are in the whole."""

    start: int
    length: int

    @classmethod
    def of(cls, lengths: Sequence[int]) -> list["_Span"]:
        return [cls(*pair) for pair in zip(accumulate([0, *lengths[:-1]]), lengths, strict=True)]


def _placed(rows: Sequence[Rows | None], spans: Sequence[_Span]) -> Rows:
    """Positions in the whole of each part's rows, in order."""
    found = [
        np.sort(mine) + span.start
        for mine, span in zip(rows, spans, strict=True)
        if mine is not None
    ]
    return np.concatenate([NO_ROWS, *found])


def _taken(
    readers: Sequence[Callable[..., pa.Table]], spans: Sequence[_Span], rows: Rows
) -> pd.DataFrame:
    """The bars at these positions of the whole; no part is read that has none of them."""
    found: list[pd.DataFrame] = []
    for read, span in zip(readers, spans, strict=True):
        mine = rows[(rows >= span.start) & (rows < span.start + span.length)]
        if len(mine) or not found:
            frame = _frame(read(BAR_COLUMNS).take(pa.array(mine - span.start)))
            found.append(frame.set_axis(mine, axis=0))
    return pd.concat(found)


def _find(
    expectation: Expectation, number: int, market: _Market, given: Mapping[str, Any]
) -> Found | None:
    entries = [part.document["entries"][number] for part in market.parts]
    raised = [entry for entry in entries if _raised(entry)]
    if raised:
        crash = _result(expectation, False, {}, raised[0]["exception_info"])
        return Found(crash, NO_ROWS, NO_ROWS, looked_at=0)
    route = entries[0]["route"]
    if route == Route.COLUMNS:
        return _in_columns(expectation, market, given)
    if route == Route.MARKET:
        return _across(expectation, number, entries, market, given)
    if any("result" not in entry for entry in entries):
        return None
    if route == Route.SCHEMA:
        first = entries[0]
        said = _result(expectation, first["success"], first["result"])
        return Found(said, NO_ROWS, NO_ROWS, looked_at=market.judged)
    rows, doubted = market.rows(f"{number}.rows"), market.lookback_rows(f"{number}.lookback")
    result = _summed([entry["result"] for entry in entries])
    details = _details(entries, market.parts)
    return _counted(expectation, result | ({"details": details} if details else {}), rows, doubted)


def _across(
    expectation: Expectation,
    number: int,
    entries: Sequence[Mapping[str, Any]],
    market: _Market,
    given: Mapping[str, Any],
) -> Found:
    """Judge an expectation that looks across symbols by what each part says of itself."""
    assert isinstance(expectation, BarExpectation)
    fails = False
    not_judged = sum(entry["not_judged"] for entry in entries)
    if isinstance(expectation, ExpectNoDuplicatedSeries):
        rows, details = judge_windows(
            [_windows(part, number) for part in market.parts], sessions=expectation.sessions
        )
    elif isinstance(expectation, ExpectNoGrossPriceErrors):
        found = judge_gross(expectation, _suspects(expectation, number, market.parts))
        rows, details = found.rows, found.details
    elif isinstance(expectation, ExpectSymbolsToBeUnambiguous | ExpectSymbolsToBeSpacedAlike):
        is_spaced = isinstance(expectation, ExpectSymbolsToBeSpacedAlike)
        found = judge_spellings(
            (judge_spaces if is_spaced else judge_symbols)([entry["symbols"] for entry in entries]),
            [entry["symbols"] for entry in entries],
            lambda place: _all_rows(market.parts[place], ["symbol"])["symbol"],
        )
        rows, details = found.rows, found.details
    else:
        assert isinstance(expectation, AttendanceExpectation)
        if all(part.document["bar_size"] == "longer" for part in market.parts):
            absences = Absences([NO_ROWS for _ in market.parts], {}, fails=False)
        else:
            not_judged, absences = 0, _absences(expectation, number, market, given)
        rows, details, fails = absences.rows, absences.details, absences.fails
    failing, doubted = market.split(rows)
    result = {
        "element_count": market.judged,
        "missing_count": 0,
        "unexpected_count": len(failing),
        "details": {"not_judged_symbols": not_judged, **details},
    }
    doubted = doubted if expectation.doubting else NO_ROWS
    return _counted(expectation, result, failing, doubted, fails=fails)


def _in_columns(
    expectation: Expectation, market: _Market, given: Mapping[str, Any]
) -> Found | None:
    """Judge an expectation on the columns that it names, read from all parts."""
    columns = market.columns(
        _columns_of(expectation, market.parts[0]), lookback=isinstance(expectation, BarExpectation)
    )
    result = memory_batch(columns).validate(
        suite_of("columns", fit([expectation], columns, given)), result_format=ROWS_ONLY
    )
    assert isinstance(result, ExpectationSuiteValidationResult)
    if not result.results:
        return None
    (found,) = result.results
    rows = np.array(sorted(found.result.pop(ROWS, ())), dtype=np.int64)
    return found_in(columns, found, NO_ROWS if found.success else rows)


def _columns_of(expectation: Expectation, part: Part) -> list[str] | None:
    """The columns that an expectation names; None, all of them, where it may name others."""
    if expectation.configuration.kwargs.get("row_condition"):
        return None
    named = [getattr(expectation, key, None) for key in ("column", "column_A", "column_B")]
    named += getattr(expectation, "column_list", None) or []
    if is_custom(type(expectation)):
        needed = getattr(expectation, "needs_columns", None)
        if needed is None:
            return None
        named += needed
    return [name for name in part.document["columns"] if name in named]


def _counted(
    expectation: Expectation,
    result: dict[str, Any],
    rows: Rows,
    doubted: Rows,
    *,
    fails: bool = False,
) -> Found:
    """Judge by the counts over all parts, as Great Expectations does by those of one batch."""
    missing = result.get("missing_count") or 0
    considered, unexpected = result["element_count"] - missing, result["unexpected_count"]
    share = unexpected / considered if considered else None
    mostly = getattr(expectation, "mostly", 1.0)
    # In these very steps, so that no rounding tells the two apart.
    met = not considered or (float(considered) - float(unexpected)) / considered >= mostly
    success = met and not fails
    result["unexpected_percent"] = None if share is None else 100 * share
    if "missing_count" in result:
        total = result["element_count"]
        result["missing_percent"] = missing / total * 100 if total else None
        result["unexpected_percent_total"] = unexpected / total * 100 if total else None
        result["unexpected_percent_nonmissing"] = result["unexpected_percent"]
    failing = NO_ROWS if success else rows
    return Found(_result(expectation, success, result), failing, doubted, looked_at=considered)


def _summed(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    counts = ("element_count", "missing_count", "unexpected_count")
    return {
        name: sum(result[name] for result in results)
        for name in counts
        if all(name in result for result in results)
    }


def _details(entries: Sequence[Mapping[str, Any]], parts: Sequence[Part]) -> dict[str, Any]:
    """Add up the parts' details: counts are summed, lists put one behind the other."""
    merged: dict[str, Any] = {}
    behind: dict[str, list[Any]] = {}
    for entry, part in zip(entries, parts, strict=True):
        for name, value in (entry["result"].get("details") or {}).items():
            if not isinstance(value, list):
                merged[name] = merged.get(name, 0) + value
                continue
            # One frame would number the symbols of which there is only lookback last.
            judged = part.document["sizes"]
            merged.setdefault(name, []).extend(v for v in value if v["symbol"] in judged)
            behind.setdefault(name, []).extend(v for v in value if v["symbol"] not in judged)
    for name, listed in behind.items():
        merged[name] = [*merged[name], *listed][:LISTED]
    return merged


def _result(
    expectation: Expectation,
    success: bool,
    result: Mapping[str, Any],
    exception_info: Mapping[str, Any] | None = None,
) -> ExpectationValidationResult:
    return ExpectationValidationResult(
        success=success,
        expectation_config=expectation.configuration,
        result=dict(result),
        exception_info=dict(exception_info or NO_EXCEPTION),
        meta={},
    )


def _show_values(found: Found, bars: pd.DataFrame) -> None:
    """Give a failed result the first values that failed, for its page."""
    kwargs = found.result.expectation_config.kwargs if found.result.expectation_config else {}
    rows = found.rows[:SAMPLED]
    if len(rows) and kwargs.get("column") in bars:
        values = bars.loc[rows, kwargs["column"]].tolist()
        found.result.result["partial_unexpected_list"] = values
        found.result.result["partial_unexpected_index_list"] = rows.tolist()


def _raised(entry: Mapping[str, Any]) -> bool:
    info = entry.get("exception_info") or {}
    return any(
        one.get("raised_exception")
        for one in (info, *(v for v in info.values() if isinstance(v, Mapping)))
    )


def _windows(part: Part, number: int) -> Windows:
    entry = part.document["entries"][number]
    sums, ends, code, order = (
        _needed(part, f"{number}.{name}") for name in ("sums", "ends", "code", "order")
    )
    rows = part.document["rows"] + part.document["lookback_rows"]
    symbols, judged = tuple(entry["symbols"]), entry["judged_symbols"]
    return Windows(rows, sums, ends, code, order, symbols, judged)


def _absences(
    expectation: AttendanceExpectation,
    number: int,
    market: _Market,
    given: Mapping[str, Any],
) -> Absences:
    said = [_attendance(part, number) for part in market.parts]
    (fitted,) = fit([expectation], pd.DataFrame(), given)
    assert isinstance(fitted, AttendanceExpectation)
    if isinstance(fitted, ExpectNoMarketWideHoles):
        return judge_holes(said, fitted.wanted, percent=fitted.percent)
    assert isinstance(fitted, ExpectNoMissingSessions)
    return judge_missing(said, fitted.wanted, allowed=fitted.allowed)


def _attendance(part: Part, number: int) -> tuple[Attendance, ...]:
    return tuple(
        Attendance(
            calendar,
            tuple(symbols),
            *(_needed(part, f"{number}.{place}.{name}") for name in ARRAYS),
        )
        for place, (calendar, symbols) in enumerate(part.document["entries"][number]["calendars"])
    )


def _suspects(
    expectation: ExpectNoGrossPriceErrors, number: int, parts: Sequence[Part]
) -> Suspects:
    return Suspects(
        moves=tuple(
            Moves(*(_needed(part, f"{number}.{name}") for name in MOVES)) for part in parts
        ),
        rows=tuple(_needed(part, f"{number}.rows") for part in parts),
        bars=lambda place: _bars_of(expectation, parts[place]),
    )


def _bars_of(expectation: BarExpectation, part: Part) -> Bars:
    """A part's bars as they were judged, with the columns that an expectation needs."""
    frame = _all_rows(part, expectation.column_list)
    frame.attrs[BAR_SIZE] = part.document["bar_size"]
    return bars_for(expectation, SortedFrame(frame))


def _all_rows(part: Part, columns: Sequence[str]) -> pd.DataFrame:
    """Some columns of a part's rows, as it numbers them: its bars, then its lookback."""
    return _frame(pa.concat_tables([part.bars(columns), part.lookback(columns)]))


def _needed(part: Part, name: str) -> NDArray[Any]:
    found = part.array(name)
    if found is None:
        raise PartsError(f"a part's findings lack {name!r}; run the check of that partition again")
    return found


@dataclass(frozen=True)
class _Again:
    """A part whose bars, alone, were taken for bars of another size than the market's are."""

    part: Part
    document: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]

    @property
    def bars(self) -> Callable[..., pa.Table]:
        return self.part.bars

    @property
    def lookback(self) -> Callable[..., pa.Table]:
        return self.part.lookback

    def array(self, name: str) -> NDArray[Any] | None:
        return self.arrays.get(name)


def _judged_again(part: Part, suite: Suite, as_of: str, asked: Asked, size: BarSize) -> Part:
    findings = judge_part(
        _frame(part.bars()),
        suite,
        as_of=as_of,
        asked=asked,
        lookback=_frame(part.lookback()),
        bar_size=size,
    )
    return _Again(part, findings.document, findings.arrays)


def _frame(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas(date_as_object=False)
    return frame
