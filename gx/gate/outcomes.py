"""Translate Great Expectations' results into outcomes, with every failing row."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
    ExpectationValidationResult,
)
from great_expectations.expectations.expectation import Expectation
from numpy.typing import NDArray

from gx.engine.batches import ROWS_ONLY, FrameBatch, entry_key, exception_of, result_key, suite_of
from gx.engine.looked_at import rows_looked_at, why_none
from gx.plugins.expectations.base import LOOKBACK_FAILING
from gx.report.labels import date_label
from gx.report.model import Outcome
from gx.suite.read import Suite
from gx.suite.wording import described
from gx.terms import BAR_COLUMNS

EXAMPLES = 5
Rows = NDArray[np.int64]
NO_ROWS: Rows = np.empty(0, np.int64)


@dataclass(frozen=True)
class Found:
    """A result, the positions of the rows that failed, in order, and how many it looked at."""

    result: ExpectationValidationResult
    rows: Rows
    lookback_rows: Rows
    looked_at: int


def read_outcomes(
    suite: Suite,
    batch: FrameBatch,
    frame: pd.DataFrame,
    result: ExpectationSuiteValidationResult,
    *,
    fitted: Sequence[Expectation],
    skipped: Mapping[str, str],
    apart: Mapping[int, Outcome] = {},
) -> tuple[Outcome, ...]:
    """One outcome per entry of the suite file, in its order; ``batch`` holds ``frame``.

    An entry without a result is ``missing``: a check that did not run has checked nothing.
    ``fitted`` are the expectations as they were validated (``gx.suite.fitting.fit``); ``skipped``
    gives, by expectation type, why it was left out; ``apart`` has the outcomes of entries with
    exceptions, by their place (see ``gx.gate.apart``).
    """
    by_key = {result_key(found): found for found in result.results}
    keys = [entry_key(expectation) for expectation in fitted]
    plain = [n for n in range(len(keys)) if n not in apart]
    failing = _failing_rows({keys[n]: fitted[n] for n in plain}, batch, by_key)
    outcomes = []
    for number, (expectation, key) in enumerate(zip(suite.expectations, keys, strict=True)):
        type_ = expectation.expectation_type
        if type_ in skipped:
            outcomes.append(skipped_outcome(expectation, skipped[type_]))
        elif key not in by_key:
            outcomes.append(missing_outcome(expectation))
        elif number in apart:
            outcomes.append(apart[number])
        else:
            found = found_in(frame, by_key[key], failing.get(key, NO_ROWS))
            outcomes.append(outcome_of(expectation, found, frame, judged_rows=len(frame)))
    return tuple(outcomes)


def _failing_rows(
    fitted: Mapping[str, Expectation],
    batch: FrameBatch,
    by_key: Mapping[str, ExpectationValidationResult],
) -> dict[str, Rows]:
    """Positions of the failing rows; a result that does not say is validated once more."""
    failed = {
        key: expectation
        for key, expectation in fitted.items()
        if (found := by_key.get(key)) and not found.success and found.result.get("unexpected_count")
    }
    rows = _rows_of(by_key[key] for key in failed)
    again = [expectation for key, expectation in failed.items() if key not in rows]
    if again:
        result = batch.validate(suite_of("failed", again), result_format=ROWS_ONLY)
        assert isinstance(result, ExpectationSuiteValidationResult)
        rows |= _rows_of(result.results)
    return rows


def _rows_of(results: Iterable[ExpectationValidationResult]) -> dict[str, Rows]:
    return {
        result_key(found): np.array(sorted(rows), dtype=np.int64)
        for found in results
        if (rows := all_failing(found)) is not None
    }


def all_failing(found: ExpectationValidationResult) -> list[int] | None:
    """Every failing row's position; None where the result names the first ones only, or none."""
    whole: list[int] | None = found.result.get("unexpected_index_list")
    first: list[int] | None = found.result.get("partial_unexpected_index_list")
    if whole is None and first is not None and len(first) == found.result["unexpected_count"]:
        return first
    return whole


def missing_outcome(expectation: Expectation) -> Outcome:
    """The outcome of an entry without a result."""
    return _outcome(expectation, status="missing")


def skipped_outcome(expectation: Expectation, why: str) -> Outcome:
    """The outcome of an entry that was not asked."""
    return _outcome(expectation, status="skipped", observed=why)


