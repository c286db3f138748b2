"""Symbols that are no names, and spellings of one symbol."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from gx.plugins.expectations.kernels.bars import Bars
from gx.plugins.expectations.kernels.symbols import (
    ambiguous_symbols,
    judge_spaces,
    judge_symbols,
    spaced_symbols,
)
from tests.unit.expectations.series import walk


def frame(rows: dict[Any, int]) -> pd.DataFrame:
    frames = [walk("AAA", count).assign(symbol=symbol) for symbol, count in rows.items()]
    return pd.concat(frames, ignore_index=True)


def flagged(bars: pd.DataFrame) -> set[Any]:
    return set(bars["symbol"][ambiguous_symbols(Bars.of(bars)).flags])


@pytest.mark.parametrize(
    "symbol",
    [
        "",
        " ",
        "\t",
        " AAPL",
        "AAPL ",
        "AAPL\n",
        "\u00a0AAPL",
        "AA\u200bPL",
        "\ufeffAAPL",
        "AA\x00PL",
    ],
)
def test_what_is_no_name_is_found_alone_and_beside_the_right_one(symbol: str):
    assert flagged(frame({"MSFT": 5, symbol: 5})) == {symbol}
    assert flagged(frame({"AAPL": 50, symbol: 1})) == {symbol}


@pytest.mark.parametrize(
    "variant", ["aapl", "AApl", "ＡＡＰＬ", "AAPL ", "AAPL\u200b", "\u00a0AAPL"]
)
def test_another_spelling_is_found_and_the_one_with_most_rows_passes(variant: str):
    bars = frame({variant: 1, "MSFT": 3, "AAPL": 100})

    assert flagged(bars) == {variant}


@pytest.mark.parametrize("rows", [1, 6, 10])
def test_without_a_clear_majority_all_spellings_are_wrong(rows: int):
    """Ten rows against six tell nothing; twice as many do."""
    wrong = {"AAPL", "aapl", "Aapl"} if rows > 5 else {"aapl", "Aapl"}

    assert flagged(frame({"AAPL": 10, "aapl": rows, "Aapl": 1})) == wrong


def test_a_symbol_that_is_most_often_misspelt_leaves_none_to_trust():
    assert flagged(frame({"AAPL": 3, "AAPL ": 100})) == {"AAPL", "AAPL "}


@pytest.mark.parametrize("name", ["BRK B", "BRK.B", "BRK/B", "^GSPC", "0700.HK", "Á", "ES=F", "株"])
def test_names_of_the_markets_pass(name: str):
    assert flagged(frame({name: 3, "BRK-B": 3, "BRK": 3})) == set()


def test_spaces_within_a_name_may_be_of_one_kind_only():
    assert flagged(frame({"BRK B": 9, "BRK\u00a0B": 2})) == {"BRK\u00a0B"}


def test_the_spellings_and_their_rows_are_named():
    judgement = ambiguous_symbols(Bars.of(frame({"aapl": 2, "AAPL": 9, "": 4, "MSFT": 1})))

    assert judgement.details == {
        "malformed": [""],
        "malformed_count": 1,
        "variants": [{"AAPL": 9, "aapl": 2}],
        "variant_count": 1,
    }


@pytest.mark.parametrize("kind", ["object", "category", "string", "str"])
def test_rows_without_a_symbol_are_left_to_others_and_rows_without_a_date_are_not(kind: str):
    bars = frame({"AAPL": 9, "aapl": 2, "": 2})
    bars.loc[[0, 1], "symbol"] = None
    bars.loc[[2, 9, 12], "date"] = pd.NaT
    bars = bars.astype({"symbol": kind}).sample(frac=1, random_state=1)

    flags = ambiguous_symbols(Bars.of(bars)).flags

    assert sorted(bars.index[flags]) == [9, 10, 11, 12]


def test_symbols_that_are_numbers_are_names():
    assert flagged(frame({700: 3, 5: 4})) == set()


def test_no_rows_and_nothing_but_missing_symbols_are_no_error():
    bars = walk(bars=3)

    assert flagged(bars.head(0)) == set()
    assert flagged(bars.assign(symbol=None)) == set()


def test_parts_that_hold_one_spelling_each_are_judged_together():
    found = judge_symbols([{"AAPL": 100, "MSFT": 3}, {"aapl": 1}, {"msft": 3}, {}])

    assert found.wrong == {"aapl", "MSFT", "msft"}
    assert np.all([not judge_symbols([part]).wrong for part in ({"AAPL": 100}, {"aapl": 1})])


def test_spaces_within_alone_are_another_question():
    bars = frame({"BRK B": 9, "BRKB": 2, "BRK  B": 1, "MSFT": 3})

    assert flagged(bars) == set()
    judgement = spaced_symbols(Bars.of(bars))
    assert set(bars["symbol"][judgement.flags]) == {"BRKB", "BRK  B"}
    assert judgement.details == {
        "variants": [{"BRK  B": 1, "BRK B": 9, "BRKB": 2}],
        "variant_count": 1,
    }


def test_of_two_paddings_that_are_as_common_both_are_doubtful():
    option = {"AAPL  250117C00300000": 5, "AAPL 250117C00300000": 4}

    assert judge_spaces([option]).wrong == set(option)


def test_what_differs_by_case_too_is_doubtful_once_for_its_spaces():
    found = judge_spaces([{"BRK B": 9, "brk b": 1}, {"brkb": 2}])

    assert found.wrong == {"brkb"}
    assert judge_symbols([{"BRK B": 9, "brk b": 1}, {"brkb": 2}]).wrong == {"brk b"}
