"""Put what an entry's own settings and its exceptions found together, as one outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import pandas as pd
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.metadata_types import FailureSeverity

from gx.engine.batches import exception_of
from gx.gate.counted import NO_EXCEPTION
from gx.gate.outcomes import Found, missing_outcome, outcome_of, skipped_outcome
from gx.report.by_symbol import NAMED, ForSymbols, together
from gx.report.document import NOT_MET
from gx.report.model import Outcome
from gx.suite.exceptions.table import OWN, SymbolException
from gx.suite.exceptions.variants import Piece

NOTHING = SymbolException("")  # differs, for the symbols of no row
_COUNTS = ("element_count", "missing_count", "unexpected_count")


@dataclass(frozen=True)
class Entry:
    """An entry with exceptions: its place in the suite (from 0), and its pieces, its own first."""

    number: int
    expectation: Expectation
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Together:
    """The outcome of an entry, and the results that it is made of."""

    outcome: Outcome
    results: tuple[ExpectationValidationResult, ...]

    @classmethod
    def of(
        cls,
        entry: Entry,
        found: Mapping[int, Found | None],
        symbols: Sequence[str],
        bars: pd.DataFrame,
        *,
        judged_rows: int,
    ) -> Self:
        """Of what was found by row: None of a check without a result, no row without bars.

        ``symbols`` are those with bars; ``bars`` and ``judged_rows`` are as in ``outcome_of``.
        """
        table = entry.pieces[0].table
        whole = skipped_outcome(entry.expectation, "")
        whole = replace(whole, description=f"{whole.description} {table.says}")
        pieces = {piece.row: piece for piece in entry.pieces}
        rows = []
        for row in range(len(table.rows) + 1):
            mine = table.ruled(row, symbols)
            one = None
            if row in found:
                one = _leaf(pieces[row], found[row], bars, judged_rows)
                one = one if mine or not judged_rows else _told_without_bars(one)
            said = NOTHING if row == OWN else table.rows[row - 1]
            rows.append(
                ForSymbols(
                    pattern=said.symbols,
                    says=said.says,
                    outcome=one,
                    symbols=mine[:NAMED],
                    count=len(mine),
                    off=said.off,
                    kwargs=said.kwargs,
                )
            )
        outcome = together(whole, rows)
        if outcome.status == "skipped":
            outcome = replace(outcome, observed="no bar of a symbol that it judges")
        results = tuple(one.result for one in found.values() if one is not None)
        return cls(outcome, results)

    def result(self, configuration: ExpectationConfiguration) -> ExpectationValidationResult:
        """The result as Great Expectations would give it of one expectation.

        ``configuration`` is the entry's own. Nothing is drawn from it: it is for its page.
        """
        crash = next((r.exception_info for r in self.results if exception_of(r)), NO_EXCEPTION)
        shown = ExpectationConfiguration(
            type=configuration.type,
            kwargs=configuration.kwargs,
            meta=configuration.meta,
            notes=configuration.notes,
            description=self.outcome.description,
            severity=FailureSeverity(self.outcome.severity),
            id=configuration.id,
        )
        return ExpectationValidationResult(
            success=self.outcome.status not in NOT_MET or self.outcome.status == "unchecked",
            expectation_config=shown,
            result=self._counts(),
            exception_info=dict(crash or NO_EXCEPTION),
            meta={},
        )

    def _counts(self) -> dict[str, Any]:
        told = [one.result for one in self.results]
        counts: dict[str, Any] = {
            name: sum(one[name] or 0 for one in told)
            for name in _COUNTS
            if told and all(name in one for one in told)
        }
        if "unexpected_count" in counts:
            counts["unexpected_count"] = self.outcome.unexpected_count
            considered = counts.get("element_count", 0) - counts.get("missing_count", 0)
            share = 100 * counts["unexpected_count"] / considered if considered else None
            counts["unexpected_percent"] = counts["unexpected_percent_nonmissing"] = share
        elif told and "observed_value" in told[0]:
            counts["observed_value"] = told[0]["observed_value"]
        return {**counts, "details": {"by_symbol": [e.sentence for e in self.outcome.exceptions]}}


def _told_without_bars(outcome: Outcome) -> Outcome | None:
    """What symbols without a bar have to say: sessions that they lack, or bars from before."""
    if outcome.status == "unchecked":
        outcome = replace(outcome, status="passed", observed="")
    return outcome if outcome.status in NOT_MET or len(outcome.lookback_rows) else None


def _leaf(piece: Piece, found: Found | None, bars: pd.DataFrame, judged_rows: int) -> Outcome:
    if found is None:
        outcome = missing_outcome(piece.expectation)
    else:
        outcome = outcome_of(piece.expectation, found, bars, judged_rows=judged_rows)
    if piece.row == OWN:
        return outcome
    row = piece.table.rows[piece.row - 1]
    said = f"{outcome.description} (for {row.symbols}: {row.says})"
    return replace(outcome, description=said)