def outcome_of(
    expectation: Expectation, found: Found, bars: pd.DataFrame, *, judged_rows: int
) -> Outcome:
    """The outcome of a result.

    ``bars`` holds all ``judged_rows`` of them, or only those that failed, by position.
    """
    crash = exception_of(found.result)
    if crash:
        return _outcome(expectation, status="error", exception=crash)
    known = {"looked_at": found.looked_at, "lookback_rows": found.lookback_rows}
    nothing = bool(judged_rows) and not found.looked_at
    if found.result.success and nothing:
        return _outcome(expectation, status="unchecked", observed=why_none(found.result), **known)
    observed = _observed(found.result)
    if nothing:
        observed = observed or why_none(found.result)
    symbols, ownerless = _symbols(bars, found.rows, found.result)
    count = len(found.rows) or int(found.result.result.get("unexpected_count") or 0)
    return _outcome(
        expectation,
        status="passed" if found.result.success else "failed",
        observed=observed,
        unexpected_count=count,
        unexpected_share=count / judged_rows if judged_rows else 0.0,
        rows=found.rows,
        symbols=symbols,
        ownerless=ownerless,
        examples=examples_of(bars, found.rows),
        behind=_last_bars(found.result),
        sessions=_sessions(found.result),
        **known,
    )


def found_in(bars: pd.DataFrame, result: ExpectationValidationResult, rows: Rows) -> Found:
    """What a result on these judged bars says; ``rows`` as in ``Found``."""
    looked_at = 0 if exception_of(result) else rows_looked_at(result, bars)
    return Found(result, rows, lookback_rows(result), looked_at)


def lookback_rows(found: ExpectationValidationResult) -> Rows:
    """The positions in the lookback of its newest bars that fail, where the result says so."""
    details = found.result.get("details") or {}
    return np.array(details.get(LOOKBACK_FAILING, ()), dtype=np.int64)


def _outcome(expectation: Expectation, **found: Any) -> Outcome:
    configuration = expectation.configuration
    kwargs = _as_json({k: v for k, v in configuration.kwargs.items() if k != "batch_id"})
    severity = expectation.severity
    return Outcome(
        type=configuration.type,
        kwargs=kwargs,
        severity=str(getattr(severity, "value", severity)),
        description=described(expectation) or _plain_sentence(configuration.type, kwargs),
        **found,
    )


def _as_json(kwargs: Mapping[str, object]) -> dict[str, object]:
    """The kwargs as a file holds them: reading has made dates of some."""
    text = json.dumps(kwargs, default=lambda v: v.isoformat() if isinstance(v, date) else str(v))
    plain: dict[str, object] = json.loads(text)
    return plain


def _plain_sentence(type_: str, kwargs: Mapping[str, object]) -> str:
    said = ", ".join(f"{key} = {value}" for key, value in kwargs.items())
    return f"{type_.removeprefix('expect_').replace('_', ' ').capitalize()} ({said})."


def _symbols(
    frame: pd.DataFrame, rows: Rows, found: ExpectationValidationResult
) -> tuple[tuple[str, ...], int]:
    """The symbols at fault, the worst first, and how much of what fails belongs to none."""
    details = (found.result.get("details") or {}) if not found.success else {}
    behind, markets = details.get("behind") or {}, int(details.get("session_count") or 0)
    counts, nobodys = _owners(frame, rows)
    late = sorted(set(behind) - set(counts), key=lambda s: (-behind[s]["sessions"], s))
    ordered = sorted(counts, key=lambda symbol: (-counts[symbol], symbol))
    return (*ordered, *late), nobodys + markets


def _last_bars(found: ExpectationValidationResult) -> dict[str, str | None]:
    behind = (found.result.get("details") or {}).get("behind") or {}
    return {symbol: said["last"] for symbol, said in behind.items()}


def _sessions(found: ExpectationValidationResult) -> tuple[str, ...]:
    details = found.result.get("details") or {}
    lacking = details.get("sessions", ()) if details.get("session_count") else ()
    return tuple(str(one["session"]) for one in lacking)


def _owners(frame: pd.DataFrame, rows: Rows) -> tuple[Counter[str], int]:
    """How many failing rows each symbol has, and how many have none."""
    if not len(rows):
        return Counter(), 0
    owners = (
        frame["symbol"].loc[pd.Index(rows)] if "symbol" in frame else pd.Series([None] * len(rows))
    )
    return Counter(str(symbol) for symbol in owners.dropna()), int(owners.isna().sum())


