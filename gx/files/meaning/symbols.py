"""Which column of unknown name could hold the symbol: then no other place is asked for it."""

import re
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from gx.files.layout.kinds import is_moment, is_number
from gx.files.meaning.columns import is_blank, is_text, some_texts
from gx.files.meaning.names import NO_SYMBOL, plain

# What looks like a symbol; a sentence, or the name of a company, does not.
LIKE_ONE = re.compile(r"[A-Za-z0-9.^=/\-_:&]{1,20}( [A-Z])?")
_SAYS_SO = re.compile(r"symbol|ticker|code|isin|cusip|sedol|figi|instrument|security|contract|pair")
_YES_OR_NO = {"true", "false", "yes", "no", "y", "n"}
FEW = 0.5


def could_be_symbols(
    names: Sequence[str], columns: Sequence[pa.ChunkedArray], unused: Mapping[int, str]
) -> list[int]:
    """The positions of such columns among those that are not used for anything known."""
    free = [place for place, why in unused.items() if not why]
    return [place for place in free if _could_be(names[place], columns[place])]


def _could_be(name: str, cells: pa.ChunkedArray) -> bool:
    if plain(name) in NO_SYMBOL or is_blank(cells):
        return False
    texts = some_texts(cells)
    if _SAYS_SO.search(name.casefold()):
        return bool(texts)
    if not is_text(cells) or len(texts) < min(len(cells), 1_000):
        return False
    if any(is_number(text) or is_moment(text) for text in texts):
        return False
    if {text.casefold() for text in texts} <= _YES_OR_NO:
        return False
    few = len(pc.unique(cells)) <= max(1, len(cells) * FEW)
    return few and all(LIKE_ONE.fullmatch(text) for text in texts)
