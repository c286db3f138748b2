"""What a report says of an expectation with exceptions: of its own settings and of each row."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gx.report.document import NOT_MET, ExceptionDocument
from gx.report.weights import weight
from gx.terms import SEVERITIES

if TYPE_CHECKING:
    from gx.report.model import Outcome

NAMED = 5
OTHERS = "the others"
_GRAVITY = ("error", "missing", "failed", "unchecked")


@dataclass(frozen=True)
class ForSymbols:
    """What an expectation found of the symbols that a row of its table rules.

    ``pattern`` is the row's, empty for the entry's own settings, and ``says`` what differs.
    ``count`` counts those with bars, ``symbols`` are the first of them. There is no ``outcome`` of
    a row that is off, or has no bar.
    """

    pattern: str
    says: str
    outcome: "Outcome | None"
    symbols: tuple[str, ...] = ()
    count: int = 0
    off: bool = False
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def severity(self) -> str:
        """What a failure counts as; empty for what is not judged."""
        return self.outcome.severity if self.outcome else ""

    @property
    def sentence(self) -> str:
        """``BRK*: max_value 8, as warning (2 symbols: BRK.A, BRK.B): 1 bar failed``."""
        many = self.count
        named = ", ".join(self.symbols[:NAMED]) + (", …" if many > NAMED else "")
        size = f"{many:,} symbol{'' if many == 1 else 's'}: {named}" if many else "no symbol here"
        whose = f"{self.pattern}: {self.says} ({size})" if self.pattern else f"{OTHERS} ({many:,})"
        return f"{whose}{f': {self._found}' if self._found else ''}"

    @property
    def _found(self) -> str:
        found = self.outcome
        if found is None or (not self.count and found.status not in NOT_MET):
            return ""
        if found.status == "failed" and found.unexpected_count:
            bars = "bar" if found.unexpected_count == 1 else "bars"
            return f"{found.unexpected_count:,} {bars} failed as {found.severity}"
        return f"{found.status} as {found.severity}" if found.status in NOT_MET else found.status

    def document(self) -> ExceptionDocument:
        """As a report's document has it."""
        found = self.outcome
        return ExceptionDocument(
            symbols=self.pattern,
            says=self.says,
            description=found.description if found else "",
            off=self.off,
            kwargs=dict(self.kwargs),
            severity=self.severity,
            status=found.status if found else "skipped",
            matched=self.count,
            named=list(self.symbols),
            unexpected_count=found.unexpected_count if found else 0,
            looked_at=found.looked_at if found else None,
            failing_symbols=list(found.symbols) if found else [],
            ownerless=found.ownerless if found else 0,
            waived_count=found.waived_count if found else 0,
        )

    @classmethod
    def of_document(cls, read: ExceptionDocument, entry: "Outcome") -> "ForSymbols":
        """Of a document; ``entry`` is the outcome that it belongs to."""
        found = None
        if read.severity:
            found = replace(
                entry,
                kwargs={**entry.kwargs, **read.kwargs},
                severity=read.severity,
                own_severity="",
                description=read.description,
                status=read.status,
                unexpected_count=read.unexpected_count,
                symbols=tuple(read.failing_symbols),
                ownerless=read.ownerless,
                looked_at=read.looked_at,
                waived_count=read.waived_count,
                exceptions=(),
            )
        return cls(
            pattern=read.symbols,
            says=read.says,
            outcome=found,
            symbols=tuple(read.named),
            count=read.matched,
            off=read.off,
            kwargs=read.kwargs,
        )


def leaves(outcomes: Sequence["Outcome"]) -> Iterator["Outcome"]:
    """Every outcome that counts by itself: of an entry with exceptions one for each row."""
    for outcome in outcomes:
        if outcome.exceptions:
            yield from (one.outcome for one in outcome.exceptions if one.outcome)
        else:
            yield outcome


def leaf_of(outcome: "Outcome", symbol: str) -> "Outcome":
    """What an expectation found of a symbol that it names: of one with exceptions, its row's."""
    return next((one for one in leaves([outcome]) if symbol in one.symbols), outcome)


def together(entry: "Outcome", rows: Sequence[ForSymbols]) -> "Outcome":
    """The outcome of an entry: what its rows found, as one.

    It is of the severity, and the status, of the gravest that was not met; ``entry`` tells the rest
    (type, kwargs, description, and its own severity).
    """
    judged = [one for one in rows if one.outcome]
    found = sorted((one.outcome for one in judged if one.outcome), key=_gravity)
    own = entry.own_severity or entry.severity
    failing = [one for one in found if one.status in NOT_MET]
    worst = failing[0] if failing else None
    symbols = dict.fromkeys(s for one in found for s in one.symbols)
    return replace(
        entry,
        severity=worst.weight if worst else own,
        own_severity=own,
        status=worst.status if worst else _met(found),
        observed="; ".join(dict.fromkeys(_observed(judged))),
        exception=worst.exception if worst else None,
        unexpected_count=sum(one.unexpected_count for one in found),
        unexpected_share=sum(one.unexpected_share for one in found),
        rows=_all(one.rows for one in found),
        lookback_rows=_all(one.lookback_rows for one in found),
        symbols=tuple(symbols),
        ownerless=sum(one.ownerless for one in found),
        examples=tuple(example for one in failing for example in one.examples)[:NAMED],
        looked_at=sum(one.looked_at or 0 for one in found) if found else None,
        behind={symbol: last for one in found for symbol, last in one.behind.items()},
        sessions=tuple(session for one in found for session in one.sessions),
        waived_count=sum(one.waived_count for one in found),
        exceptions=tuple(rows),
    )


def _met(found: Sequence["Outcome"]) -> Any:
    statuses = {one.status for one in found}
    if "waived" in statuses:
        return "waived"
    return "passed" if found else "skipped"


def _observed(rows: Sequence[ForSymbols]) -> Iterator[str]:
    for one in rows:
        if one.outcome and one.outcome.observed:
            yield f"{one.pattern}: {one.outcome.observed}" if one.pattern else one.outcome.observed


def _gravity(outcome: "Outcome") -> tuple[int, int, int]:
    met = outcome.status not in NOT_MET
    grave = 0 if met else _GRAVITY.index(outcome.status)
    return int(met), SEVERITIES.index(weight(outcome.status, outcome.severity)), grave


def _all(rows: Any) -> Any:
    return np.unique(np.concatenate([np.empty(0, np.int64), *rows]))
