"""Judge an entry with exceptions: for each row of its table the bars of the symbols that it rules.

What an expectation says of a symbol by its own bars it says of these bars alone, as a copy with a
row condition would. One that looks across symbols judges all bars, by each row's settings, and of
what it finds a row has what is found of its symbols.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from numpy.typing import NDArray

from gx.engine.batches import (
    ROWS_ONLY,
    FrameBatch,
    entry_key,
    exception_of,
    expectation_key,
    result_key,
    suite_of,
)
from gx.engine.validator import JUDGED_APART
from gx.gate.counted import found_by_counts, show_values
from gx.gate.outcomes import NO_ROWS, Found, all_failing, found_in
from gx.gate.together import Entry, Together
from gx.plugins.expectations import BarExpectation
from gx.plugins.expectations.declared import with_declared
from gx.plugins.expectations.kernels.bars import BAR_SIZE, BarSize
from gx.plugins.expectations.kernels.declared import DECLARED
from gx.plugins.expectations.lookback import LOOKBACK, Lookback, sort_bars, with_lookback
from gx.report.model import Outcome
from gx.suite.exceptions.table import OWN, Table
from gx.suite.exceptions.variants import Piece, changed, pieces_of, with_calendars_named
from gx.suite.fitting import fit

Places = NDArray[np.int64]


class JudgedApart:
    """What is found of the entries with exceptions in a frame, which must not change.

    It travels in the frame's ``attrs``, so that a checkpoint has it too; pandas copies these, but
    not this.
    """

    def __init__(
        self, frame: pd.DataFrame, entries: Sequence[Entry], parameters: Mapping[str, Any]
    ) -> None:
        """Hold the frame as it is now, and the values of the suite's parameters."""
        self.frame = frame.copy(deep=False)
        self.frame.attrs = dict(frame.attrs)
        self.parameters = parameters
        self._entries = entries

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self

    @property
    def outcomes(self) -> dict[int, Outcome]:
        """The outcome of each entry, by its place in the suite."""
        return {number: one.outcome for number, one in self._together.items()}

    def answer(self, configuration: ExpectationConfiguration) -> ExpectationValidationResult | None:
        """The result of an expectation that has exceptions, as it was fitted to the frame."""
        number = self._numbers.get(expectation_key(configuration.type, configuration.kwargs))
        if number is None:
            return None
        together = self._together[number]
        found = Found(together.result(configuration), together.outcome.rows, NO_ROWS, 0)
        show_values(found, self.frame)
        return found.result

    @cached_property
    def _numbers(self) -> dict[str, int]:
        fitted = fit([one.expectation for one in self._entries], self.frame, self.parameters)
        return {
            entry_key(one): entry.number for one, entry in zip(fitted, self._entries, strict=True)
        }

    @cached_property
    def _together(self) -> dict[int, Together]:
        pieces = [piece for entry in self._entries for piece in entry.pieces]
        found = _found(self.frame, pieces, self.parameters)
        symbols = sorted(map(str, self.frame["symbol"].dropna().unique()))
        return {
            entry.number: Together.of(
                entry, found[entry.number], symbols, self.frame, judged_rows=len(self.frame)
            )
            for entry in self._entries
        }


def with_exceptions_apart(
    frame: pd.DataFrame,
    expectations: Sequence[Expectation],
    parameters: Mapping[str, Any],
    skipped: Container[str] = (),
) -> JudgedApart | None:
    """Have the frame's entries with exceptions judged apart; None where a suite has none.

    Entries of the types ``skipped`` are left out.
    """
    found = entries_with_exceptions(expectations)
    entries = [one for one in found if one.expectation.expectation_type not in skipped]
    if not entries or "symbol" not in frame:
        return None
    apart = JudgedApart(frame, entries, parameters)
    frame.attrs[JUDGED_APART] = apart
    return apart


def entries_with_exceptions(expectations: Sequence[Expectation]) -> tuple[Entry, ...]:
    """The entries of a suite that have a table."""
    pieces = pieces_of(expectations)
    return tuple(
        Entry(number, expectation, mine)
        for number, expectation in enumerate(expectations)
        if not (mine := tuple(one for one in pieces if one.entry == number))[0].alone
    )


