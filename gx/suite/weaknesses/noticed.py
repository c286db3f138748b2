"""Try which planted faults an expectation notices: one that notices none may never fail."""

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.expectations.expectation import Expectation

from gx.engine.batches import entry_key, exception_of
from gx.engine.looked_at import COUNTS_ROWS, OF_THE_SCHEMA, rows_looked_at
from gx.plugins.expectations import BarExpectation
from gx.plugins.expectations.session_expectations import AttendanceExpectation
from gx.suite.custom.files import custom_signature
from gx.suite.entries.named_columns import columns_of, columns_of_condition
from gx.suite.entries.rehearsal import results_on
from gx.suite.weaknesses.planted import MARKET_HOLE, TOUCHED, PlantedBars, Rows, planted_market

_PRICES_AND_VOLUME = {"open", "high", "low", "close", "volume"}
# What other values than the planted ones are wrong in, nobody here can know.
_OF_OTHER_VALUES = {"date", "created_at", "symbol"}
_KNOWS_NO_ROWS = OF_THE_SCHEMA | COUNTS_ROWS
# A pattern may backtrack for ever on a long text; what it finds is tried in find.py.
_PATTERNS = {
    f"expect_column_values_to_{match}_regex{several}"
    for match in ("match", "not_match")
    for several in ("", "_list")
}
_REMEMBERED = 2_000
_known: dict[str, "Noticed"] = {}


@dataclass(frozen=True)
class Noticed:
    """What an expectation notices of the planted faults, whatever its ``mostly`` lets through.

    ``gross`` are the kinds of gross fault; ``blind`` says that it notices nothing at all, ``idle``
    that no bar meets its row condition. Of one that is not ``tried`` nothing can be said: its
    values are not in the market, it judges a statistic, or ``raised`` something.
    """

    tried: bool
    blind: bool = False
    idle: bool = False
    gross: frozenset[str] = frozenset()
    raised: str = ""


def notice(expectations: Sequence[Expectation], parameters: Mapping[str, object]) -> list[Noticed]:
    """What each one notices; ``parameters`` are the suite's own. None of them raises here."""
    if len(_known) > _REMEMBERED:
        _known.clear()
    given = json.dumps([dict(parameters), custom_signature()], default=str)
    keys = [entry_key(one) + given for one in expectations]
    new = {key: e for key, e in zip(keys, expectations, strict=True) if key not in _known}
    for key in [key for key, one in new.items() if one.expectation_type in _PATTERNS]:
        _known[key] = Noticed(tried=True)
        del new[key]
    if new:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = _tried(list(new.values()), parameters)
        _known.update(zip(new, found, strict=True))
    return [_known[key] for key in keys]


def _tried(expectations: Sequence[Expectation], own: Mapping[str, object]) -> list[Noticed]:
    market = planted_market()
    # The market keeps the usual calendar: by another one its weekends, say, would be holes.
    strict = [_changed(one, drop=("mostly", "calendar", "calendars")) for one in expectations]
    # The bars that a condition leaves out say something of an expectation, too.
    anywhere = {
        number: _changed(one, drop=("row_condition", "condition_parser"))
        for number, one in enumerate(strict)
        if getattr(one, "row_condition", None) is not None
    }
    values = {**own, **market.parameters}
    results = results_on(market.bars, [*strict, *anywhere.values()], values)
    of_all = dict(zip(anywhere, results[len(strict) :], strict=True))
    return [
        _what_was_noticed(market, one, found, of_all.get(number, found))
        for number, (one, found) in enumerate(zip(expectations, results, strict=False))
    ]


def _changed(expectation: Expectation, drop: Sequence[str]) -> Expectation:
    if all(getattr(expectation, key, None) in (None, 1) for key in drop):
        return expectation
    configuration = expectation.configuration
    configuration.kwargs = {k: v for k, v in configuration.kwargs.items() if k not in drop}
    return configuration.to_domain_obj()


def _what_was_noticed(
    market: PlantedBars,
    expectation: Expectation,
    found: ExpectationValidationResult | str,
    anywhere: ExpectationValidationResult | str,
) -> Noticed:
    named = columns_of(expectation)
    for result in (found, anywhere):
        if raised := result if isinstance(result, str) else exception_of(result):
            return Noticed(tried=False, raised=raised)
    assert not isinstance(found, str) and not isinstance(anywhere, str)  # noqa: PT018
    if expectation.expectation_type in _KNOWS_NO_ROWS:
        return Noticed(tried=True)
    rows, of_all = _rows(found), _rows(anywhere)
    # The bars of the market are daily.
    elsewhere = getattr(expectation, "within_the_day_only", False)
    if elsewhere or rows is None or of_all is None:
        return Noticed(tried=False)
    gross = {kind for kind, at in market.gross.items() if np.isin(at, rows).any()}
    if np.isin(of_all, market.clean).any():  # it asks for other values than these bars have
        own_kinds = {kind for kind in gross if named.intersection(TOUCHED[kind])}
        return Noticed(tried=False, gross=frozenset(own_kinds))
    if not rows_looked_at(found, market.bars):
        own_columns = columns_of_condition(expectation) <= _PRICES_AND_VOLUME
        return Noticed(tried=own_columns, idle=own_columns)
    details = found.result.get("details") or {}
    if isinstance(expectation, AttendanceExpectation) and details.get("session_count"):
        gross.add(MARKET_HOLE)
    ours = isinstance(expectation, BarExpectation)
    counted = np.setdiff1d(of_all, market.absurd) if ours else of_all
    nothing = not len(counted) and not details.get("session_count")
    certain = ours or not named & _OF_OTHER_VALUES
    return Noticed(tried=certain or not nothing, blind=certain and nothing, gross=frozenset(gross))


def _rows(found: ExpectationValidationResult) -> Rows | None:
    """The failing rows; None of an expectation that judges a statistic, or tells no rows."""
    if "element_count" not in found.result:
        return None
    listed = found.result.get("unexpected_index_list")
    if listed is None and found.result.get("unexpected_count"):
        return None
    return np.array(listed or [], dtype=np.int64)
