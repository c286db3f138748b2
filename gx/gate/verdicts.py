"""Turn outcomes into verdicts per symbol and per row."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from gx.report.by_symbol import leaves
from gx.report.events import events_of
from gx.report.model import Outcome, QualityReport, SymbolVerdict
from gx.report.published import AtOdds, Removal
from gx.terms import AS_REPAIRED, BAR_COLUMNS, SEVERITIES, STILL_THERE, Verdict

_NAMED = 5
_NO_BAR = "It was asked for, and there is no bar of it in the range."
_GONE = "No published bar has vanished from the source."
_AS_REPAIRED = "Published bars beside the range are as accepted repairs say."
_WORST: dict[str, Verdict] = {"critical": "held", "warning": "warned", "info": "passed"}


def symbol_verdicts(
    frame: pd.DataFrame, outcomes: Sequence[Outcome], sizes: Mapping[str, int] | None = None
) -> dict[str, SymbolVerdict]:
    """Verdict per symbol, in alphabetical order.

    ``sizes`` gives the bars per symbol, for a ``frame`` that holds only the bars that failed (by
    position).

    ``held``: a critical expectation failed for it; ``warned``: one of severity warning did;
    ``passed`` otherwise (an ``info`` is only a reason to look).
    """
    if "symbol" not in frame:
        return {}
    owners = frame["symbol"].astype("string")
    if sizes is None:
        sizes = {str(symbol): int(rows) for symbol, rows in owners.value_counts().items()}
    failing_rows = owners.loc[pd.Index(failing_rows_of(outcomes))].value_counts()
    reasons = _reasons(outcomes)
    waived = Counter[str]()
    for outcome in leaves(outcomes):
        waived.update(outcome.waived_by_symbol)
    return {
        str(symbol): SymbolVerdict(
            verdict=_worst([severity for severity, _ in reasons[str(symbol)]]),
            rows=int(rows),
            failing_rows=int(failing_rows.get(symbol, 0)),
            reasons=tuple(text for _, text in reasons[str(symbol)]),
            waived=waived[str(symbol)],
        )
        for symbol, rows in sorted(sizes.items())
    }


def with_missing(
    verdicts: Mapping[str, SymbolVerdict], absent: Sequence[str]
) -> dict[str, SymbolVerdict]:
    """The verdicts, with ``missing`` for those that were asked for and have no bar."""
    missing = {
        symbol: SymbolVerdict("missing", rows=0, failing_rows=0, reasons=(_NO_BAR,))
        for symbol in absent
    }
    return dict(sorted({**verdicts, **missing}.items()))


def failing_bars(frame: pd.DataFrame, outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """One row per failing bar: row (int64), the bar, severity (worst), expectations, reasons.

    ``expectations`` are the names of what it failed and ``reasons`` their descriptions (lists).
    Ordered worst first: by severity, then by the number of expectations failed, then by position.
    """
    rows = failing_rows_of(outcomes)
    bars = frame.reindex(columns=list(BAR_COLUMNS)).loc[rows].reset_index(drop=True)
    bars.insert(0, "row", rows)
    worst = np.full(len(rows), SEVERITIES.index("info"))
    names: list[list[str]] = [[] for _ in rows]
    reasons: list[list[str]] = [[] for _ in rows]
    for outcome in leaves(outcomes):
        at = np.searchsorted(rows, outcome.rows)
        worst[at] = np.minimum(worst[at], SEVERITIES.index(outcome.severity))
        for position in at:
            names[position].append(outcome.name)
            reasons[position].append(outcome.description)
    bars["severity"] = np.array(SEVERITIES)[worst]
    bars["expectations"] = names
    bars["reasons"] = reasons
    order = np.lexsort((rows, -np.array([len(failed) for failed in names], dtype=int), worst))
    return bars.iloc[order].reset_index(drop=True)


def waived_bars(outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """One row per bar of which a failure is waived: row (int64), expectations (lists of names)."""
    names: dict[int, list[str]] = defaultdict(list)
    for outcome in leaves(outcomes):
        for row in outcome.waived_rows.tolist():
            names[row].append(outcome.name)
    rows = sorted(names)
    listed = [list(dict.fromkeys(names[row])) for row in rows]
    return pd.DataFrame({"row": np.array(rows, np.int64), "expectations": listed})


def with_events(
    outcomes: Sequence[Outcome],
    rows: np.ndarray[Any, Any],
    failing: pd.DataFrame,
    places: np.ndarray[Any, Any],
) -> tuple[Outcome, ...]:
    """The outcomes, with their failing rows put together as events.

    ``rows`` are the positions of the bars that failed anything (`failing_rows_of`), ``failing``
    these bars, and ``places`` where each is among all bars in order of symbol and date.
    """
    bars = failing.reindex(columns=["symbol", "date"])
    told = []
    for outcome in outcomes:
        at = np.searchsorted(rows, outcome.rows)
        own = bars.iloc[at]
        events = events_of(outcome.rows, places[at], own["symbol"], own["date"])
        told.append(replace(outcome, events=events))
    return tuple(told)


def lookback_failing(lookback: pd.DataFrame, outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """``QualityReport.lookback_failing``: bars of the lookback, by position, worst first."""
    doubting = [replace(o, rows=o.lookback_rows) for o in leaves(outcomes) if o.severity != "info"]
    return failing_bars(lookback, doubting).drop(columns="row")


def with_removals(report: QualityReport, removals: Sequence[Removal]) -> QualityReport:
    """The report with what is gone from the source; symbols that lost too much are held.

    For those whose removal is ``held`` one critical outcome fails, which is in no suite.
    """
    held = [removal for removal in removals if removal.held]
    report = replace(report, removed=tuple(removals))
    if not held:
        return report
    reasons = {removal.symbol: f"{_GONE} [{_lost(removal)}]" for removal in held}
    return _holding(report, reasons, _vanished(held))


def with_at_odds(report: QualityReport, found: Sequence[AtOdds]) -> QualityReport:
    """The report with what is published and not as repairs say; symbols beside that are held.

    For these one critical outcome fails, which is in no suite.
    """
    present = {symbol for symbol, verdict in report.symbols.items() if verdict.rows}
    told = [replace(one, held=one.held and one.symbol in present) for one in found]
    report, held = replace(report, at_odds=tuple(told)), [one for one in told if one.held]
    if not held:
        return report
    reasons = {one.symbol: f"{_AS_REPAIRED} [{one.sentence}]" for one in held}
    named = [one.sentence for one in held[:_NAMED]]
    outcome = Outcome(
        type=AS_REPAIRED,
        kwargs={},
        severity="critical",
        status="failed",
        description=_AS_REPAIRED,
        observed="; ".join([*named, *(["…"] if len(held) > _NAMED else [])]),
        symbols=tuple(sorted(reasons)),
    )
    return _holding(report, reasons, outcome)


def _holding(report: QualityReport, reasons: Mapping[str, str], outcome: Outcome) -> QualityReport:
    """The report with symbols held, each for a reason, by an outcome that is in no suite."""
    symbols = dict(report.symbols)
    for symbol, reason in reasons.items():
        was = symbols.get(symbol, SymbolVerdict("passed", rows=0, failing_rows=0))
        symbols[symbol] = replace(was, verdict="held", reasons=(reason, *was.reasons))
    return replace(
        report, outcomes=(*report.outcomes, outcome), symbols=dict(sorted(symbols.items()))
    )


def _vanished(removals: Sequence[Removal]) -> Outcome:
    gone, published = sum(r.bars for r in removals), sum(r.published for r in removals)
    named = [f"{removal.symbol}: {_lost(removal)}" for removal in removals[:_NAMED]]
    return Outcome(
        type=STILL_THERE,
        kwargs={},
        severity="critical",
        status="failed",
        description=_GONE,
        observed="; ".join([*named, *(["…"] if len(removals) > _NAMED else [])]),
        unexpected_count=gone,
        unexpected_share=gone / published if published else 0.0,
        symbols=tuple(sorted({removal.symbol for removal in removals})),
    )


def _lost(removal: Removal) -> str:
    dates = ", ".join(removal.dates[:_NAMED])
    more = ", …" if removal.bars > len(removal.dates[:_NAMED]) else ""
    return f"{removal.bars:,} of {removal.published:,} published bars are gone: {dates}{more}"


def _reasons(outcomes: Sequence[Outcome]) -> dict[str, list[tuple[str, str]]]:
    reasons: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for outcome in sorted(leaves(outcomes), key=lambda o: SEVERITIES.index(o.severity)):
        if outcome.status == "failed":
            for symbol in outcome.symbols:
                reasons[symbol].append((outcome.severity, outcome.description))
    return reasons


def _worst(severities: Sequence[str]) -> Verdict:
    return _WORST[min(severities, key=SEVERITIES.index)] if severities else "passed"


def failing_rows_of(outcomes: Sequence[Outcome]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The positions of all rows that failed anything, in order."""
    rows = [outcome.rows for outcome in outcomes]
    return np.unique(np.concatenate(rows)) if rows else np.empty(0, np.int64)
