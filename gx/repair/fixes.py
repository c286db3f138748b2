"""A kernel's answer: which bars, what they should be, and why."""

from dataclasses import dataclass

from gx.plugins.expectations.kernels.bars import Floats, Ints
from gx.repair.proposal import Rule


@dataclass(frozen=True)
class Fix:
    """Bars of one series that are right or wrong together.

    ``at`` are positions in the series, ``prices`` the four prices that each should have, and
    ``volume`` its volume, None where that stays.
    """

    rule: Rule
    at: Ints
    prices: Floats
    evidence: str
    volume: Floats | None = None
