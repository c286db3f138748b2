"""What the gate found: per expectation, per symbol and per row."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gx.names import short_name
from gx.report import sentences
from gx.report.by_symbol import ForSymbols, leaves
from gx.report.deeds import DecisionUse, RepairsUse
from gx.report.document import (
    MET,
    NOT_MET,
    CountsFailures,
    OutcomeDocument,
    ReportDocument,
    RowLabel,
    SymbolDocument,
    read_document,
    to_plain,
)
from gx.report.events import LISTED, Events
from gx.report.labels import date_label
from gx.report.published import AtOdds, Doubt, Removal
from gx.report.waived import WaiverUse, changed_since
from gx.report.weights import blocks, weight
from gx.terms import BAR_COLUMNS, SEVERITIES, Policy, Status, Verdict

Rows = NDArray[np.int64]
Kwargs = Mapping[str, object]  # as each expectation has them


def no_failing_bars() -> pd.DataFrame:
    """``QualityReport.lookback_failing`` of a lookback without fault."""
    return pd.DataFrame(columns=[*BAR_COLUMNS, "severity", "expectations", "reasons"])


@dataclass(frozen=True)
class Outcome:
    """One expectation's result.

    ``status`` is ``error`` when the check crashed and ``missing`` when it never ran: both close
    the gate whatever the severity. It is ``unchecked`` when the check passed because there was no
    row for it to look at. ``looked_at`` counts the rows that it really looked at; None when it did
    not run, or in a report that does not say. ``rows`` are the positions (int64) of the failing
    rows in the frame; it is empty for a check of the whole table. ``lookback_rows`` are positions
    in the lookback: of its newest bars, those that fail. ``symbols`` are those of the failing rows,
    and those that lack a bar. ``ownerless`` counts what fails and belongs to no symbol: rows that
    have none, and sessions that the market lacks. ``behind`` are the symbols that lack sessions
    behind their last bar, with its date, ``sessions`` the first that the market lacks.
    ``unexpected_share`` is a fraction, 0 to 1. ``waived_count`` counts what failed and is waived:
    it is in none of the others; ``waived`` is the status when nothing else failed; of it
    ``waived_rows`` are bars, and ``waived_by_symbol`` counts what belongs to each. ``exceptions``
    are what an entry with exceptions by symbol found of each row of its table, its own settings
    first; ``severity`` is then that of the gravest failure, ``own_severity`` the entry's.
    ``events`` are the failing rows, those that follow each other put together.
    """

    type: str
    kwargs: Kwargs
    severity: str
    status: Status
    description: str
    observed: str = ""
    unexpected_count: int = 0
    unexpected_share: float = 0.0
    exception: str | None = None
    rows: Rows = field(default_factory=lambda: np.empty(0, np.int64), repr=False, compare=False)
    symbols: tuple[str, ...] = ()
    ownerless: int = 0
    examples: tuple[Mapping[str, str | float | None], ...] = ()
    looked_at: int | None = None
    lookback_rows: Rows = field(
        default_factory=lambda: np.empty(0, np.int64), repr=False, compare=False
    )
    behind: Mapping[str, str | None] = field(default_factory=dict)
    sessions: tuple[str, ...] = ()
    waived_count: int = 0
    waived_rows: Rows = field(
        default_factory=lambda: np.empty(0, np.int64), repr=False, compare=False
    )
    waived_by_symbol: Mapping[str, int] = field(default_factory=dict, repr=False, compare=False)
    own_severity: str = ""
    exceptions: tuple[ForSymbols, ...] = ()
    events: Events = field(default_factory=Events, repr=False, compare=False)

    @property
    def name(self) -> str:
        """Short and stable: the type without ``expect_``, with the columns it looks at."""
        return short_name(self.type, self.kwargs)

    @property
    def event_count(self) -> int:
        """How many events its failing rows are; 0 where nobody counted."""
        return self.events.count

    @property
    def blocks(self) -> bool:
        """True when this outcome alone closes the gate."""
        return blocks(self.status, self.severity)

    @property
    def weight(self) -> str:
        """The severity that a failure counts as."""
        return weight(self.status, self.severity)

    def document(self, labels: Mapping[int, RowLabel] | None) -> OutcomeDocument:
        """The outcome as a report's document has it; its rows by ``labels``, or none of them."""
        return OutcomeDocument(
            type=self.type,
            kwargs=dict(self.kwargs),
            severity=self.severity,
            success=self.status in MET,
            status=self.status,
            description=self.description,
            observed=self.observed,
            unexpected_count=self.unexpected_count,
            unexpected_share=self.unexpected_share,
            looked_at=self.looked_at,
            symbols=list(self.symbols),
            ownerless=self.ownerless,
            behind=dict(self.behind),
            sessions=list(self.sessions),
            waived_count=self.waived_count,
            examples=[dict(example) for example in self.examples],
            failing=[labels[int(row)] for row in self.rows] if labels is not None else [],
            exception=self.exception,
            own_severity=self.own_severity,
            exceptions=[one.document() for one in self.exceptions],
            event_count=self.events.count,
            events=self.events.listed(None if labels is not None else LISTED),
        )

    @classmethod
    def of_document(cls, document: OutcomeDocument) -> Self:
        """The outcome of a document, without its rows."""
        outcome = cls(
            type=document.type,
            kwargs=document.kwargs,
            severity=document.severity,
            status=document.status,
            description=document.description,
            observed=document.observed,
            unexpected_count=document.unexpected_count,
            unexpected_share=document.unexpected_share,
            exception=document.exception,
            symbols=tuple(document.symbols),
            ownerless=document.ownerless,
            examples=tuple(document.examples),
            looked_at=document.looked_at,
            behind=document.behind,
            sessions=tuple(document.sessions),
            waived_count=document.waived_count,
            own_severity=document.own_severity,
            events=Events.of(document.event_count, document.events),
        )
        rows = tuple(ForSymbols.of_document(one, outcome) for one in document.exceptions)
        return replace(outcome, exceptions=rows)