@dataclass(frozen=True)
class Share:
    """The bars of some symbols, as a frame of their own, and where they are in the whole one."""

    frame: pd.DataFrame
    rows: Places
    lookback: Places

    @classmethod
    def of(cls, whole: pd.DataFrame, table: Table, row: int, bar_size: BarSize | None) -> Self:
        """Those that a row of a table rules; what bars the whole has, a share does not tell."""
        held: Lookback | None = whole.attrs.get(LOOKBACK)
        before = whole.iloc[:0] if held is None else held.frame
        rows = np.flatnonzero(table.ruling_each(whole["symbol"]) == row)
        lookback = np.flatnonzero(table.ruling_each(before["symbol"]) == row)
        bars = whole.iloc[rows]
        bars.attrs = {}
        bars = with_declared(bars, whole.attrs.get(DECLARED))
        return cls(with_lookback(bars, before.iloc[lookback], bar_size), rows, lookback)

    @property
    def is_empty(self) -> bool:
        """Has it neither bars nor bars before them?"""
        return not len(self.rows) and not len(self.lookback)

    def validated(
        self, pieces: Sequence[Piece], whole: pd.DataFrame, parameters: Mapping[str, Any]
    ) -> Iterator[tuple[Piece, ExpectationValidationResult | None]]:
        """The result of each piece on this share of the ``whole``, None of one without."""
        fitted = fit(map(judged_as, pieces), whole, parameters)
        results = _validated(self.frame, fitted)
        for piece, one in zip(pieces, fitted, strict=True):
            yield piece, results.get(entry_key(one))

    def found(self, result: ExpectationValidationResult, piece: Piece) -> Found:
        """What a result on the share says, in places of the whole."""
        own = found_in(self.frame, result, failing_rows(result))
        lookback = self.lookback[own.lookback_rows] if is_doubting(piece) else NO_ROWS
        return Found(result, self.rows[own.rows], lookback, own.looked_at)


def shares(
    whole: pd.DataFrame, pieces: Iterable[Piece], bar_size: BarSize | None
) -> Iterator[tuple[Share, list[Piece]]]:
    """The bars of each group of pieces that are of the same symbols; none of one without bars.

    Without any bar at all an entry's own settings are judged.
    """
    groups: dict[tuple[object, ...], list[Piece]] = {}
    for piece in pieces:
        patterns = tuple(row.symbols for row in piece.table.rows)
        groups.setdefault((patterns, piece.row), []).append(piece)
    for (_, row), group in groups.items():
        share = Share.of(whole, group[0].table, group[0].row, bar_size)
        if not share.is_empty or (row == OWN and whole.empty):
            yield share, group


def failing_rows(result: ExpectationValidationResult) -> Places:
    """The failing rows of a result that has all of them; none of one that was met."""
    rows = None if result.success else all_failing(result)
    return NO_ROWS if rows is None else np.array(sorted(rows), dtype=np.int64)


def judged_as(piece: Piece, symbols: Iterable[str] = ()) -> Expectation:
    """The expectation that is validated for a piece.

    Its severity decides nothing about rows, and several pieces may share a result.
    """
    if not piece.market_wide:
        return changed(piece.expectation, {}, "critical")
    return changed(with_calendars_named(piece, symbols), {"mostly": 1.0}, "critical")


def taken_for(
    piece: Piece, found: Found, owners: pd.Series, owners_before: pd.Series, judged_rows: int
) -> Found:
    """Of what is found of the whole market, what is found of a piece's symbols.

    ``owners`` and ``owners_before`` are the symbols of the rows that failed, in the bars and in the
    lookback; ``judged_rows`` counts the bars of the piece's symbols.
    """
    if exception_of(found.result):
        return found
    rows = found.rows[piece.table.ruling_each(owners) == piece.row]
    before = found.lookback_rows[piece.table.ruling_each(owners_before) == piece.row]
    details = _details(found.result.result.get("details") or {}, piece)
    late = bool(details.get("behind") or details.get("session_count"))
    counts = {
        # Of an entry with a row condition no more were looked at: none, if none meets it.
        "element_count": min(judged_rows, found.looked_at),
        "missing_count": 0,
        "unexpected_count": len(rows),
        "details": details,
    }
    before = before if is_doubting(piece) else NO_ROWS
    return found_by_counts(piece.expectation, counts, rows, before, fails=late)


