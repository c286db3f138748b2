"""One rule for symbols, in the words of a person, of a form and of the suite."""

import re
import unicodedata

import pytest

from gx.plugins.expectations.kernels.symbols import judge_symbols
from gx.symbols import INVISIBLE, LIST_PATTERN, LONGEST, PATTERN, symbol_fault
from sql.nearest import did_you_mean, nearest_symbols

NAMES = [
    *("^GSPC", "EURGBP=X", "ES=F", "BRK B", "AAPL  250117C00300000", "BTC/USD", "tsla", "brk.b"),
    *("株式会社", "Á", "ΤSLA", "A|B", "A\\B", "<b>", "'; drop table x; --", "../..", "%41", "$ES"),
    *("A" * LONGEST, "株" * LONGEST, "x", "NA", "null", "007", "BRK\u00a0B", "😀"),
]
NO_NAMES = [
    *("", " ", "\t", " AAPL", "AAPL ", "AAPL\n", "\nAAPL", "\u00a0AAPL", "AAPL\u3000"),
    *("A\u200bB", "\ufeffAAPL", "A\x00B", "A\u202eB", "A\u2028B", "\u00ad"),
    *("A" * (LONGEST + 1), "A" + " " * LONGEST + "B", "*"),
]


@pytest.mark.parametrize("symbol", NAMES)
def test_what_identifies_an_instrument_is_a_symbol_everywhere(symbol: str):
    assert symbol_fault(symbol) is None
    assert re.search(PATTERN, symbol)
    assert not judge_symbols([{symbol: 5, "OTHER": 5}]).wrong
    assert re.search(LIST_PATTERN, f" {symbol} , IBM")


@pytest.mark.parametrize("symbol", NO_NAMES)
def test_what_is_no_symbol_is_refused_everywhere(symbol: str):
    assert symbol_fault(symbol)
    assert not re.search(PATTERN, symbol)
    assert judge_symbols([{symbol: 5, "OTHER": 5}]).wrong == {symbol}


def test_the_form_knows_every_sign_that_the_rule_refuses():
    """Of halves of pairs, and of what is beyond U+FFFF, a form knows nothing: a run does."""
    assert symbol_fault("A\ud800") and symbol_fault("A\U000e0041")
    for code in range(0x10000):
        sign = chr(code)
        if unicodedata.category(sign) != "Cs":
            assert bool(re.search(PATTERN, f"A{sign}B")) == (
                unicodedata.category(sign) not in INVISIBLE
            ), hex(code)


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        *(("", True), ("  ", True), ("*", True), (" * ", True), ("IBM,BRK B", True)),
        *(("*, IBM", True), ("IBM,", False), (",", False), ("A\u200bB", False)),
        (",".join(["A" * LONGEST] * 200) + ",", False),
    ],
)
def test_a_list_in_the_form(text: str, taken: bool):
    """An asterisk beside others is one of the signs of a symbol here; the run refuses it."""
    assert bool(re.search(LIST_PATTERN, text)) == taken


def test_only_symbols_that_the_table_holds_are_meant():
    held = ["TSLA", "BRK B", "^GSPC", "MSFT"]

    found = nearest_symbols(["tsla", "BRK.B", "GSPC", "MSTF", "MSFT", "NOPE", "?"], held)

    assert found == {"tsla": "TSLA", "BRK.B": "BRK B", "GSPC": "^GSPC", "MSTF": "MSFT"}
    assert did_you_mean({"tsla": "TSLA"}) == "; did you mean 'TSLA'?"
    assert did_you_mean({"a": "A", "b": "B"}) == "; did you mean 'A' for 'a', 'B' for 'b'?"
    assert did_you_mean({}) == ""
