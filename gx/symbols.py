"""What a symbol may be: one rule, for files, tables, requests, forms and suites.

What identifies an instrument in practice is a symbol: ``^GSPC``, ``EURGBP=X``, ``BRK B``,
``AAPL  250117C00300000``, ``BTC/USD``, in any letters and either case.
"""

import unicodedata

LONGEST = 32
# Asks for every symbol there is: a symbol of this name could not be asked for.
EVERY = "*"
RULE = f"1 to {LONGEST} characters, none of them invisible, without spaces around it"
# Unicode's categories of what nobody sees: control, format (zero width, marks of direction),
# halves of surrogate pairs, private use, separators of lines and paragraphs.
INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
# The same as a class of a regular expression that Python and JavaScript both read, for a form.
# Neither can name categories, and beyond U+FFFF they write characters differently: what is
# invisible there (tags, musical marks) only `symbol_fault` finds.
_UNSEEN = (
    r"\u0000-\u001f\u007f-\u009f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e"
    r"\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ue000-\uf8ff\ufeff\ufff9-\ufffb"
)
_END = r"(?![\s\S])"  # a $ would let a line end follow


def _pattern(inside: str) -> str:
    edge = rf"[^{_UNSEEN}{inside}\s]"
    return rf"{edge}(?:[^{_UNSEEN}{inside}]{{0,{LONGEST - 2}}}{edge})?"


PATTERN = rf"^(?!\*{_END}){_pattern('')}{_END}"
# Symbols with commas between them, or * for all there are; empty for none.
LIST_PATTERN = rf"^\s*(?:\*|{_pattern(',')}(?:\s*,\s*{_pattern(',')})*)?\s*{_END}"


def require_symbol(symbol: str) -> str:
    """``symbol`` itself; raises ValueError, as pydantic's validators do, for what is none."""
    if fault := symbol_fault(symbol):
        raise ValueError(f"symbol {symbol!r} {fault}")
    return symbol


def symbol_fault(symbol: str) -> str | None:
    """Say what keeps a text from being a symbol, to be read after it; None when nothing does."""
    if symbol.isascii() and symbol.isalnum() and len(symbol) <= LONGEST:
        return None
    unseen = [one for one in symbol if unicodedata.category(one) in INVISIBLE]
    if unseen:
        return f"has a character that nobody sees (U+{ord(unseen[0]):04X})"
    faults = {
        "is empty": not symbol.strip(),
        "has a space at its beginning or end": symbol != symbol.strip(),
        "asks for every symbol there is, and is none itself": symbol == EVERY,
        f"has {len(symbol)} characters; {LONGEST} are the most": len(symbol) > LONGEST,
    }
    return next((fault for fault, found in faults.items() if found), None)
