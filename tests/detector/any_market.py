"""Defects planted into made-up markets, by length of history: recall, false events, precision.

A defect is found when a bar of it, or the one behind it (the step back), is flagged.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pandas as pd

from gx.gate.asked import NOTHING_ASKED
from gx.gate.expected import parameters
from gx.plugins.expectations import BarExpectation
from gx.plugins.expectations.kernels.bars import Bars
from gx.suite.fitting import fit
from gx.suite.named import suite_path
from gx.suite.read import Suite, read_suite
from tests.detector.markets import PRICES, STYLES, Style, Values, frame_of, made_up

LENGTHS = (10, 15, 20, 40, 250)
GRADES = ("critical", "warning", "info")
WITHIN_THE_DAY = ("h", "min")
QUIET = "expect_symbols_to_trade"  # names a symbol once, and says nothing against a bar
UNITS = (100.0, 0.01)
SPLITS = (33 / 70, 70 / 33, 45.0, 1 / 45, 0.3, 10 / 3, 2.0, 0.5, 5.0, 0.2, 10.0, 0.1)
Rng = np.random.Generator
Bad = tuple[int, ...]
Plant = Callable[[Values, Rng], Bad]


@dataclass(frozen=True)
class Kind:
    """A kind of defect; ``plant`` changes the bars of one symbol, and returns which are bad."""

    name: str
    plant: Plant
    gross: bool = True
    lengths: tuple[int, ...] = LENGTHS
    without: tuple[str, ...] = ()  # styles that it says nothing about


def _scale(bars: Values, rows: Sequence[int], columns: Sequence[str], factor: float) -> Bad:
    for column in columns:
        bars[column][list(rows)] *= factor
    return tuple(rows)


def size_of(bars: Values) -> int:
    """How many bars there are."""
    return len(bars["close"])


def _block(size: int, where: str, rng: Rng) -> range:
    """A few bars, or more than half of them (``most``), at the start, at the end or between."""
    length = int(rng.integers(size // 2 + 1, size - 2)) if "most" in where else 0
    length = length or int(rng.integers(2, max(3, size // 3)))
    if "start" in where:
        return range(length)
    if "end" in where:
        return range(size - length, size)
    begin = int(rng.integers(1, size - length - 1)) if size - length > 2 else 1
    return range(begin, begin + length)


def unit(where: str) -> Plant:
    def plant(bars: Values, rng: Rng) -> Bad:
        return _scale(bars, _block(size_of(bars), where, rng), PRICES, float(rng.choice(UNITS)))

    return plant


def split(where: str, ratios: Sequence[float] = SPLITS) -> Plant:
    def plant(bars: Values, rng: Rng) -> Bad:
        ratio, block = float(rng.choice(ratios)), _block(size_of(bars), where, rng)
        if rng.random() < 0.5:
            _scale(bars, block, ["volume"], 1 / ratio)
        return _scale(bars, block, PRICES, ratio)

    return plant


def one_bar(factors: Sequence[float], columns: Sequence[str] = PRICES) -> Plant:
    def plant(bars: Values, rng: Rng) -> Bad:
        return _scale(bars, [int(rng.integers(size_of(bars)))], columns, float(rng.choice(factors)))

    return plant


def one_price(bars: Values, rng: Rng) -> Bad:
    return one_bar((100.0, 0.01, 10.0, 0.1), [str(rng.choice(PRICES))])(bars, rng)


def zeroes(bars: Values, rng: Rng) -> Bad:
    columns = PRICES if rng.random() < 0.5 else [str(rng.choice(PRICES))]
    return _scale(bars, _block(size_of(bars), "between", rng), columns, 0.0)


def two_defects(bars: Values, rng: Rng) -> Bad:
    half = size_of(bars) // 2
    first = _scale(bars, [int(rng.integers(half))], PRICES, float(rng.choice(UNITS)))
    block = range(half + 1, half + 1 + int(rng.integers(1, max(2, half // 3))))
    return first + _scale(bars, block, PRICES, float(rng.choice(SPLITS)))


def wick(bars: Values, rng: Rng) -> Bad:
    """A high half as high again, or a low at a half, of a bar that is otherwise right."""
    at = int(rng.integers(size_of(bars)))
    if rng.random() < 0.5:
        return _scale(bars, [at], ["high"], rng.uniform(1.6, 2.2))
    return _scale(bars, [at], ["low"], rng.uniform(0.35, 0.6))


def volume_step(factors: Sequence[float]) -> Plant:
    """From a bar on the volume is counted in lots, or in shares."""

    def plant(bars: Values, rng: Rng) -> Bad:
        size = size_of(bars)
        at = int(rng.integers(size // 3, size - size // 3))  # with bars enough on either side
        bars["volume"][at:] = np.ceil(bars["volume"][at:] * float(rng.choice(factors)))
        return (at, at + 1, at + 2)

    return plant


ILLIQUID = ("illiquid", "hardly traded", "sub-cent", "penny", "small cap", "hourly", "minute")
LONGER = (20, 40, 250)
KINDS = (
    Kind("unit: one bar", one_bar(UNITS)),
    Kind("unit: one price, ×10, ×100", one_price),
    Kind("unit: start", unit("start")),
    Kind("unit: between", unit("between")),
    Kind("unit: end", unit("end")),
    Kind("unit: most, start", unit("most start")),
    Kind("unit: most, between", unit("most between")),
    Kind("unit: most, end", unit("most end")),
    Kind("tenth or tenfold: bar", one_bar((10.0, 0.1))),
    Kind("split ratio: one bar", one_bar(SPLITS)),
    Kind("split ratio: start", split("start")),
    Kind("split ratio: between", split("between")),
    Kind("split ratio: end", split("end")),
    Kind("split ratio: most, start", split("most start")),
    Kind("split ratio: most, between", split("most between")),
    Kind("zeroes", zeroes),
    Kind("two defects", two_defects),
    Kind("wick", wick, gross=False),
    Kind("76:100: between", split("between", (0.76,)), gross=False),
    Kind("76:100: start", split("start", (0.76,)), gross=False),
    Kind("volume: ×100 from then on", volume_step((100.0,)), False, LONGER, ILLIQUID),
    Kind("volume: ÷100 from then on", volume_step((0.01,)), False, LONGER, ILLIQUID),
)  # fmt: skip


@dataclass
class Score:
    """Of one kind and length: how many were planted and found, and in which styles not.

    right, wrong: by severity, the flagged bars that are bad, and those that are not.
    """

    planted: int = 0
    found: int = 0
    missed: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)


@cache
def _suite() -> Suite:
    return read_suite(suite_path("stock_data"))


def flagged(bars: pd.DataFrame) -> dict[tuple[str, str], np.ndarray]:
    """Positions of the bars that each expectation flags which asks for no calendar."""
    suite, table = _suite(), Bars.of(bars)
    found: dict[tuple[str, str], np.ndarray] = {}
    for one in fit(suite.expectations, bars, parameters(suite, "2026-01-01", NOTHING_ASKED)):
        if not isinstance(one, BarExpectation) or "calendar" in one.__fields__:
            continue
        if one.expectation_type == QUIET:
            continue
        kind = type(one)
        if kind.daily_only and table.table.bar_size != "daily":
            continue
        arguments = {name: getattr(one, name) for name in one.parameters()}
        flags = kind.detector(table, **arguments).flags
        found[one.expectation_type, one.severity.value] = np.flatnonzero(flags)
    return found


def judge(kind: Kind, length: int, rounds: int, seed: int) -> Score:
    """Plant the kind in a symbol of every style, `rounds` times; days are one market."""
    score = Score()
    for within in (False, True):
        symbols: dict[str, tuple[Style, Values]] = {}
        bad: dict[str, Bad] = {}
        for style in STYLES:
            if (style.every in WITHIN_THE_DAY) is not within or style.name in kind.without:
                continue
            for number in range(rounds):
                rng = np.random.default_rng([seed, length, number, *f"{style}{kind.name}".encode()])
                symbol = f"{style.name} {number}"
                symbols[symbol] = style, made_up(style, length, rng)
                bad[symbol] = kind.plant(symbols[symbol][1], rng)
        if symbols:
            _count(score, frame_of(symbols), bad, length)
    return score


def _count(score: Score, bars: pd.DataFrame, bad: dict[str, Bad], length: int) -> None:
    wrong, near = np.zeros(len(bars), bool), np.zeros(len(bars), bool)
    for number, symbol in enumerate(bad):
        at = number * length + np.array(bad[symbol])
        wrong[at] = near[at] = True
        near[np.minimum(at + 1, (number + 1) * length - 1)] = True
    owner = np.arange(len(bars)) // length
    seen: set[int] = set()
    graded: dict[str, set[int]] = defaultdict(set)
    for (name, severity), rows in flagged(bars).items():
        graded[severity] |= set(rows.tolist())
        if severity == "info" and "volume" not in name:
            continue
        seen |= set(owner[rows[near[rows]]].tolist())
    for severity, all_rows in graded.items():
        right = int(wrong[sorted(all_rows)].sum())
        score.right[severity] += right
        score.wrong[severity] += len(all_rows) - right
    names = list(bad)
    score.planted += len(bad)
    score.found += len(seen)
    score.missed.update(names[n].rpartition(" ")[0] for n in range(len(names)) if n not in seen)


def events(rows: np.ndarray, bars: pd.DataFrame) -> int:
    """How many stretches of one symbol, without a gap, these rows make."""
    if not len(rows):
        return 0
    symbol = bars["symbol"].to_numpy()[rows]
    return int(1 + np.count_nonzero((np.diff(rows) > 1) | (symbol[1:] != symbol[:-1])))


def false_events(length: int, symbols: int, seed: int) -> Iterator[tuple[str, int, Counter[str]]]:
    """Of each style: its untouched bars, and the events of each expectation in them."""
    for style in STYLES:
        rng = np.random.default_rng([seed, length, *style.name.encode()])
        bars = frame_of({str(n): (style, made_up(style, length, rng)) for n in range(symbols)})
        found: Counter[str] = Counter()
        for (name, severity), rows in flagged(bars).items():
            found[f"{name} ({severity})"] += events(rows, bars)
        yield style.name, len(bars), found


def report(rounds: int = 8, seed: int = 1) -> str:
    """The tables, as text."""
    lines = [f"{'kind, by length':28}" + "".join(f"{length:>8}" for length in LENGTHS)]
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    notes = []
    for kind in KINDS:
        cells = []
        for length in LENGTHS:
            if length not in kind.lengths:
                cells.append(f"{'':>8}")
                continue
            score = judge(kind, length, rounds, seed)
            cells.append(f"{score.found / score.planted:8.3f}")
            right += score.right
            wrong += score.wrong
            if score.missed:
                missed = ", ".join(f"{s} {c}" for s, c in score.missed.most_common(4))
                notes.append(f"  {kind.name}, {length}: missed {missed}")
        lines.append(f"{kind.name:27}{'*' if kind.gross else ' '}" + "".join(cells))
    lines += [
        "* gross: at least 0.99",
        *notes,
        "",
        "Precision by severity: of the flagged bars, bad",
    ]
    for grade in GRADES:
        total = right[grade] + wrong[grade]
        lines.append(f"  {grade:10} {total:7,} bars {right[grade] / max(total, 1):7.3f}")
    lines += ["", "False events per 10,000 untouched bars (critical and warning; info)"]
    for length in LENGTHS:
        for name, bars, found in false_events(length, max(20, 12_000 // length), seed):
            loud = {n: c for n, c in found.items() if "(info)" not in n and c}
            info = sum(c for n, c in found.items() if "(info)" in n)
            rate = 1e4 / bars
            named = ", ".join(f"{n.removeprefix('expect_')} {c}" for n, c in loud.items())
            rates = f"{rate * sum(loud.values()):6.2f} {rate * info:7.2f}"
            lines.append(f"  {length:4} {name:14} {rates}  {named}")
    return "\n".join(lines)
