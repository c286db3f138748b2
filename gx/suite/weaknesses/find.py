"""Say what of a suite can find nothing, so that a gate that is always open is never a surprise.

A weakness is no fault: the suite can be read and runs. It is told from the suite alone, partly by
trying what its critical expectations notice of planted faults (see noticed.py); how many rows an
expectation really looked at is for the report to say.
"""

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.row_conditions import (
    AndCondition,
    ComparisonCondition,
    NullityCondition,
    Operator,
    OrCondition,
    PassThroughCondition,
)

from gx.suite.custom.load import is_custom
from gx.suite.strict_json import shown
from gx.suite.texts import ADD, UNNOTICED
from gx.suite.weaknesses.matching import found_by
from gx.suite.weaknesses.noticed import Noticed, notice
from gx.suite.weaknesses.planted import BEYOND, GROSS, MARKET_HOLE, planted_market

NO_TEXT = "no text could be made up that"
LEAST_MOSTLY = 0.5  # below it most rows may be wrong, and nobody hears of it
OPEN = 1e300  # a bound out here holds back infinity alone: float64 ends at 1.8e308
# What a statistic cannot leave, whatever the data.
_NATURAL: Mapping[str, tuple[float, float]] = {
    "expect_table_row_count_to_be_between": (0, OPEN),
    "expect_table_column_count_to_be_between": (0, OPEN),
    "expect_column_unique_value_count_to_be_between": (0, OPEN),
    "expect_column_value_lengths_to_be_between": (0, OPEN),
    "expect_column_stdev_to_be_between": (0, OPEN),
    "expect_column_proportion_of_unique_values_to_be_between": (0, 1),
    "expect_column_proportion_of_non_null_values_to_be_between": (0, 1),
}
# Texts with nothing in common: a pattern found in all of them is found in any. They are short, and
# no character comes twice in a row: a pattern that backtracks for ever does not here.
_TEXTS = ("", "\n", "A", "z9", "-1.5", " ", "Ω", "=;\t'", "2025-10-06")


# What of the suite stock_data finds each kind of gross fault.
_REMEDIES: Mapping[str, str] = {
    "a bar 25 times too high": "expect_no_gross_price_errors",
    "a bar 25 times too low": "expect_no_gross_price_errors",
    "prices of -1": "expect_bar_prices_to_be_finite_and_positive",
    "a close that is no number": "expect_bar_prices_to_be_finite_and_positive",
    "a high below its low": "expect_bars_to_be_ohlc_consistent",
    "a bar twice": "expect_compound_columns_to_be_unique",
    "a bar dated in the future": "expect_no_future_bars",
    "a negative volume": "expect_column_values_to_be_between",
    "a bar without a symbol": "expect_column_values_to_not_be_null",
    MARKET_HOLE: "expect_no_market_wide_holes",
}


def find_weaknesses(
    expectations: Sequence[Expectation], parameters: Mapping[str, object]
) -> tuple[str, ...]:
    """Each weakness of a suite as a sentence that names the entry (from 1), the suite's own last.

    What asks for nothing is found (no bounds, an empty set, ``mostly`` 0, a condition that no row
    meets); of critical expectations also those that notice no planted fault, or raise, and the
    kinds of gross fault that none of them notices; of somebody's own those that raise.
    ``parameters`` are the suite's own.
    """
    critical = {n: one for n, one in enumerate(expectations, 1) if one.severity == "critical"}
    # What raises closes the gate whatever its severity, and somebody's own may.
    own = {n: one for n, one in enumerate(expectations, 1) if is_custom(type(one))}
    tried = {**critical, **own}
    noticed = dict(zip(tried, notice(list(tried.values()), parameters), strict=True))
    found = [
        (number, f"entry {number} ({_name(expectation)}): {why}")
        for number, expectation in enumerate(expectations, 1)
        for why in _weaknesses(expectation) or _by_trial(noticed.get(number), number in critical)
    ]
    weak = {number for number, _ in found}
    said = [sentence for _, sentence in found]
    if not critical:
        said.append("no expectation is critical, so no bar, however wrong, closes the gate")
    elif weak.issuperset(critical):
        said.append("every critical expectation is named here, so next to nothing closes the gate")
    else:
        said += _unnoticed({n: noticed[n] for n in critical if n not in weak})
    return tuple(said)


def _by_trial(noticed: Noticed | None, critical: bool) -> list[str]:
    """What an expectation showed of itself on the planted faults."""
    if noticed is None:
        return []
    if noticed.raised:
        return [f"tried on a made-up market it raised: {noticed.raised}"]
    if not critical:
        return []
    if noticed.idle:
        return ["no bar of a made-up market meets its row_condition, so it looks at none"]
    if noticed.blind:
        faults = planted_market().faults
        return [f"it notices none of the {faults} faults of a made-up market, so it may never fail"]
    return []