@dataclass(frozen=True)
class SymbolVerdict:
    """One symbol: ``held`` by a critical failure, ``warned`` by a warning, or ``passed``.

    ``missing``: it was asked for, and there is no bar of it. ``waived`` counts its failures that
    somebody has accepted, which are in none of the others.
    """

    verdict: Verdict
    rows: int
    failing_rows: int
    reasons: tuple[str, ...] = ()
    waived: int = 0

    @property
    def passed_unaided(self) -> bool:
        """Did it pass, without anything of it being waived?"""
        return self.verdict == "passed" and not self.waived

    def document(self) -> SymbolDocument:
        """The verdict as a report's document has it."""
        return SymbolDocument(
            verdict=self.verdict,
            reasons=list(self.reasons),
            rows=self.rows,
            failing_rows=self.failing_rows,
            waived=self.waived,
        )

    @classmethod
    def of_document(cls, document: SymbolDocument) -> Self:
        """The verdict of a document."""
        reasons = tuple(document.reasons)
        failing = document.failing_rows
        return cls(document.verdict, document.rows, failing, reasons, document.waived)


@dataclass(frozen=True)
class Decision:
    """What the gate lets through under a policy; ``reasons`` say why it is closed."""

    open: bool
    held: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class QualityReport(CountsFailures):
    """The verdict on one batch of bars.

    ``failing`` has one row per failing bar: ``row`` (int64, position in the batch), the bar's
    own columns as they were, ``severity`` (the worst), ``expectations`` and ``reasons`` (lists).
    ``lookback_failing`` has the same columns but ``row``, for the newest bars of the lookback that
    fail a critical expectation or a warning. ``doubtful`` are those of them that were published
    without, ``removed`` what was published and is gone, ``at_odds`` what is published and not as
    repairs say. ``no_longer_critical`` describes the
    critical expectations of the run before that are gone from the suite, or count for less.
    ``weaknesses`` says in sentences where the suite is weak. ``waivers`` are those that were used,
    and those that somebody has to look at. ``decision`` is somebody's, ``repairs`` are those that
    were applied, are void, or could be made. ``page`` is the batch's Data Docs page
    as one self-contained HTML text.
    """

    suite: str
    suite_sha256: str
    suite_text: str = field(repr=False)
    rows: int
    first_date: str | None
    last_date: str | None
    outcomes: tuple[Outcome, ...]
    symbols: Mapping[str, SymbolVerdict]
    failing: pd.DataFrame = field(repr=False, compare=False)
    page: str = field(default="", repr=False, compare=False)
    lookback_failing: pd.DataFrame = field(
        default_factory=no_failing_bars, repr=False, compare=False
    )
    doubtful: tuple[Doubt, ...] = ()
    removed: tuple[Removal, ...] = ()
    at_odds: tuple[AtOdds, ...] = ()
    weaknesses: tuple[str, ...] = ()
    no_longer_critical: tuple[str, ...] = ()
    waivers: tuple[WaiverUse, ...] = ()
    decision: DecisionUse | None = None
    repairs: RepairsUse = field(default_factory=RepairsUse)

    @cached_property
    def blocking(self) -> tuple[Outcome, ...]:
        """The outcomes that close the gate under policy ``fail``."""
        return tuple(outcome for outcome in self.outcomes if outcome.blocks)

    @property
    def success(self) -> bool:
        """True when nothing closes the gate; warnings are allowed."""
        return not self.blocking

    @property
    def passed(self) -> int:
        """Number of expectations that were met."""
        return sum(outcome.status == "passed" for outcome in self.outcomes)

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """Everything that was not met, the worst first."""
        bad = [o for o in self.outcomes if o.status in NOT_MET]
        return tuple(sorted(bad, key=_gravity))

    @property
    def waived(self) -> int:
        """Number of failures that are waived (see ``Outcome.waived_count``)."""
        return sum(outcome.waived_count for outcome in self.outcomes)

    @property
    def off(self) -> tuple[list[str], list[str]]:
        """Expectations that an exception switches off for symbols here, and some of these."""
        found = [(o.name, row) for o in self.outcomes for row in o.exceptions if row.off]
        names = dict.fromkeys(name for name, row in found if row.count)
        return list(names), sorted({symbol for _, row in found for symbol in row.symbols})

    @property
    def held(self) -> tuple[str, ...]:
        """Symbols with a critical failure."""
        return tuple(s for s, verdict in self.symbols.items() if verdict.verdict == "held")

    @property
    def missing(self) -> tuple[str, ...]:
        """Symbols that were asked for and have no bar."""
        return tuple(s for s, verdict in self.symbols.items() if verdict.verdict == "missing")

    @property
    def ended(self) -> dict[str, str]:
        """The symbols that have stopped, with their last bar's date, as a suite's meta says it.

        If they trade no more, this is what to add to it.
        """
        behind = {s: last for outcome in self.outcomes for s, last in outcome.behind.items()}
        return {symbol: last for symbol, last in sorted(behind.items()) if last is not None}

    def decide(self, policy: Policy) -> Decision:
        """What may pass under ``policy`` (DESIGN: "The gate")."""
        if policy == "fail" or not self.blocking:
            return Decision(self.success, (), tuple(map(explain, self.blocking)))
        nobodys = tuple(explain(outcome) for outcome in self.blocking if not _has_owner(outcome))
        if nobodys:
            return Decision(False, (), nobodys)
        if len(self.held) == len(self.symbols) - len(self.missing):
            return Decision(False, self.held, ("every symbol is held",))
        return Decision(True, self.held)

    @property
    def sentence(self) -> str:
        """The verdict in one sentence, others for what is missing and what was before."""
        more = (
            *sentences.waived(self.waived),
            *sentences.changed(changed_since(self.waivers)),
            *sentences.off(*self.off),
            *sentences.absent(self.missing),
            *sentences.of_published(self.doubtful, self.removed, self.at_odds),
        )
        return " ".join([self._verdict, *more, *sentences.of_the_suite(self.no_longer_critical)])

    @property
    def _verdict(self) -> str:
        checks = sum(outcome.status != "skipped" for outcome in self.outcomes)
        symbols = sum(verdict.rows > 0 for verdict in self.symbols.values())
        size = f"{self.rows:,} bars of {sentences.counted(symbols, 'symbol')}"
        if not self.success:
            bad = f"{len(self.blocking)} of {sentences.counted(checks, 'expectation')}"
            rows = int((self.failing["severity"] == "critical").sum())
            where = (
                f"on {sentences.counted(rows, 'bar')} of {self.rows:,}" if rows else f"on {size}"
            )
            return f"Gate closed: {bad} failed critically, {where}."
        if self.failed:
            return f"Passed with remarks: {size}, {sentences.counted(len(self.failed), 'remark')}."
        waived = sum(outcome.status == "waived" for outcome in self.outcomes)
        met = f"{checks - waived} of" if waived else "all"
        return f"Passed: {size} met {met} {checks} expectations."

    def document(self, *, every_row: bool = True) -> ReportDocument:
        """The form that is kept; ``every_row=False`` leaves failing rows and most repairs out."""
        labels = _row_labels(self.failing) if every_row else None
        return ReportDocument(
            success=self.success,
            verdict=self.sentence,
            suite=self.suite,
            suite_sha256=self.suite_sha256,
            rows=self.rows,
            first_date=self.first_date,
            last_date=self.last_date,
            symbols={symbol: verdict.document() for symbol, verdict in self.symbols.items()},
            expectations=[outcome.document(labels) for outcome in self.outcomes],
            weaknesses=list(self.weaknesses),
            no_longer_critical=list(self.no_longer_critical),
            waivers=list(self.waivers),
            doubtful=list(self.doubtful),
            removed=list(self.removed),
            at_odds=list(self.at_odds),
            decision=self.decision,
            repairs=self.repairs if every_row else self.repairs.in_short(),
        )

    def to_dict(self, *, every_row: bool = True) -> dict[str, object]:
        """The documented JSON form (gx/README.md, "The report as JSON").

        ``every_row=False`` leaves the failing rows out, for what only needs the verdict.
        """
        return to_plain(self.document(every_row=every_row))

    def write_json(self, path: Path, *, every_row: bool = True) -> None:
        """Write ``to_dict`` as JSON without NaN."""
        path.write_text(json.dumps(self.to_dict(every_row=every_row), indent=1, allow_nan=False))


