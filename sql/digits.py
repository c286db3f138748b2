"""Numbers of the table as float64, and those of which that is not every digit."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sql.exact import LARGEST, LONGEST, SCALE

# Any number of 15 digits comes back out of a float64; with a point that is 16 characters.
SURE_LENGTH = 15


class Digits:
    """Turns columns of text into float64, and counts what does not come back.

    `rounded` numbers have more digits than a float64 keeps; `example` is the first of them, with
    its bar.
    """

    def __init__(self) -> None:
        """Nothing is counted yet."""
        self.rounded = 0
        self.example: str | None = None

    def read(self, batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
        """The batch with the types of the schema; NaN and infinity are numbers too."""
        columns = []
        for name, column in zip(schema.names, batch.columns, strict=True):
            if pa.types.is_floating(schema.field(name).type):
                texts, column = column, pc.cast(column, pa.float64())
                for row in _rounded(texts, column):
                    self._note(batch, name, int(row))
            columns.append(column)
        return pa.record_batch(columns, schema=schema)

    def _note(self, batch: pa.RecordBatch, name: str, row: int) -> None:
        self.rounded += 1
        if self.example is None:
            symbol, day, text = (batch[of][row].as_py() for of in ("symbol", "date", name))
            self.example = f"{name} {text} of {symbol} on {day}"


def _rounded(texts: pa.Array, numbers: pa.Array) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The rows whose text says more than the number in its fewest digits."""
    nothing = np.zeros(0, np.int64)
    if (pc.max(pc.binary_length(texts)).as_py() or 0) <= SURE_LENGTH:
        return nothing
    plain = pc.utf8_rtrim(texts, "0")  # zeros at the end are none of the digits that count
    long = pc.and_(pc.greater(pc.binary_length(plain), SURE_LENGTH), pc.is_finite(numbers))
    rows = np.flatnonzero(pc.fill_null(long, False))
    if not len(rows):
        return nothing
    chosen = pa.array(rows)
    texts, numbers = texts.take(chosen), numbers.take(chosen)
    return rows[_differ(texts, numbers)]


def _differ(texts: pa.Array, numbers: pa.Array) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    shortest = pc.cast(numbers, pa.string())
    decimal = pa.decimal256(76, SCALE)
    longest = pc.max(pc.binary_length(texts)).as_py()
    if longest <= LONGEST and pc.max(pc.abs(numbers)).as_py() < LARGEST:
        try:
            different = pc.not_equal(pc.cast(texts, decimal), pc.cast(shortest, decimal))
            return np.asarray(different)
        except pa.ArrowInvalid:  # more decimals than fit beside the digits before the point
            pass
    pairs = zip(texts.to_pylist(), shortest.to_pylist(), strict=True)
    return np.array([Decimal(text) != Decimal(short) for text, short in pairs], bool)