def _details(details: Mapping[str, Any], piece: Piece) -> dict[str, Any]:
    """What is said of a piece's symbols; what is said of the market is the entry's own."""
    own: dict[str, Any] = {}
    for name, value in details.items():
        if name == "behind":
            own[name] = {s: one for s, one in value.items() if piece.table.ruling(s) == piece.row}
        elif isinstance(value, list) and all(isinstance(v, dict) and "symbol" in v for v in value):
            own[name] = [v for v in value if piece.table.ruling(v["symbol"]) == piece.row]
        elif piece.row == OWN:
            own[name] = value
    if "missing" in own:
        own["missing_count"] = len(own["missing"])
    return {name: value for name, value in own.items() if value}


def _found(
    frame: pd.DataFrame, pieces: Sequence[Piece], parameters: Mapping[str, Any]
) -> dict[int, dict[int, Found | None]]:
    """By entry and row what is found; None of a check without a result; no row without bars."""
    found: dict[int, dict[int, Found | None]] = {piece.entry: {} for piece in pieces}
    wide = [piece for piece in pieces if piece.market_wide]
    for piece, one in _found_market_wide(frame, wide, parameters):
        found[piece.entry][piece.row] = one
    own = [piece for piece in pieces if not piece.market_wide]
    ours = any(isinstance(piece.expectation, BarExpectation) for piece in own)
    for share, mine in shares(frame, own, _bar_size(frame) if ours else None):
        for piece, result in share.validated(mine, frame, parameters):
            found[piece.entry][piece.row] = None if result is None else share.found(result, piece)
    return found


def _found_market_wide(
    frame: pd.DataFrame, pieces: Sequence[Piece], parameters: Mapping[str, Any]
) -> list[tuple[Piece, Found | None]]:
    if not pieces:
        return []
    held: Lookback | None = frame.attrs.get(LOOKBACK)
    before = frame.iloc[:0] if held is None else held.frame
    symbols = {*frame["symbol"].dropna(), *before["symbol"].dropna(), *parameters["symbols"]}
    fitted = fit([judged_as(piece, symbols) for piece in pieces], frame, parameters)
    results = _validated(frame, fitted)
    told: list[tuple[Piece, Found | None]] = []
    for piece, one in zip(pieces, fitted, strict=True):
        result = results.get(entry_key(one))
        if result is None:
            told.append((piece, None))
            continue
        found = found_in(frame, result, failing_rows(result))
        mine = int(np.count_nonzero(piece.table.ruling_each(frame["symbol"]) == piece.row))
        owners, earlier = (
            frame["symbol"].iloc[found.rows],
            before["symbol"].iloc[found.lookback_rows],
        )
        told.append((piece, taken_for(piece, found, owners, earlier, mine)))
    return told


def _validated(
    frame: pd.DataFrame, expectations: Iterable[Expectation]
) -> dict[str, ExpectationValidationResult]:
    different = {entry_key(one): one for one in expectations}
    suite = suite_of("apart", different.values())
    result = FrameBatch(frame).validate(suite, result_format=ROWS_ONLY)
    return {result_key(found): found for found in result.results}


def _bar_size(frame: pd.DataFrame) -> BarSize | None:
    """What the bars of the whole frame are; None of bars that no expectation can read."""
    given: BarSize | None = frame.attrs.get(BAR_SIZE)
    if given is not None or not {"symbol", "date"} <= set(frame.columns):
        return given
    try:
        return sort_bars(frame).table.bar_size
    except ValueError:  # they say so themselves
        return None


def is_doubting(piece: Piece) -> bool:
    """Is told which bars of the lookback fail now?"""
    return isinstance(piece.expectation, BarExpectation) and piece.expectation.doubting