def read_report(document: Mapping[str, object], failing: pd.DataFrame) -> QualityReport:
    """The report that ``to_dict`` and ``failing`` were written from.

    What a report from before does not say is empty. Raises ReportError for what is no report.
    """
    read = read_document(document)
    return QualityReport(
        suite=read.suite,
        suite_sha256=read.suite_sha256,
        suite_text="",
        rows=read.rows,
        first_date=read.first_date,
        last_date=read.last_date,
        outcomes=tuple(map(Outcome.of_document, read.expectations)),
        symbols={s: SymbolVerdict.of_document(found) for s, found in read.symbols.items()},
        failing=failing,
        doubtful=tuple(read.doubtful),
        removed=tuple(read.removed),
        at_odds=tuple(read.at_odds),
        weaknesses=tuple(read.weaknesses),
        no_longer_critical=tuple(read.no_longer_critical),
        waivers=tuple(read.waivers),
        decision=read.decision,
        repairs=read.repairs,
    )


def explain(outcome: Outcome) -> str:
    """Why this outcome was not met, in a line: what, how many rows, which symbols."""
    outcome = gravest(outcome)
    if outcome.status == "error":
        return f"{outcome.description} [could not be checked: {outcome.exception}]"
    if outcome.status == "missing":
        return f"{outcome.description} [was never checked]"
    if not outcome.unexpected_count:
        return (
            f"{outcome.description} [{outcome.observed}]"
            if outcome.observed
            else outcome.description
        )
    shown = ", ".join(outcome.symbols[:5]) + (", …" if len(outcome.symbols) > 5 else "")
    where = f" in {shown}" if shown else ""
    size = sentences.in_events(outcome.unexpected_count, outcome.event_count)
    return f"{outcome.description} [{size}{where}]"


