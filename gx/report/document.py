"""The form in which a report is kept and handed on (gx/README.md, "The report as JSON")."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import TypeAdapter, ValidationError

from gx.errors import ReportError
from gx.names import short_name
from gx.report.deeds import DecisionUse, RepairsUse
from gx.report.events import Event
from gx.report.published import AtOdds, Doubt, Removal
from gx.report.waived import WaiverUse
from gx.report.weights import blocks, weight
from gx.terms import SEVERITIES, Status, Verdict

RowLabel = dict[str, str | None]  # a failing bar's symbol, and its date in ISO 8601
MET = ("passed", "waived", "skipped")
NOT_MET = ("failed", "unchecked", "error", "missing")


class Weighted(Protocol):
    """An expectation and how much it weighs, in whatever form."""

    @property
    def weight(self) -> str:
        """The severity that a failure counts as."""


class CountsFailures:
    """What a report and its document have in common."""

    @property
    @abstractmethod
    def failed(self) -> Sequence[Weighted]:
        """Everything that was not met."""

    @property
    def failures_by_severity(self) -> dict[str, int]:
        """Number of expectations of each severity that were not met, the gravest first."""
        return {severity: self.failures(severity) for severity in SEVERITIES}

    def failures(self, severity: str) -> int:
        """Number of expectations that were not met and count as of this severity."""
        return sum(outcome.weight == severity for outcome in self.failed)


@dataclass(frozen=True, kw_only=True)
class SymbolDocument:
    """A ``gx.report.model.SymbolVerdict``."""

    verdict: Verdict
    reasons: list[str]
    rows: int
    failing_rows: int
    waived: int = 0


@dataclass(frozen=True, kw_only=True)
class ExceptionDocument:
    """What an expectation found of some symbols (see ``gx.report.by_symbol.ForSymbols``).

    ``symbols`` is the row's pattern, empty for all others; ``matched`` counts symbols with bars, of
    which ``named`` are the first; ``severity`` is empty where nothing was
    judged, and ``status`` then ``skipped``.
    """

    symbols: str
    says: str
    description: str
    off: bool
    kwargs: dict[str, object]
    severity: str
    status: Status
    matched: int
    named: list[str]
    unexpected_count: int
    looked_at: int | None
    failing_symbols: list[str]
    ownerless: int
    waived_count: int


@dataclass(frozen=True, kw_only=True)
class OutcomeDocument:
    """A ``gx.report.model.Outcome``; ``failing`` names its rows, or none of them.

    ``events`` are all of them, or the first where no row is named.

    What older reports do not say has a default.
    """

    type: str
    kwargs: dict[str, object]
    severity: str
    success: bool
    status: Status
    description: str
    observed: str
    unexpected_count: int
    unexpected_share: float
    looked_at: int | None = None
    symbols: list[str]
    ownerless: int
    behind: dict[str, str | None] = field(default_factory=dict)
    sessions: list[str] = field(default_factory=list)
    waived_count: int = 0
    examples: list[dict[str, str | float | None]]
    failing: list[RowLabel] = field(default_factory=list)
    exception: str | None
    own_severity: str = ""
    exceptions: list[ExceptionDocument] = field(default_factory=list)
    event_count: int = 0
    events: list[Event] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Its short name."""
        return short_name(self.type, self.kwargs)

    @property
    def descriptions(self) -> list[str]:
        """What failing bars say of it: its description, or with exceptions that of their row."""
        return list(dict.fromkeys([self.description, *(e.description for e in self.exceptions)]))

    @property
    def blocks(self) -> bool:
        """Whether this outcome alone closes the gate."""
        return blocks(self.status, self.severity)

    @property
    def weight(self) -> str:
        """The severity that a failure counts as."""
        return weight(self.status, self.severity)


@dataclass(frozen=True, kw_only=True)
class ReportDocument(CountsFailures):
    """A ``gx.report.model.QualityReport`` without its frames and texts."""

    success: bool
    verdict: str
    suite: str
    suite_sha256: str
    rows: int
    first_date: str | None
    last_date: str | None
    symbols: dict[str, SymbolDocument]
    expectations: list[OutcomeDocument]
    weaknesses: list[str] = field(default_factory=list)
    no_longer_critical: list[str] = field(default_factory=list)
    waivers: list[WaiverUse] = field(default_factory=list)
    doubtful: list[Doubt] = field(default_factory=list)
    removed: list[Removal] = field(default_factory=list)
    at_odds: list[AtOdds] = field(default_factory=list)
    decision: DecisionUse | None = None
    repairs: RepairsUse = field(default_factory=RepairsUse)

    @property
    def failed(self) -> list[OutcomeDocument]:
        """Everything that was not met, in the order of the suite."""
        return [outcome for outcome in self.expectations if outcome.status in NOT_MET]

    @property
    def waived(self) -> int:
        """Number of failures that are waived."""
        return sum(outcome.waived_count for outcome in self.expectations)

    def symbols_with(self, verdict: Verdict) -> tuple[str, ...]:
        """The symbols of this verdict."""
        return tuple(s for s, found in self.symbols.items() if found.verdict == verdict)


_FORM = TypeAdapter(ReportDocument)
# An expectation without exceptions, or without failing bars, says nothing of them.
_WHERE_THERE_ARE = ("own_severity", "exceptions", "event_count", "events")


def to_plain(document: ReportDocument) -> dict[str, object]:
    """The document as JSON has it, in the order of the README."""
    plain: dict[str, Any] = _FORM.dump_python(document)
    for outcome in plain["expectations"]:
        for key in _WHERE_THERE_ARE:
            if not outcome[key]:
                del outcome[key]
    return plain


def read_document(plain: Mapping[str, object]) -> ReportDocument:
    """The document that this or an earlier version of ``to_plain`` wrote.

    Raises ReportError for what is none.
    """
    try:
        return _FORM.validate_python(plain)
    except ValidationError as error:
        (first, *_) = error.errors()
        place = ".".join(map(str, first["loc"]))
        raise ReportError(f"this is no report of the gate: {place}: {first['msg']}") from None