def _unnoticed(noticed: Mapping[int, Noticed]) -> Iterator[str]:
    """The kinds of gross fault that all critical expectations together let through."""
    seen = {kind for one in noticed.values() for kind in one.gross}
    missed = [kind for kind in (*GROSS, MARKET_HOLE) if kind not in seen]
    if not missed:
        return
    untried = [str(number) for number, one in noticed.items() if not one.tried]
    entries = "entry" if len(untried) == 1 else "entries"
    beside = f" ({entries} {', '.join(untried)} could not be tried)" if untried else ""
    remedies = ", ".join(dict.fromkeys(_REMEDIES[kind] for kind in missed))
    yield f"{UNNOTICED}{'; '.join(missed)}{beside}{ADD}{remedies}"


def _weaknesses(expectation: Expectation) -> list[str]:
    found = [*_tolerance(expectation), *_bounds(expectation)]
    for kinds, why in _EMPTY:
        if expectation.expectation_type in kinds and (said := why(expectation)):
            found.append(said)
    return [*found, *_condition(expectation)]


def _said(expectation: Expectation, field: str) -> Any:
    """What it says in a field that its kind has, and others have not."""
    return getattr(expectation, field)


def _tolerance(expectation: Expectation) -> Iterator[str]:
    mostly = getattr(expectation, "mostly", None)
    if not isinstance(mostly, int | float):
        return
    if mostly <= 0:
        yield "mostly is 0, so it can never fail"
    elif mostly < LEAST_MOSTLY:
        wrong = f"{100 * (1 - mostly):.6g} %"
        yield f"mostly is {mostly:g}, so it fails only when more than {wrong} of rows are wrong"


def _bounds(expectation: Expectation) -> Iterator[str]:
    fields = type(expectation).__fields__
    if "min_value" not in fields or "max_value" not in fields:
        return
    if expectation.expectation_type == _DIVERGENCE:  # its bound is the threshold
        return
    natural = _NATURAL.get(expectation.expectation_type)
    least, most = natural or (-OPEN, OPEN)
    low, high = _said(expectation, "min_value"), _said(expectation, "max_value")
    if low is None and high is None:
        yield "it has neither min_value nor max_value, so it can never fail"
    elif _below(low, least, expectation) and _above(high, most, expectation):
        span = f"{_bound(low)} to {_bound(high)}"
        yield (
            f"no value lies outside {span}, so it can never fail"
            if natural
            else f"nothing but infinity lies outside {span}"
        )
    elif (
        (beyond := BEYOND.get(str(getattr(expectation, "column", None))))
        and not natural
        and _below(low, -beyond, expectation)
        and _above(high, beyond, expectation)
    ):
        span = f"{_bound(low)} to {_bound(high)}"
        yield f"no {_said(expectation, 'column')} that is or was lies outside {span}"


def _below(low: object, least: float, expectation: Expectation) -> bool:
    """Does the lower bound let everything pass?"""
    if low is None:
        return True
    excluded = bool(getattr(expectation, "strict_min", False))
    return isinstance(low, int | float) and (low < least or (low == least and not excluded))


def _above(high: object, most: float, expectation: Expectation) -> bool:
    if high is None:
        return True
    excluded = bool(getattr(expectation, "strict_max", False))
    return isinstance(high, int | float) and (high > most or (high == most and not excluded))


def _bound(value: object) -> str:
    return "anything" if value is None else f"{value:g}"


def _nothing_in(field: str) -> Callable[[Expectation], str]:
    def why(expectation: Expectation) -> str:
        empty = not getattr(expectation, field)
        return f"{field} is empty, so it can never fail" if empty else ""

    return why


def _not_given(field: str) -> Callable[[Expectation], str]:
    def why(expectation: Expectation) -> str:
        missing = getattr(expectation, field) is None
        return f"{field} is not given, so it can never fail" if missing else ""

    return why


def _open_set(expectation: Expectation) -> str:
    empty = not _said(expectation, "column_set") and not _said(expectation, "exact_match")
    return "column_set is empty and others are allowed, so it can never fail" if empty else ""


def _open_quantiles(expectation: Expectation) -> str:
    ranges = expectation.configuration.kwargs["quantile_ranges"].get("value_ranges")
    bounded = any(
        bound is not None and not (isinstance(bound, int | float) and abs(bound) >= OPEN)
        for pair in (ranges if isinstance(ranges, list) else [[""]])  # others raise in the run
        for bound in (pair if isinstance(pair, list) else [""])
    )
    return "" if bounded else "none of its quantiles has a bound, so it can never fail"


def _any_text(expectation: Expectation) -> str:
    regex = _said(expectation, "regex")
    if not _finds_all(regex):
        return ""
    return f"the regex {shown(regex)} matches every text, so it can never fail"


def _any_of_texts(expectation: Expectation) -> str:
    regexes = _said(expectation, "regex_list")
    every = all if str(_said(expectation, "match_on")) == "all" else any
    if not every(_finds_all(regex) for regex in regexes):
        return ""
    return "its regex_list lets every text pass, so it can never fail"


def _no_text(expectation: Expectation) -> str:
    regex = _said(expectation, "regex")
    if not _finds_none(regex):
        return ""
    return f"{NO_TEXT} the regex {shown(regex)} matches, so it can never fail"


