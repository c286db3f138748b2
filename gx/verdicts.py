"""Turn outcomes into verdicts per symbol and per row."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from gx.report import BAR_COLUMNS, SEVERITIES, Outcome, SymbolVerdict, Verdict

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
    return {
        str(symbol): SymbolVerdict(
            verdict=_worst([severity for severity, _ in reasons[str(symbol)]]),
            rows=int(rows),
            failing_rows=int(failing_rows.get(symbol, 0)),
            reasons=tuple(text for _, text in reasons[str(symbol)]),
        )
        for symbol, rows in sorted(sizes.items())
    }


def failing_bars(frame: pd.DataFrame, outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """One row per failing bar: row (int64), the bar, severity (worst), expectations, reasons.

    ``expectations`` are the names of what it failed and ``reasons`` their descriptions (lists).
    Ordered worst first: by severity, then by the number of expectations failed, then by position.
    """
    rows = failing_rows_of(outcomes)
    bars = frame.reindex(columns=list(BAR_COLUMNS)).loc[rows].reset_index(drop=True)
    bars.insert(0, "row", rows)
    worst = np.full(len(rows), len(SEVERITIES) - 1)
    names: list[list[str]] = [[] for _ in rows]
    reasons: list[list[str]] = [[] for _ in rows]
    for outcome in outcomes:
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


def _reasons(outcomes: Sequence[Outcome]) -> dict[str, list[tuple[str, str]]]:
    reasons: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for outcome in sorted(outcomes, key=lambda o: SEVERITIES.index(o.severity)):
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
