"""Which numbers a column holds exactly, and the type that would hold those that it does not."""

import math
from collections.abc import Iterator, Sequence
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sql.target import Column

BLOCK_ROWS = 16_384
# Arrow's decimals overflow without a word. Below these limits none of ours does.
LONGEST, LARGEST, SCALE = 36, 1e30, 38
ANY_SCALE = -1_000  # zero's: a numeric's own is no lower
WHOLE = {"int2": 2**15, "int4": 2**31, "int8": 2**63}
# Digits that every number of so many survives in; what has more is compared with what comes back.
SURE_DIGITS = {"float4": 6, "float8": 15}


def misfits(texts: pa.ChunkedArray, column: Column) -> list[int]:
    """The rows whose number (a text, or null) the column would not hold exactly."""
    whole = texts.combine_chunks()
    if _surely_fits(whole, column):
        return []
    return list(_misfits(whole, column))


def fits(number: Decimal, column: Column) -> bool:
    """Would the column give back this very number?"""
    if column.kind == "numeric":
        if column.precision is None or column.scale is None:
            return True
        before, scale = _places(number)
        return scale <= column.scale and before <= column.precision - column.scale
    if column.kind == "integer":
        before, scale = _places(number)
        limit = WHOLE[column.type]
        return scale <= 0 and before <= 19 and -limit <= int(number) < limit
    with np.errstate(over="ignore"):
        stored = np.float32(str(number)) if column.type == "float4" else np.float64(str(number))
    return math.isfinite(stored) and Decimal(str(stored)) == number


def wider(numbers: Sequence[Decimal], column: Column) -> str:
    """The type that would hold these numbers beside what the column holds already."""
    if column.kind == "text":
        return "text"
    if column.kind == "integer" and all(fits(n, Column("", "", "int8", False)) for n in numbers):
        return "bigint"
    double = Column("", "double precision", "float8", False)
    if column.type == "float4" and all(fits(number, double) for number in numbers):
        return double.shown
    if column.precision is None or column.scale is None:
        return "numeric"
    places = [_places(number) for number in numbers]
    scale = max(column.scale, *(after for _, after in places))
    before = max(column.precision - column.scale, *(before for before, _ in places))
    return f"numeric({before + scale},{scale})"


def _misfits(texts: pa.Array, column: Column) -> Iterator[int]:
    for first in range(0, len(texts), BLOCK_ROWS):
        block = texts.slice(first, BLOCK_ROWS)
        if _surely_fits(block, column):
            continue
        for row, text in enumerate(block.to_pylist(), start=first):
            if text is None:
                continue
            if column.kind == "text":
                if column.length is not None and len(text) > column.length:
                    yield row
            elif not fits(Decimal(text), column):
                yield row


def _surely_fits(texts: pa.Array, column: Column) -> bool:
    """True only when every number fits; False may be out of caution."""
    if column.kind == "text":
        longest = pc.max(pc.utf8_length(texts)).as_py() or 0
        return column.length is None or longest <= column.length
    longest = pc.max(pc.binary_length(texts)).as_py() or 0
    if column.kind == "float" and longest <= SURE_DIGITS[column.type] and not _exponents(texts):
        return True
    if column.kind == "numeric" and column.precision is None:
        return True
    return longest <= LONGEST and _fits_by_arithmetic(texts, column)


def _fits_by_arithmetic(texts: pa.Array, column: Column) -> bool:
    """Whether a column of numbers gives back these, none of which has too many characters."""
    numbers = pc.cast(texts, pa.float64())
    largest = pc.max(pc.abs(numbers)).as_py() or 0.0
    if largest >= LARGEST:
        return False
    if column.kind == "float":
        return _comes_back(texts, numbers, column)
    scale = column.scale or 0
    whole = column.kind == "integer"
    limit = WHOLE[column.type] if whole else 10.0 ** ((column.precision or 0) - scale)
    return largest < limit and 0 <= scale <= SCALE and _has_scale(texts, scale)


def _has_scale(texts: pa.Array, scale: int) -> bool:
    try:
        pc.cast(texts, pa.decimal256(76, scale))
    except pa.ArrowInvalid:  # it would lose digits
        return False
    return True


def _comes_back(texts: pa.Array, numbers: pa.Array, column: Column) -> bool:
    """Does the column write the numbers in the same digits?"""
    kind = pa.float32() if column.type == "float4" else pa.float64()
    stored = pc.cast(pc.cast(numbers, kind, safe=False), pa.string())
    decimal = pa.decimal256(76, SCALE)
    try:
        same = pc.equal(pc.cast(texts, decimal), pc.cast(stored, decimal))
    except pa.ArrowInvalid:  # more decimals than are compared here
        return False
    return pc.all(same).as_py() is not False


def _exponents(texts: pa.Array) -> bool:
    return bool(pc.any(pc.match_substring(texts, "e", ignore_case=True)).as_py())


def _places(number: Decimal) -> tuple[int, int]:
    """How many digits stand before the point, and behind it (negative: zeros before it).

    By the digits themselves: Decimal's arithmetic rounds to 28 of them.
    """
    _, digits, exponent = number.as_tuple()
    written = "".join(map(str, digits))
    stored = written.rstrip("0")
    if not stored:
        return 0, ANY_SCALE
    return number.adjusted() + 1, len(stored) - len(written) - int(exponent)