def _has_owner(outcome: Outcome) -> bool:
    """Can this failure be put down to symbols? Only then may the others pass."""
    return all(
        one.status == "failed" and bool(one.symbols) and not one.ownerless
        for one in leaves([outcome])
        if one.blocks
    )


def gravest(outcome: Outcome) -> Outcome:
    """Of an entry with exceptions that blocks, what blocks; lesser failures are left out."""
    blocking = [one for one in leaves([outcome]) if one.blocks]
    if not outcome.exceptions or not blocking:
        return outcome
    symbols = tuple(dict.fromkeys(symbol for one in blocking for symbol in one.symbols))
    return replace(
        outcome,
        unexpected_count=sum(one.unexpected_count for one in blocking),
        symbols=symbols,
        events=outcome.events.only(symbols),
    )


def _gravity(outcome: Outcome) -> tuple[int, int, int]:
    crashed = 0 if outcome.status in ("error", "missing") else 1
    return crashed, SEVERITIES.index(outcome.severity), -outcome.unexpected_count


def _row_labels(failing: pd.DataFrame) -> dict[int, RowLabel]:
    return {
        int(row): {"symbol": None if pd.isna(symbol) else str(symbol), "date": date_label(date)}
        for row, symbol, date in zip(
            failing["row"], failing["symbol"], failing["date"], strict=True
        )
    }
