"""Numbers as people write them: which sign is the decimal one, told by all of a file's columns.

``1,234`` says nothing by itself, ``1,234.5`` and ``12,5`` do. What is read is exactly what is
written: digits are moved as texts, never as binary fractions.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, DecimalException

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gx.errors import BarFileError
from gx.files.layout.kinds import CURRENCIES
from gx.files.meaning.missing import MISSING

POINT, COMMA = ".", ","
PRICES = ("open", "high", "low", "close")
# Spaces, a narrow one among them, and apostrophes: between thousands, never a decimal sign.
_GAPS = " \u00a0\u202f\u2009'’"
_CODES = "USD|EUR|GBP|JPY|CHF|INR"
_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_ODD = r"[^0-9.eE+\-]"
_DRESSED = re.compile(
    rf"(?P<open>\()?\s*(?P<sign>[+\-−])?\s*(?:[{CURRENCIES}]|{_CODES})?\s*(?P<sign2>[+\-−])?"
    rf"(?P<digits>[\d.,{_GAPS}]*\d[.,]?)(?P<power>[eE][+-]?\d+)?\s*(?P<unit>[kKmMbBtT])?"
    rf"\s*(?:[{CURRENCIES}]|{_CODES})?\s*(?P<close>\))?"
)
SEEN = 1_000
_UNITS = {"k": 3, "m": 6, "b": 9, "t": 12}
_GROUPED = r"\d{1,3}(?:%s\d{3})+"


@dataclass(frozen=True)
class Convention:
    """The decimal sign of a file's numbers, and what tells it; ``sure`` unless that is indirect."""

    decimal: str
    because: str = ""
    sure: bool = True

    @property
    def thousands(self) -> str:
        """The other sign, which may stand between thousands."""
        return _other(self.decimal)


@dataclass(frozen=True)
class _Vote:
    decimal: str
    column: str
    cell: str