def examples_of(frame: pd.DataFrame, rows: Rows) -> tuple[dict[str, Any], ...]:
    """The first failing bars, as JSON has them; ``frame`` has them by position."""
    if not len(rows):
        return ()
    columns = [column for column in BAR_COLUMNS if column in frame]
    few = frame.loc[rows[:EXAMPLES], columns]
    return tuple(
        {column: _plain(column, value) for column, value in zip(columns, values, strict=True)}
        for values in few.itertuples(index=False, name=None)
    )


def _plain(column: str, value: Any) -> Any:
    """A value as JSON can hold it; NaN and infinity are kept as words."""
    if column == "date":
        return date_label(value)
    if pd.isna(value):
        return None
    if column == "symbol":
        return str(value)
    return float(value) if np.isfinite(value) else str(float(value))


def _observed(found: ExpectationValidationResult) -> str:
    result = found.result
    details = result.get("details") or {}
    mismatched = details.get("mismatched")
    if isinstance(mismatched, dict) and mismatched.get("missing"):
        return "missing: " + ", ".join(map(str, mismatched["missing"]))
    if not found.success and (said := _lacking(details)):
        return said
    if said := _declared(details):
        return said
    if details.get("sparse"):
        return _sparse(details["sparse"], details["sparse_count"])
    if not_judged := details.get("not_judged_symbols"):
        return f"{not_judged:,} symbols with too few bars were not judged"
    value = result.get("observed_value")
    return "" if value is None else f"found {value}"


def _declared(details: Mapping[str, Any]) -> str:
    """What of the declared splits and dividends the prices contradict, and what is odd in them."""
    said = str(details.get("undeclared") or "")
    for name, count, of in (
        ("disagreements", "disagreement_count", ""),
        ("remarks", "remark_count", "of what is declared: "),
    ):
        if told := details.get(name):
            named = [f"{one['symbol']} {one['date']}: {one['says']}" for one in told[:EXAMPLES]]
            more = _more(details[count] - len(named))
            said += ("; " if said else "") + of + "; ".join(named) + more
    return said


def _lacking(details: Mapping[str, Any]) -> str:
    """What failed and is no row, of whichever kind it is."""
    for name, count, say in (
        ("missing", "missing_count", _absences),
        ("sessions", "session_count", _holes),
        ("gaps", "gap_count", _gaps),
    ):
        if details.get(name):
            return say(details[name], details[count])
    return _behind(details["behind_now"]) if details.get("behind_now") else ""


def _absences(absent: Sequence[Mapping[str, Any]], count: int) -> str:
    named = [" ".join(str(value) for value in bar.values()) for bar in absent[:EXAMPLES]]
    return "missing: " + ", ".join(named) + _more(count - len(named))


def _holes(sessions: Sequence[Mapping[str, Any]], count: int) -> str:
    named = [
        f"{one['session']}: {one['percent_missing']:g} % of the symbols lack it "
        f"({', '.join(one['symbols'])})"
        for one in sessions[:EXAMPLES]
    ]
    return "; ".join(named) + _more(count - len(named))


def _behind(symbols: Sequence[Mapping[str, object]]) -> str:
    named = [f"{one['symbol']} {one['sessions']:,}" for one in symbols[:EXAMPLES]]
    return (
        "closed sessions behind: " + ", ".join(named) + (", …" if len(symbols) > EXAMPLES else "")
    )


def _gaps(gaps: Sequence[Mapping[str, Any]], count: int) -> str:
    named = [
        f"{one['symbol']} lacks {one['bars']:,} bar{'s' * (one['bars'] != 1)} of "
        f"{one['minutes']:g} minutes, {_span(one['from'], one['to'])} UTC"
        for one in gaps[:EXAMPLES]
    ]
    return "; ".join(named) + _more(count - len(named))


def _span(first: str, last: str) -> str:
    """2025-11-26 15:00 to 17:25; a later day is named as well."""
    (day, begin), (other, end) = first.split("T"), last.split("T")
    if first == last:
        return f"{day} {begin[:5]}"
    return f"{day} {begin[:5]} to {'' if day == other else other + ' '}{end[:5]}"


def _sparse(symbols: Sequence[Mapping[str, Any]], count: int) -> str:
    named = [f"{one['symbol']} ({one['percent']:g} %)" for one in symbols[:EXAMPLES]]
    return "too seldom traded to be judged: " + ", ".join(named) + _more(count - len(named))


def _more(count: int) -> str:
    return f" and {count:,} more" if count > 0 else ""
