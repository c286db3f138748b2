"""Defects to be planted in bars, from small to gross, so that a threshold can be seen to miss some.

Each plants at a place of a frame in order of symbol and date, with the index 0, 1, …; a defect
lasts for some bars, of which one at least has to be found.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

NUMBERS = ["open", "high", "low", "close", "volume"]
_OPEN, _HIGH, _LOW, _VOLUME, _PRICES = 0, 1, 2, 4, slice(0, 4)
Floats = NDArray[np.float64]
# Changes the numbers of a frame from a place on; the second place is the last of the symbol.
Plant = Callable[[Floats, int, int, float], int]  # how many bars it touches


@dataclass(frozen=True)
class Kind:
    """A kind of defect: how it is told, its sizes in turns, and how to plant one of a size.

    ``lasting`` ones change every bar that follows, so that a symbol has one at most. ``window``
    bars are left alone before and after each.
    """

    told: str
    sizes: tuple[float, ...]
    plant: Plant
    lasting: bool = False
    window: int = 30


def _level(numbers: Floats, at: int, _last: int, size: float) -> int:
    numbers[at, _PRICES] *= size
    return 1


def _opening(numbers: Floats, at: int, _last: int, size: float) -> int:
    numbers[at, _OPEN] *= size
    numbers[at, _HIGH] = max(numbers[at, _HIGH], numbers[at, _OPEN])
    numbers[at, _LOW] = min(numbers[at, _LOW], numbers[at, _OPEN])
    return 1


def _volume(numbers: Floats, at: int, _last: int, size: float) -> int:
    numbers[at, _VOLUME] *= size
    return 1


def _repeated(numbers: Floats, at: int, _last: int, size: float) -> int:
    numbers[at : at + int(size)] = numbers[at]
    return int(size)


def _volume_from_then_on(numbers: Floats, at: int, last: int, size: float) -> int:
    numbers[at : last + 1, _VOLUME] *= size
    return min(5, last - at + 1)


def _split(numbers: Floats, at: int, last: int, size: float) -> int:
    numbers[at : last + 1, _PRICES] *= size
    numbers[at : last + 1, _VOLUME] /= size
    return 1


ONE_BAR = Kind(
    "the prices of one bar off by 5 to 50 %",
    (1.05, 0.9, 1.2, 0.7, 1.5, 0.95, 1.1, 0.8, 1.3, 0.5),
    _level,
)
GROSS = Kind(
    "the prices of one bar at 2 to 10 times, or 1/2 to 1/10",
    (2.0, 0.5, 3.0, 1 / 3, 4.0, 0.25, 6.0, 1 / 6, 10.0, 0.1),
    _level,
)
OPENING = Kind(
    "the opening price off by 5 to 50 %", (1.05, 0.9, 1.2, 0.7, 1.5, 0.95, 1.1, 0.8), _opening
)
VOLUME = Kind("the volume of one bar at 20 to 1,000 times", (20, 50, 100, 300, 1000), _volume)
REPEATED = Kind("3 to 20 bars that are all alike", (3, 5, 7, 10, 20), _repeated)
UNITS = Kind(
    "volume in other units from a bar on, 10 to 1,000 times or less",
    (10, 0.1, 50, 0.02, 100, 0.01, 1000, 0.001),
    _volume_from_then_on,
    lasting=True,
)
SPLITS = Kind(
    "splits of 3:2 to 10:1, and 1:2 to 1:10, that were not adjusted for",
    (2 / 3, 1 / 2, 2.0, 1 / 3, 1 / 4, 4.0, 1 / 5, 1 / 10, 10.0),
    _split,
    lasting=True,
)


@dataclass(frozen=True)
class Planted:
    """Bars with defects; ``spans`` are the first and last place of each."""

    bars: pd.DataFrame
    spans: tuple[tuple[int, int], ...]


def planted(bars: pd.DataFrame, kind: Kind, most: int, seed: int = 1) -> Planted:
    """Bars (in order of symbol and date, numbered) with ``most`` defects or what has room."""
    rng = np.random.default_rng(seed)
    places = _places(bars["symbol"].to_numpy(dtype=object), kind, rng)
    chosen = sorted(places[at] for at in rng.permutation(len(places))[:most])
    numbers = bars[NUMBERS].to_numpy(dtype=float, copy=True)
    spans = []
    for number, (at, last) in enumerate(chosen):
        touched = kind.plant(numbers, at, last, kind.sizes[number % len(kind.sizes)])
        spans.append((at, at + touched - 1))
    changed = bars.assign(**dict(zip(NUMBERS, numbers.T, strict=True)))
    return Planted(changed, tuple(spans))


def _places(
    symbols: NDArray[np.object_], kind: Kind, rng: np.random.Generator
) -> list[tuple[int, int]]:
    """Where a defect has its window before and after it, a window from the next one.

    With each place the last one of its symbol.
    """
    found: list[tuple[int, int]] = []
    for first, last in _series(symbols):
        room = range(first + kind.window, last + 1 - kind.window)
        if not room:
            continue
        places = [int(rng.choice(room))] if kind.lasting else room[:: 2 * kind.window]
        found += [(at, last) for at in places]
    return found


def _series(symbols: NDArray[np.object_]) -> Iterator[tuple[int, int]]:
    """The first and the last place of each symbol."""
    if len(symbols):
        begins = np.flatnonzero(np.concatenate([[True], symbols[1:] != symbols[:-1]]))
        yield from zip(begins.tolist(), [*(begins[1:] - 1).tolist(), len(symbols) - 1], strict=True)
