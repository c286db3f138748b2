"""Sums and extremes over a bar and those before it, of all symbols in one pass.

All arrays are of bars that are sorted by symbol and date. What a bar gets is made of a fixed number
of bars up to it, added in an order that depends on their distance from it alone: it is the same to
the last bit, whatever other bars there are before those, between which symbols they lie, and in
which parts they are computed.
"""

from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int32]

# A weight below this is lost in the rounding of a sum whose first weight is 1.
NO_WEIGHT = 1e-16


class Places:
    """How many bars without a gap lie before each bar: 0 for the first, -1 for one that is unknown.

    A stretch begins with a symbol's first bar, and behind a bar that is unknown.
    """

    def __init__(self, counts: Ints, whole: tuple["Places", slice] | None = None) -> None:
        self.counts, self._whole = counts, whole
        self._reaching: dict[int, Floats] = {}

    @classmethod
    def of(cls, first: Flags, known: Flags) -> "Places":
        """Of bars that are a symbol's ``first``, and of which all that is needed is ``known``."""
        at = np.arange(len(first), dtype=np.int32)
        begins = at * first
        begins[~known] = at[~known] + 1
        return cls(at - np.maximum.accumulate(begins))

    def part(self, at: slice) -> "Places":
        """Those of some of the bars."""
        return Places(self.counts[at], (self, at))

    @cached_property
    def known(self) -> Flags:
        """Which bars are known."""
        return self.counts >= 0

    def reaching(self, bars: int) -> Floats:
        """1 where the bar that lies ``bars`` before belongs to the same stretch, else 0."""
        if bars not in self._reaching:
            self._reaching[bars] = self._reach(bars)
        return self._reaching[bars]

    def _reach(self, bars: int) -> Floats:
        if self._whole is not None and self._whole[0].is_part:
            places, at = self._whole
            return places.reaching(bars)[at]
        return (self.counts >= bars).astype(np.float64)

    @property
    def is_part(self) -> bool:
        """Are these of some bars only? Then there are few enough to keep what is found of them."""
        return self._whole is not None

    def from_place(self, place: int, values: Floats) -> Floats:
        """The values, in which bars with fewer than ``place`` before them become NaN."""
        np.putmask(values, self.counts < place, np.nan)
        return values


def memory(decay: float) -> int:
    """How many bars back a weight that falls by ``decay`` a bar counts: a power of two."""
    bars = 1
    while decay**bars >= NO_WEIGHT:
        bars *= 2
    return bars


def window_sum(values: Floats, bars: int) -> Floats:
    """The sum of each value and the ``bars`` - 1 before it; of no meaning where there are fewer."""
    total, offset, width, power = np.zeros_like(values), 0, 1, values
    while True:
        if bars & width:
            total[offset:] += _before(power, offset)
            offset += width
        width *= 2
        if width > bars:
            return total
        power = _with_shifted(power, width // 2)


def _before(values: Floats, bars: int) -> Floats:
    """The values that lie ``bars`` before those from the place ``bars`` on."""
    return values[: max(len(values) - bars, 0)]


def _with_shifted(values: Floats, bars: int) -> Floats:
    sums = values.copy()
    sums[bars:] += _before(values, bars)
    return sums


def window_max(values: Floats, bars: int) -> Floats:
    """The greatest of each value and the ``bars`` - 1 before it; as ``window_sum``."""
    greatest, width = values.copy(), 1
    while width < bars:
        step = min(width, bars - width)
        before = _before(greatest, step).copy()
        np.maximum(greatest[step:], before, out=greatest[step:])
        width += step
    return greatest


def window_squares(values: Floats, bars: int) -> Floats:
    """The squared distances of each value and the ``bars`` - 1 before it from their mean, added up.

    Nothing is lost by cancellation: windows are put together of shorter ones by their means (Chan,
    Golub and LeVeque, 1979). Of no meaning where there are fewer values.
    """
    mean, squares, width = values, np.zeros_like(values), 1
    means, total, filled = np.zeros_like(values), np.zeros_like(values), 0
    while True:
        if bars & width:
            means, total = _merged((means, total, filled), (mean, squares, width), filled)
            filled += width
        if 2 * width > bars:
            return total
        mean, squares = _merged((mean, squares, width), (mean, squares, width), width)
        width *= 2


def _merged(
    late: tuple[Floats, Floats, int], early: tuple[Floats, Floats, int], shift: int
) -> tuple[Floats, Floats]:
    """Mean and squares of a window and one that ends ``shift`` bars before."""
    (mean, squares, width), (other, more, length) = late, early
    if not width:
        return other.copy(), more.copy()
    mean, squares, bars = mean.copy(), squares.copy(), width + length
    apart = _before(other, shift) - mean[shift:]
    squares[shift:] += _before(more, shift)
    squares[shift:] += apart * apart * (width * length / bars)
    mean[shift:] += apart * (length / bars)
    return mean, squares


def decaying_sum(values: Floats, places: Places, decay: float) -> Floats:
    """The sum of each value and ``decay`` ** i of that i bars before, within a stretch.

    Of the last ``memory(decay)`` bars: what lies before has no weight.
    """
    sums, width, factor = values.copy(), 1, decay
    most, spare = min(memory(decay), len(values)), np.empty_like(values)
    while width < most:
        before = spare[: len(values) - width]
        np.multiply(sums[:-width], places.reaching(width)[width:], out=before)
        before *= factor
        sums[width:] += before
        width, factor = 2 * width, factor * factor
    return sums


def smoothed(values: Floats, places: Places, bars: int, first: int, weight: float) -> Floats:
    """The values, each with ``weight``, and the rest the result at the bar before.

    Begins at the place ``first`` of a stretch, with the mean of the last ``bars`` values; NaN
    before.
    """
    begun = values * weight
    begun *= places.reaching(first + 1)
    begins = np.flatnonzero(places.counts == first)
    before = values[np.maximum(begins[:, None] - np.arange(bars), 0)]
    # One after the other: how `sum` puts them together depends on how many rows there are.
    begun[begins] = np.cumsum(before, axis=1)[:, -1] / bars
    return places.from_place(first, decaying_sum(begun, places, 1 - weight))
