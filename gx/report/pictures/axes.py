"""What the pictures of a report share: their width, and labelled positions on an axis."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

WIDTH, LEFT, RIGHT = 720.0, 62.0, 8.0


@dataclass(frozen=True)
class Tick:
    """A labelled position on an axis, in the SVG's units."""

    at: float
    label: str


def even_steps(low: float, high: float, most: int) -> Iterator[tuple[float, str]]:
    """At most ``most`` round numbers from ``low`` to ``high`` with their labels."""
    rough = (high - low) / most
    unit = 10.0 ** np.floor(np.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
    places = max(0, int(-np.floor(np.log10(step))))
    for number in range(int(np.ceil(low / step)), int(np.floor(high / step)) + 1):
        yield number * step, in_short(number * step, places)


def in_short(value: float, places: int | None = None) -> str:
    """A number as an axis has room for: 1.5M, 2,300, 0.25, 1e+15."""
    size = abs(value)
    if size and not 1e-4 <= size < 1e15:
        return f"{value:.3g}"
    for unit, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M")):
        if size >= unit:
            return f"{value / unit:.4g}{letter}"
    return f"{value:,.6g}" if places is None else f"{value:,.{places}f}"
