"""What two runs both looked at: to that alone the expectations of both can be compared."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from gx.report.document import OutcomeDocument, ReportDocument


@dataclass(frozen=True)
class Overlap:
    """The symbols (None: all of both) and the dates (ISO 8601; None: the same) of two runs."""

    symbols: frozenset[str] | None = None
    dates: tuple[str, str] | None = None

    @classmethod
    def of(cls, before: ReportDocument, now: ReportDocument) -> "Overlap":
        """What both reports are of; the first date is after the last where they share no day."""
        old, new = (
            {symbol for symbol, said in report.symbols.items() if said.rows}
            for report in (before, now)
        )
        spans = {(report.first_date, report.last_date) for report in (before, now)}
        ends = [(first, last) for first, last in spans if first and last]
        return cls(
            symbols=None if old == new else frozenset(old & new),
            dates=(max(a for a, _ in ends), min(b for _, b in ends)) if len(ends) == 2 else None,
        )

    @property
    def whole(self) -> bool:
        """Did both look at the same symbols and dates?"""
        return self.symbols is None and self.dates is None

    def inside(self, failing: pd.DataFrame) -> Mapping[str, tuple[int, int]]:
        """By description: how many bars failed it, and how many of these both runs looked at.

        ``failing`` has a row for each failing bar: ``symbol``, ``date``, ``reasons`` (a list of
        descriptions).
        """
        both = pd.Series(data=True, index=failing.index)
        if self.symbols is not None:
            both &= failing["symbol"].isin(self.symbols)
        if self.dates is not None:
            first, last = (pd.to_datetime(day, utc=True) for day in self.dates)
            moments = pd.to_datetime(failing["date"], utc=True, errors="coerce")
            both &= moments.between(first, last)
        told = failing.assign(both=both)[["reasons", "both"]].explode("reasons")
        counted = told.groupby("reasons")["both"].agg(["size", "sum"])
        return {str(reason): (int(n), int(m)) for reason, n, m in counted.itertuples()}

    def within(
        self, entry: OutcomeDocument, bars: Mapping[str, tuple[int, int]]
    ) -> OutcomeDocument:
        """The outcome as it is for what both looked at; ``bars`` are those of ``inside``.

        What belongs to no symbol, or crashed, is everybody's. Without its bars a failure counts
        for its symbols, whatever their dates.
        """
        if entry.status != "failed" or entry.ownerless or not entry.symbols:
            return entry
        told = [bars.get(said, (0, 0)) for said in entry.descriptions]
        failed, both = (sum(counts) for counts in zip(*told, strict=True))
        left = entry.unexpected_count - (failed - both)
        unseen = self.symbols is not None and self.symbols.isdisjoint(entry.symbols)
        if unseen or (failed and left <= 0):
            return replace(entry, success=True, status="passed", unexpected_count=0)
        return replace(entry, unexpected_count=left)


def labelled(report: ReportDocument) -> pd.DataFrame:
    """The failing bars that the report itself names, one row for each that each check failed."""
    named = [
        (row.get("symbol"), row.get("date"), [entry.description])
        for entry in report.expectations
        for row in entry.failing
    ]
    return pd.DataFrame(named, columns=["symbol", "date", "reasons"])