def numbers_as_text(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column's texts without the spaces around them, null where there is no value."""
    texts = pc.utf8_trim_whitespace(pc.cast(cells, pa.string()))
    return pc.if_else(pc.is_in(texts, pa.array(MISSING)), pa.scalar(None, pa.string()), texts)


def convention_of(
    file: str,
    columns: Mapping[str, pa.ChunkedArray],
    others: Sequence[pa.ChunkedArray],
    unclear: Collection[str],
    *,
    decimal: str | None,
    point_is_sure: bool,
    dates: pa.ChunkedArray | None = None,
) -> Convention:
    """Which sign is decimal in columns of texts (null: no value).

    ``others`` are the file's other columns of texts; ``unclear`` names those that are not one and
    all plain numbers.
    ``point_is_sure``: a point can be no sign between thousands here, as in a file with commas
    between its cells and none in them. Raises BarFileError where two cells contradict each other,
    or nothing tells.
    """
    if decimal is not None:
        return Convention(decimal, "--decimal")
    odd = any(_has_other_signs(columns[name]) for name in unclear)
    if not odd and (point_is_sure or _shows_point(columns.values())):
        return Convention(POINT)
    try:
        return _by_votes(file, columns, others, point_is_sure=point_is_sure)
    except _UnclearError as error:
        told = _by_others(error.vote, others, dates)
        if told is None:
            raise
        return told


class _UnclearError(BarFileError):
    """A number that could be either, and no other one that tells."""

    def __init__(self, said: str, vote: "_Vote") -> None:
        super().__init__(said)
        self.vote = vote


def _by_others(
    vote: "_Vote", others: Sequence[pa.ChunkedArray], dates: pa.ChunkedArray | None
) -> Convention | None:
    """What columns that are not used tell, as of changes in percent, or the way of the dates.

    Where days are written 31.10.2025, a price's comma is decimal. A volume's could be either.
    """
    seen: dict[str, str] = {}
    for texts in others:
        for cell in pc.unique(texts.slice(0, SEEN)).drop_null().to_pylist():
            sign = _tells(cell.strip().rstrip("% "))
            if sign in (POINT, COMMA):
                seen.setdefault(sign, cell.strip())
    if len(seen) == 1:
        ((sign, cell),) = seen.items()
        return Convention(sign, f"{cell!r} in a column that is not used", sure=False)
    if vote.column not in PRICES or COMMA not in vote.cell:
        return None
    if seen or dates is None or not pa.types.is_string(dates.type):
        return None
    if pc.all(pc.match_substring_regex(dates, r"^\s*\d{1,2}\.\d{1,2}\.\d{2,4}")).as_py():
        return Convention(COMMA, "its dates are written with points", sure=False)
    return None


def as_floats(texts: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """A column of plain numbers one and all as float64."""
    try:
        return pc.cast(texts, pa.float64())
    except pa.ArrowInvalid:
        return None


def _has_other_signs(texts: pa.ChunkedArray) -> bool:
    """Whether a column has cells with other signs than a plain number's."""
    return bool(pc.any(pc.match_substring_regex(texts, _ODD)).as_py())


def _shows_point(columns: Iterable[pa.ChunkedArray]) -> bool:
    """Whether plain numbers show that a point is decimal, or have none."""
    columns = list(columns)
    for size in (1_000, None):
        for texts in columns:
            some = texts if size is None else texts.slice(0, size)
            if pc.any(
                pc.match_substring_regex(some, r"\.\d{0,2}$|\.\d{4}|^[+-]?0*\.|\d{4}\.|[eE]")
            ).as_py():
                return True
    return not any(pc.any(pc.match_substring(texts, ".")).as_py() for texts in columns)


def _by_votes(
    file: str,
    columns: Mapping[str, pa.ChunkedArray],
    others: Sequence[pa.ChunkedArray],
    *,
    point_is_sure: bool,
) -> Convention:
    votes: dict[str, _Vote] = {}
    unclear: _Vote | None = None
    for name, texts in columns.items():
        for cell in pc.unique(texts).drop_null().to_pylist():
            sign = _tells(cell)
            if sign == "?":
                unclear = unclear or _Vote("?", name, cell)
            elif sign:
                votes.setdefault(sign, _Vote(sign, name, cell))
        if len(votes) > 1:
            break
    if len(votes) > 1:
        point, comma = votes[POINT], votes[COMMA]
        raise BarFileError(
            f"{file}: its numbers are written in two ways: {point.cell!r} (column {point.column}) "
            f"has a decimal point, {comma.cell!r} (column {comma.column}) a decimal comma; say "
            "which with --decimal"
        )
    if votes:
        (vote,) = votes.values()
        return Convention(vote.decimal, f"{vote.cell!r} in column {vote.column}")
    if unclear is None or (point_is_sure and POINT in unclear.cell):
        return Convention(POINT)
    return _by_ungrouped(file, columns, others, unclear)


def _by_ungrouped(
    file: str,
    columns: Mapping[str, pa.ChunkedArray],
    others: Sequence[pa.ChunkedArray],
    unclear: _Vote,
) -> Convention:
    """Where numbers of the same kind have four digits in a row, thousands are not separated.

    Whoever writes points between thousands does so in every column.
    """
    sign = COMMA if COMMA in unclear.cell else POINT
    alike = PRICES if unclear.column in PRICES else (unclear.column,)
    asked = [texts for name, texts in columns.items() if sign == POINT or name in alike]
    for texts in (*asked, *(others if sign == POINT else ())):
        long = texts.filter(pc.match_substring_regex(texts, r"^[+-]?\d{4,}$"))
        if len(long):
            because = f"{long[0].as_py()!r} has no sign between thousands"
            return Convention(sign, because, sure=False)
    whole, part = unclear.cell.replace(sign, ""), unclear.cell.replace(sign, ".")
    raise _UnclearError(
        f"{file}, column {unclear.column}: {unclear.cell!r} is {whole} or {part}, and no number of "
        f"the file tells which; say --decimal {'.' if sign == COMMA else ','} for {whole}, or "
        f"--decimal {sign} for {part}",
        unclear,
    )


def _tells(cell: str) -> str:
    """The decimal sign that a cell shows; ``?`` for one that could be either, empty for neither."""
    dressed = _DRESSED.fullmatch(cell)
    if dressed is None:
        return ""
    digits = dressed["digits"].strip()
    signs = [sign for sign in (POINT, COMMA) if sign in digits]
    if len(signs) == 2:
        return _tells_by_both(digits)
    return _tells_by_one(digits, signs[0], power=bool(dressed["power"])) if signs else ""


def _tells_by_both(digits: str) -> str:
    sign = max((POINT, COMMA), key=digits.rfind)
    return sign if _fits(digits, sign, _other(sign)) else ""


def _tells_by_one(digits: str, sign: str, *, power: bool) -> str:
    if digits.count(sign) > 1:
        return _other(sign) if re.fullmatch(_GROUPED % re.escape(sign), digits) else ""
    before, _, after = digits.partition(sign)
    grouped = any(gap in before for gap in _GAPS)  # thousands are separated by something else
    clear = len(after) != 3 or len(before) > 3 or before in ("", "0")
    return sign if grouped or clear or power else "?"


def _other(sign: str) -> str:
    return COMMA if sign == POINT else POINT


def _fits(digits: str, decimal: str, thousands: str) -> bool:
    """Groups of three before the decimal sign, all with one sign between them, or no groups."""
    whole, sign, part = digits.partition(decimal)
    if sign and part and not part.isdigit():
        return False
    if whole.isdigit() or (not whole and part):
        return True
    return any(re.fullmatch(_GROUPED % re.escape(gap), whole) for gap in (thousands, *_GAPS))


def as_plain(cell: str, convention: Convention) -> str | None:
    """A cell's digits in the plain way; None for one that is no number under the convention."""
    decimal, thousands = convention.decimal, convention.thousands
    dressed = _DRESSED.fullmatch(cell)
    if dressed is None or bool(dressed["open"]) != bool(dressed["close"]):
        return None
    digits = dressed["digits"].strip()
    if not _fits(digits, decimal, thousands):
        return None
    plain = re.sub(rf"[{_GAPS}{re.escape(thousands)}]", "", digits).replace(decimal, ".")
    signs = [sign for sign in (dressed["sign"], dressed["sign2"]) if sign]
    if len(signs) + bool(dressed["open"]) > 1:
        return None
    negative = bool(dressed["open"]) or signs in (["-"], ["−"])
    plain = ("-" if negative else "") + plain + (dressed["power"] or "")
    return _times(plain, dressed["unit"]) if dressed["unit"] else plain


def _times(plain: str, unit: str) -> str | None:
    try:
        number = Decimal(plain).scaleb(_UNITS[unit.lower()])
    except DecimalException:
        return None
    whole = number.to_integral_value()
    return str(int(whole)) if number == whole else format(number.normalize(), "f")


def plain_numbers(texts: pa.ChunkedArray, convention: Convention) -> pa.ChunkedArray:
    """A column's numbers in the plain way; what is none stays as it is, for its reader to refuse.

    Under a decimal comma a plain ``12.50`` is none: it is marked so that nobody reads it.
    """
    if convention.decimal != COMMA and not _has_other_signs(texts):
        return texts
    distinct = pc.dictionary_encode(texts).combine_chunks()
    if isinstance(distinct, pa.ChunkedArray):
        distinct = distinct.chunk(0) if distinct.num_chunks else pa.array([]).dictionary_encode()
    plain = [_read(cell, convention) for cell in distinct.dictionary.to_pylist()]
    taken = pa.array(plain, pa.string()).take(distinct.indices)
    return pa.chunked_array([taken])


def _read(cell: str, convention: Convention) -> str:
    if convention.decimal != COMMA and _PLAIN.fullmatch(cell):
        return cell
    plain = as_plain(cell, convention)
    if plain is not None:
        return plain
    return f"?{cell}" if _PLAIN.fullmatch(cell) else cell


def scaled(cells: pa.ChunkedArray, digits: int) -> pa.ChunkedArray:
    """Whole numbers as texts of as many times less, exactly: 182030000000 of 1e-9 is 182.03."""
    numbers = np.asarray(pc.cast(cells, pa.int64()).to_pandas(), dtype=object)
    texts: Sequence[str | None] = [
        None if number is None or number != number else _shifted(int(number), digits)
        for number in numbers
    ]
    return pa.chunked_array([pa.array(texts, pa.string())])


def _shifted(number: int, digits: int) -> str:
    return format(Decimal(number).scaleb(-digits).normalize(), "f")