def _none_of_texts(expectation: Expectation) -> str:
    every = all(_finds_none(regex) for regex in _said(expectation, "regex_list"))
    return f"{NO_TEXT} its regex_list matches, so it can never fail" if every else ""


def _finds_none(regex: object) -> bool:
    try:
        return found_by(str(regex), _TEXTS) is None
    except (re.error, RecursionError):
        return False  # it raises when it runs, and that closes the gate


def _finds_all(regex: object) -> bool:
    try:
        return all(re.search(str(regex), text) for text in _TEXTS)
    except re.error:
        return False  # it raises when it runs, and that closes the gate


def _same_columns(expectation: Expectation) -> str:
    same = _said(expectation, "column_A") == _said(expectation, "column_B")
    return "it compares a column with itself, so it can never fail" if same else ""


def _same_or_equal(expectation: Expectation) -> str:
    return _same_columns(expectation) if _said(expectation, "or_equal") else ""


def _one_column(expectation: Expectation) -> str:
    one = len(set(_said(expectation, "column_list"))) == 1
    return "it compares a column with itself, so it can never fail" if one else ""


def _any_share(expectation: Expectation) -> str:
    return "percent is 100, so it can never fail" if _said(expectation, "percent") >= 100 else ""


_DIVERGENCE = "expect_column_kl_divergence_to_be_less_than"
_EMPTY: tuple[tuple[tuple[str, ...], Callable[[Expectation], str]], ...] = (
    (
        ("expect_column_values_to_not_be_in_set", "expect_column_distinct_values_to_contain_set"),
        _nothing_in("value_set"),
    ),
    (("expect_table_columns_to_match_set",), _open_set),
    (("expect_table_columns_to_match_ordered_list",), _not_given("column_list")),
    (("expect_column_values_to_be_in_type_list",), _not_given("type_list")),
    ((_DIVERGENCE,), _not_given("threshold")),
    (("expect_column_quantile_values_to_be_between",), _open_quantiles),
    (("expect_column_values_to_match_regex",), _any_text),
    (("expect_column_values_to_match_regex_list",), _any_of_texts),
    (("expect_column_values_to_not_match_regex",), _no_text),
    (("expect_column_values_to_not_match_regex_list",), _none_of_texts),
    (("expect_column_pair_values_to_be_equal",), _same_columns),
    (("expect_column_pair_values_a_to_be_greater_than_b",), _same_or_equal),
    (("expect_multicolumn_values_to_be_equal",), _one_column),
    (("expect_no_market_wide_holes",), _any_share),
)


def _condition(expectation: Expectation) -> Iterator[str]:
    condition = getattr(expectation, "row_condition", None)
    if condition is None:
        return
    if _never(condition):
        yield "no row can meet its row_condition, so it looks at none"
    elif expectation.expectation_type == "expect_column_values_to_not_be_null" and _asks_for(
        condition, _said(expectation, "column")
    ):
        yield "its row_condition leaves out the very rows that it looks for, so it can never fail"


def _never(condition: object) -> bool:
    """Can no row meet this, whatever the data?  Only what a single comparison says is found."""
    match condition:
        case AndCondition():
            return any(_never(part) for part in condition.conditions)
        case OrCondition():
            return all(_never(part) for part in condition.conditions)
        case ComparisonCondition():
            return condition.operator == Operator.IN and not list(condition.parameter)
        case PassThroughCondition():
            return _never_in_pandas(condition.pass_through_filter)
    return False


def _asks_for(condition: object, column: str) -> bool:
    """Does the condition let only rows through that have a value in this column?"""
    match condition:
        case AndCondition():
            return any(_asks_for(part, column) for part in condition.conditions)
        case NullityCondition():
            return bool(condition.column.name == column and not condition.is_null)
        case PassThroughCondition():
            text = re.sub(r"[\s`]", "", condition.pass_through_filter)
            return text in (f"{column}.notnull()", f"{column}.notna()", f"{column}=={column}")
    return False


def _never_in_pandas(text: str) -> bool:
    try:
        tree = ast.parse(text.replace("`", "").strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False  # it raises when it runs, and that closes the gate
    return _against_itself(tree)


def _against_itself(tree: ast.expr) -> bool:
    """`close < close`; `close != close` finds NaN, and is no such thing."""
    if isinstance(tree, ast.BoolOp):
        every = any if isinstance(tree.op, ast.And) else all
        return every(_against_itself(part) for part in tree.values)
    return (
        isinstance(tree, ast.Compare)
        and isinstance(tree.ops[0], ast.Lt | ast.Gt)
        and ast.dump(tree.left) == ast.dump(tree.comparators[0])
    )


def _name(expectation: Expectation) -> str:
    configuration = expectation.configuration
    kwargs = configuration.kwargs
    keys = ("column", "column_A", "column_B", "column_list")
    named = [kwargs[key] for key in keys if key in kwargs]
    columns = [str(name) for part in named for name in (part if isinstance(part, list) else [part])]
    return f"{configuration.type} on {', '.join(columns)}" if columns else str(configuration.type)
