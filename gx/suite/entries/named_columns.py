"""The columns that an expectation names, which must be among those that a run extracts."""

import re
from collections.abc import Iterator, Mapping
from keyword import iskeyword
from typing import Any

from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.row_conditions import (
    AndCondition,
    OrCondition,
    PassThroughCondition,
)

from gx.nearest import nearest
from gx.suite.custom.load import is_custom
from gx.suite.strict_json import shown
from gx.terms import BAR_COLUMNS

EXTRACTED = (*BAR_COLUMNS, "created_at")
_COLUMNS = ("column", "column_A", "column_B", "column_list")
# They judge whether columns are there: any name is an answer.
_ASKS_WHETHER = {"expect_column_to_exist", "expect_table_columns_to_match_ordered_list"}


def columns_of(expectation: Expectation) -> set[str]:
    """The columns that it names, its condition too; of a condition in pandas' words what may be."""
    named = names_in(expectation.configuration.kwargs)
    return {*(name for _, name in named), *columns_of_condition(expectation)}


def columns_of_condition(expectation: Expectation) -> set[str]:
    """The columns that its row condition names."""
    return set(_asked(getattr(expectation, "row_condition", None)))


def names_in(kwargs: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Each kwarg that names a column, and the column."""
    for key in _COLUMNS:
        given = kwargs.get(key)
        for name in given if isinstance(given, list | tuple) else [given]:
            if isinstance(name, str):
                yield key, name


def column_faults(
    implementation: type[Expectation], kwargs: Mapping[str, object]
) -> Iterator[tuple[str, str]]:
    """A fault, with its kwarg, for each column named in ``kwargs`` that no run extracts.

    A kwarg of somebody's own expectation names a column if its base class takes it for one.
    """
    if implementation.expectation_type in _ASKS_WHETHER:
        return
    own = is_custom(implementation)
    fields = implementation.domain_keys if own else implementation.__fields__
    for key, name in names_in(kwargs):
        if key in fields and name not in EXTRACTED:
            yield f"kwarg {key!r} {_unknown(name)}", key


def condition_faults(condition: Any, among: str | None = None) -> list[tuple[str, str]]:
    """The same of a row condition; ``among`` is what pandas says of names that it does not know."""
    return [
        (f"its row_condition {_unknown(name)}", "row_condition")
        for name in dict.fromkeys(_asked(condition))
        if name not in EXTRACTED and (among is None or f"name '{name}'" in among)
    ]


def in_words(condition: Any) -> bool:
    """Is some of it in pandas' words, of which not every one need be a column?"""
    if isinstance(condition, AndCondition | OrCondition):
        return any(in_words(part) for part in condition.conditions)
    return isinstance(condition, PassThroughCondition)


def _unknown(name: str) -> str:
    there = f"a run has {', '.join(EXTRACTED)}"
    return f"names the column {shown(name)}, which no run has{nearest(name, EXTRACTED)} ({there})"


def _asked(condition: Any) -> Iterator[str]:
    """The columns of a condition; of one in pandas' words everything that might be one."""
    if isinstance(condition, AndCondition | OrCondition):
        for part in condition.conditions:
            yield from _asked(part)
    elif isinstance(condition, PassThroughCondition):
        text = re.sub(r"\"[^\"]*\"|'[^']*'", "", condition.pass_through_filter)
        yield from re.findall(r"`([^`]+)`", text)
        words = re.findall(r"(?<![.@\w])[^\W\d]\w*(?!\w*\()", re.sub(r"`[^`]+`", "", text))
        yield from (word for word in words if not iskeyword(word))
    elif condition is not None:
        yield condition.column.name
