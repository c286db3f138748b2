"""Fit a suite to the bars that it is about to judge.

Great Expectations refuses an expectation that carries an id (as all have that it saved itself) in
any other suite, and compares a bound as it stands: a bare date with a timestamp raises, and so does
a time with a zone with one that has none. So what runs is a copy: without the id, its parameters
filled in, and what it says of a column of dates in that column's own terms.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

import pandas as pd
from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.row_conditions import (
    AndCondition,
    ComparisonCondition,
    Operator,
    OrCondition,
    PassThroughCondition,
)
from pydantic.v1 import ValidationError

from gx.errors import SuiteError
from gx.plugins.expectations import BarExpectation

# What a suite file may hold because Great Expectations wrote it, and a run decides for itself.
OF_THE_RUN = ("batch_id", "result_format", "catch_exceptions")
Kwargs = dict[str, Any]


def fit(
    expectations: Iterable[Expectation], frame: pd.DataFrame, parameters: Mapping[str, object]
) -> tuple[Expectation, ...]:
    """What Great Expectations is to validate on ``frame``, in the same order.

    ``parameters`` are the values of {"$PARAMETER": name}. What a run leaves open (no first or last
    date, no symbols) our own expectations know how to take; for others it is what the bars have:
    their first and last day, or ``as_of`` without any, and their symbols. Raises SuiteError for an
    expectation that cannot do with a parameter. In a column of dates

    - a day (2025-11-03) is the whole of that day: as a maximum up to its last moment;
    - a time without a zone is in the column's zone;
    - a time with a zone is converted to the column's. Where the column has none, its own clock
      counts if the column holds days (midnights), else it is taken to be in UTC.
    """
    columns = {
        str(name): DateColumn(frame[name])
        for name in frame.columns
        if pd.api.types.is_datetime64_any_dtype(frame.dtypes[name])
    }
    filled = {**parameters, **_of_the_bars(frame, parameters)}
    return tuple(
        _fitted(one, columns, parameters if isinstance(one, BarExpectation) else filled)
        for one in expectations
    )


def _of_the_bars(frame: pd.DataFrame, parameters: Mapping[str, object]) -> Kwargs:
    """What the bars say in place of what the run leaves open."""
    found: Kwargs = {}
    if parameters.get("first_date", "") is None or parameters.get("last_date", "") is None:
        known = pd.api.types.is_datetime64_any_dtype(frame.get("date", pd.Series([])))
        dates = frame["date"].dropna() if known else pd.Series([], dtype="datetime64[ms]")
        now = str(parameters.get("as_of"))[:10]
        for name, day in (("first_date", dates.min()), ("last_date", dates.max())):
            if parameters.get(name, "") is None:
                found[name] = now if pd.isna(day) else pd.Timestamp(day).date().isoformat()
    if parameters.get("symbols") == [] and "symbol" in frame:
        found["symbols"] = sorted(map(str, frame["symbol"].dropna().unique()))
    return found


class DateColumn:
    """A column of days or times, and what a suite file says of it in its own terms."""

    def __init__(self, values: pd.Series) -> None:
        """Hold the column."""
        self.values = values

    @cached_property
    def holds_days(self) -> bool:
        """Is every value a midnight?"""
        known = self.values.dropna()
        return bool((known == known.dt.normalize()).all())

    def first(self, value: object) -> Any:
        """The moment at which a day or time begins; what is neither stays as it is."""
        return self._at(value, dt.time.min)

    def last(self, value: object) -> Any:
        """The moment at which it ends."""
        return self._at(value, dt.time.min if self.holds_days else dt.time.max)

    def _at(self, value: object, time: dt.time) -> Any:
        moment = _moment(value)
        if moment is None:
            return value
        if not isinstance(moment, dt.datetime):
            moment = dt.datetime.combine(moment, time)
        zone = self.values.dt.tz
        if zone is None and moment.tzinfo is not None:
            moment = moment if self.holds_days else moment.astimezone(dt.UTC)
            return moment.replace(tzinfo=None)
        if zone is not None and moment.tzinfo is None:
            return pd.Timestamp(moment).tz_localize(zone).to_pydatetime()
        return moment


Columns = Mapping[str, DateColumn]


def _fitted(
    expectation: Expectation, columns: Columns, parameters: Mapping[str, object]
) -> Expectation:
    configuration = expectation.configuration
    given = dict(configuration.kwargs)
    configuration.process_suite_parameters(parameters)
    configuration.kwargs = {k: v for k, v in configuration.kwargs.items() if k not in OF_THE_RUN}
    _refuse_open(expectation, given, configuration.kwargs)
    fitted = expectation
    if expectation.id or configuration.kwargs != given:
        configuration.id = None  # type: ignore[assignment]
        try:
            fitted = configuration.to_domain_obj()
        except ValidationError as error:  # sound as a file has it: what the run gives is not
            said = "; ".join(str(fault["msg"]) for fault in error.errors())
            raise SuiteError(
                f"{configuration.type} cannot be judged by what this run gives for its "
                f"parameters: {said}"
            ) from None
    changes = _changes(fitted, columns)
    if not changes:
        return fitted
    configuration = fitted.configuration
    configuration.kwargs = configuration.kwargs | changes
    return configuration.to_domain_obj()


def _refuse_open(expectation: Expectation, given: Kwargs, filled: Kwargs) -> None:
    """A built-in bound that the run leaves open would let everything pass."""
    if isinstance(expectation, BarExpectation):
        return
    for key, value in filled.items():
        if value is None and given[key] is not None:
            raise SuiteError(
                f"{expectation.expectation_type}: this run gives no {given[key]['$PARAMETER']!r}, "
                f"which its kwarg {key!r} asks for"
            )


def _changes(expectation: Expectation, columns: Columns) -> Kwargs:
    """The kwargs that speak of dates, in the terms of their columns."""
    given = expectation.configuration.kwargs
    own = columns.get(str(given.get("column")))
    found = {} if own is None else _bounds(expectation, given, own)
    if isinstance(given.get("value_pairs_set"), list):
        pair = [columns.get(str(given.get(key))) for key in ("column_A", "column_B")]
        found["value_pairs_set"] = [
            tuple(c.first(v) if c else v for c, v in zip(pair, values, strict=True))
            for values in given["value_pairs_set"]
        ]
    changes = {key: value for key, value in found.items() if value != given[key]}
    condition = getattr(expectation, "row_condition", None)
    if condition is not None and _speaks_of(condition, columns):
        changes["row_condition"] = PassThroughCondition(
            pass_through_filter=_query(condition, columns)
        )
    return changes


def _bounds(expectation: Expectation, given: Kwargs, column: DateColumn) -> Kwargs:
    found: Kwargs = {}
    if given.get("min_value") is not None:
        begin = column.last if getattr(expectation, "strict_min", False) else column.first
        found["min_value"] = begin(given["min_value"])
    if given.get("max_value") is not None:
        end = column.first if getattr(expectation, "strict_max", False) else column.last
        found["max_value"] = end(given["max_value"])
    if isinstance(given.get("value_set"), list):
        found["value_set"] = [column.first(value) for value in given["value_set"]]
    return found


def _moment(value: object) -> dt.date | None:
    """A day, or a moment (a datetime); None for anything else."""
    if isinstance(value, dt.date):
        return value
    if not isinstance(value, str) or "-" not in value:  # 20251103 may be a number
        return None
    for read in (dt.date.fromisoformat, dt.datetime.fromisoformat):
        try:
            return read(value)
        except ValueError:
            continue
    return None


def _speaks_of(condition: object, columns: Columns) -> bool:
    """Does it compare a column of dates with one?"""
    if isinstance(condition, AndCondition | OrCondition):
        return any(_speaks_of(part, columns) for part in condition.conditions)
    if not isinstance(condition, ComparisonCondition) or condition.column.name not in columns:
        return False
    return any(_moment(value) for value in _values(condition))


def _query(condition: Any, columns: Columns) -> str:
    """The condition as pandas asks it: `==` and `in` never find a date that is written as text."""
    if isinstance(condition, AndCondition | OrCondition):
        word = " and " if isinstance(condition, AndCondition) else " or "
        return "(" + word.join(_query(part, columns) for part in condition.conditions) + ")"
    if not _speaks_of(condition, columns):
        return str(PandasExecutionEngine().condition_to_filter_clause(condition))
    column, name = columns[condition.column.name], f"`{condition.column.name}`"
    begin, end = ([f"'{at(v)}'" for v in _values(condition)] for at in (column.first, column.last))
    ordered = {
        Operator.LESS_THAN: f"{name} < {begin[0]}",
        Operator.LESS_THAN_OR_EQUAL: f"{name} <= {end[0]}",
        Operator.GREATER_THAN: f"{name} > {end[0]}",
        Operator.GREATER_THAN_OR_EQUAL: f"{name} >= {begin[0]}",
    }
    if condition.operator in ordered:
        return ordered[condition.operator]
    within = " or ".join(
        f"({name} >= {one} and {name} <= {other})" for one, other in zip(begin, end, strict=True)
    )
    wanted = condition.operator in (Operator.EQUAL, Operator.IN)
    return f"({within})" if wanted else f"(not ({within}))"


def _values(condition: ComparisonCondition) -> list[object]:
    several = condition.operator in (Operator.IN, Operator.NOT_IN)
    return list(condition.parameter) if several else [condition.parameter]
