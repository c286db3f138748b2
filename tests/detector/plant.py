"""Plants defects of known kinds at known bars."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

PRICES = ["open", "high", "low", "close"]
RATIOS = (1.5, 2.0, 3.0, 4.0, 5.0, 10.0, 20.0, 1 / 2, 1 / 4, 1 / 5, 1 / 10, 1 / 20)


@dataclass(frozen=True)
class Planted:
    """Bars with a defect.

    targets: index labels of the bars at which it should be found.
    touched: labels of other bars that the defect makes wrong too (the twin of a duplicate).
    """

    bars: pd.DataFrame
    targets: list[int]
    touched: tuple[int, ...] = ()


Plant = Callable[[pd.DataFrame, int, np.random.Generator], Planted]


@dataclass(frozen=True)
class Kind:
    """A kind of defect. Gross ones must be found (recall >= 0.99)."""

    name: str
    plant: Plant
    gross: bool
    per_symbol: int = 2
    margin: int = 45


def plant_many(bars: pd.DataFrame, kind: Kind, rng: np.random.Generator) -> Planted:
    """Plant a kind in every symbol at random bars far from each other; shuffle the rows."""
    targets: list[int] = []
    touched: list[int] = []
    for labels in bars.groupby("symbol").groups.values():
        for at in _places(np.asarray(labels), kind, rng):
            planted = kind.plant(bars, at, rng)
            bars = planted.bars
            targets += planted.targets
            touched += planted.touched
    return Planted(bars.sample(frac=1, random_state=rng), targets, tuple(touched))


def _places(labels: NDArray[np.int64], kind: Kind, rng: np.random.Generator) -> list[int]:
    """Choose one bar in each of equal stretches, away from their ends."""
    stretches = np.array_split(labels, min(kind.per_symbol, max(1, len(labels) // 200)))
    return [int(rng.choice(part[kind.margin : -kind.margin])) for part in stretches]


def _scale(
    bars: pd.DataFrame, labels: list[int], columns: list[str], factor: float
) -> pd.DataFrame:
    bars = bars.copy()
    bars.loc[labels, columns] *= factor
    return bars


def _hundredfold(rng: np.random.Generator) -> float:
    return float(rng.choice([100.0, 0.01]))


def _block(at: int, rng: np.random.Generator, longest: int = 40) -> list[int]:
    return list(range(at, at + int(rng.integers(2, longest + 1))))


def unit_of_one_price(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """One price of one bar in the wrong unit."""
    return Planted(_scale(bars, [at], [str(rng.choice(PRICES))], _hundredfold(rng)), [at])


def unit_of_one_bar(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """One bar in the wrong unit."""
    return Planted(_scale(bars, [at], PRICES, _hundredfold(rng)), [at])


def unit_of_a_block(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """A block of bars in the wrong unit."""
    block = _block(at, rng)
    return Planted(_scale(bars, block, PRICES, _hundredfold(rng)), block)


def unit_of_one_price_in_a_block(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """One price of a block of bars in the wrong unit."""
    block = _block(at, rng)
    return Planted(_scale(bars, block, [str(rng.choice(PRICES))], _hundredfold(rng)), block)


def unit_at_an_end(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """A symbol's first or last bars in the wrong unit."""
    labels = bars.index[bars["symbol"] == bars.at[at, "symbol"]]
    length = int(rng.integers(1, 41))
    block = list(labels[:length] if rng.random() < 0.5 else labels[-length:])
    return Planted(_scale(bars, block, PRICES, _hundredfold(rng)), block)


def negative_price(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """A price below zero."""
    return Planted(_scale(bars, [at], [str(rng.choice(PRICES))], -1.0), [at])


def zero_price(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """A price of zero."""
    return Planted(_scale(bars, [at], [str(rng.choice(PRICES))], 0.0), [at])


def not_a_number(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """A price that is NaN or infinite."""
    factor = float(rng.choice([np.nan, np.inf]))
    return Planted(_scale(bars, [at], [str(rng.choice(PRICES))], factor), [at])


def high_below_low(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """High and low exchanged, a little apart."""
    bars = bars.copy()
    high, low = bars["high"][at], bars["low"][at]
    bars.loc[at, ["high", "low"]] = [low * 0.999, high]
    return Planted(bars, [at])


def close_outside_range(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """A close one thousandth to a tenth above the high or below the low."""
    bars, size = bars.copy(), 10 ** rng.uniform(-3, -1)
    above = rng.random() < 0.5
    bars.at[at, "close"] = bars["high"][at] * (1 + size) if above else bars["low"][at] * (1 - size)
    return Planted(bars, [at])


def duplicate_key(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """A second bar with the same symbol and date."""
    new = int(bars.index.max()) + 1
    copy = bars.loc[[at]].set_axis([new])
    return Planted(pd.concat([bars, copy]), [at, new])


def shifted_date(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """A bar with the date of the bar before."""
    bars = bars.copy()
    bars.at[at, "date"] = bars["date"][at - 1]
    return Planted(bars, [at], touched=(at - 1, at + 1))


def closed_day(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """An extra bar on a Saturday or Sunday."""
    new = int(bars.index.max()) + 1
    copy = bars.loc[[at]].set_axis([new])
    days = (5 - copy["date"].dt.day_of_week) % 7 + int(rng.integers(0, 2))
    copy["date"] += pd.to_timedelta(days, unit="D")
    return Planted(pd.concat([bars, copy]), [new])


def missing_sessions(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """One to five sessions without a bar; the bar after them stands for the hole."""
    length = int(rng.integers(1, 6))
    return Planted(bars.drop(list(range(at, at + length))), [at + length])


def unadjusted_split(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """All bars before in old shares; half of the time the volume in new ones all along."""
    ratio = float(rng.choice(RATIOS))
    first = int(bars.index[bars["symbol"] == bars.at[at, "symbol"]].min())
    before = list(range(first, at))
    bars = _scale(bars, before, PRICES, ratio)
    if rng.random() < 0.5:
        bars = _scale(bars, before, ["volume"], 1 / ratio)
    bars[PRICES] = bars[PRICES].round(3)
    return Planted(bars, [at])


def reversing_spike(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """One bar a third to twice too high, or as much too low."""
    factor = 1 + rng.uniform(0.33, 2.0)
    return Planted(_scale(bars, [at], PRICES, factor if rng.random() < 0.5 else 1 / factor), [at])


def close_spike(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """One close, and the high or low with it, a third to twice off."""
    bars = bars.copy()
    factor = (1 + rng.uniform(0.33, 2.0)) ** rng.choice([1, -1])
    bars.at[at, "close"] *= factor
    bars.loc[[at], "high"] = bars.loc[[at], PRICES].max(axis=1)
    bars.loc[[at], "low"] = bars.loc[[at], PRICES].min(axis=1)
    return Planted(bars, [at])


def level_shift(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """All bars before at another level, a third to a half away: another share class, say."""
    first = int(bars.index[bars["symbol"] == bars.at[at, "symbol"]].min())
    return Planted(_scale(bars, list(range(first, at)), PRICES, rng.uniform(0.65, 0.75)), [at])


def stale_run(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """Four to twenty bars that repeat the bar before, with or without its volume."""
    bars = bars.copy()
    block = list(range(at + 1, at + 1 + int(rng.integers(4, 21))))
    columns = [*PRICES, "volume"] if rng.random() < 0.5 else PRICES
    bars.loc[block, columns] = bars.loc[at, columns].to_numpy(dtype=float)
    return Planted(bars, block)


def flat_bar(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """A bar with open = high = low = close and its volume."""
    bars = bars.copy()
    bars.loc[at, PRICES] = bars["close"][at]
    return Planted(bars, [at])


def move_without_volume(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """A bar that moved and has no volume."""
    return Planted(_scale(bars, [at], ["volume"], 0.0), [at])


def volume_in_lots(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """A volume a hundred times too large."""
    return Planted(_scale(bars, [at], ["volume"], 100.0), [at])


def future_bar(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """A bar dated one day to thousand years after the last."""
    new = int(bars.index.max()) + 1
    copy = bars.loc[[at]].set_axis([new])
    copy["date"] = bars["date"].max() + pd.Timedelta(days=int(10 ** rng.uniform(0, 5)))
    return Planted(pd.concat([bars, copy.astype(bars.dtypes)]), [new])


def partial_last_bar(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """A last bar that was written while the session was open (14:30 to 21:00 UTC)."""
    bars = bars.copy()
    last = int(bars.index[bars["symbol"] == bars.at[at, "symbol"]].max())
    minutes = int(rng.integers(14 * 60 + 30, 20 * 60 + 55))
    bars.at[last, "created_at"] = bars["date"][last] + pd.Timedelta(minutes=minutes)
    return Planted(bars, [last])


def duplicated_series(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """A second symbol with 20 to 40 bars of this one, with another volume half of the time."""
    block = list(range(at, at + int(rng.integers(20, 41))))
    new = int(bars.index.max()) + 1
    copy = bars.loc[block].set_axis(range(new, new + len(block)))
    copy["symbol"] = f"COPY{new}"
    if rng.random() < 0.5:
        copy["volume"] *= 3
    return Planted(pd.concat([bars, copy]), [*block, *copy.index])


def market_hole(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """A session that all symbols but one, or all, lack."""
    day = bars.index[bars["date"] == bars.at[at, "date"]]
    lacking = day if rng.random() < 0.5 or len(day) < 3 else day[1:]
    return Planted(bars.drop(lacking), [int(label) + 1 for label in lacking])


def stale_feed(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """A symbol whose last 2 to 40 bars have not arrived."""
    last = int(bars.index[bars["symbol"] == bars.at[at, "symbol"]].max())
    length = int(rng.integers(2, 41))
    return Planted(bars.drop(list(range(last - length + 1, last + 1))), [last - length])


def low_of_a_cent(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """A low of 0.01, and nothing else."""
    return _set(bars, at, low=0.01)


def high_of_five_nines(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """A high of 99,999, and nothing else."""
    return _set(bars, at, high=99_999.0)


def twenty_fifth_of_a_close(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """A close of a 25th."""
    return _set(bars, at, close=bars["close"][at] / 25)


def close_off_by_powers(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """A close of a 25,000th."""
    return _set(bars, at, close=bars["close"][at] / 25_000)


def fivefold_bar(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """A bar at five times its prices, which agree with each other."""
    return Planted(_scale(bars, [at], PRICES, 5.0), [at])


def threefold_close(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """A close at three times; half of the time the high follows it, as if it confirmed it."""
    columns = ["close", "high"] if rng.random() < 0.5 else ["close"]
    return Planted(_scale(bars, [at], columns, 3.0), [at])


def gross_price(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """One price, or all four, 10 to a million times too high or too low."""
    columns = PRICES if rng.random() < 0.2 else [str(rng.choice(PRICES))]
    factor = 10 ** (rng.uniform(1, 6) * rng.choice([1, -1]))
    return Planted(_scale(bars, [at], columns, factor), [at])


def gross_first_price(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """A gross price in a symbol's first bar."""
    first = int(bars.index[bars["symbol"] == bars.at[at, "symbol"]].min())
    return gross_price(bars, first, rng)


def gross_last_price(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """A gross price in a symbol's last bar."""
    last = int(bars.index[bars["symbol"] == bars.at[at, "symbol"]].max())
    return gross_price(bars, last, rng)


def in_a_nightly_run(plant: Plant) -> Plant:
    """Plant in the only bar that a run judges: there are the 120 days before it, and no others."""

    def planted(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
        found = plant(bars, at, rng)
        day, own = bars["date"][at], bars["symbol"] == bars.at[at, "symbol"]
        known = bars["date"].between(day - pd.Timedelta(days=120), day)
        return Planted(found.bars[known | ~own], found.targets)

    return planted


def exact_spike(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """A bar off by a power of ten or a split's ratio, or one price of it by a power of ten."""
    factor = float(rng.choice([10.0, 1_000.0, 10_000.0, 3.0, 4.0, 5.0, 20.0]))
    whole = (factor in RATIOS[:8] and factor != 10.0) or rng.random() < 0.5
    columns = PRICES if whole else [str(rng.choice(PRICES))]
    return Planted(_scale(bars, [at], columns, factor ** float(rng.choice([1, -1]))), [at])


def rounded_spike(bars: pd.DataFrame, at: int, rng: np.random.Generator) -> Planted:
    """A bar, or one price of it, off by any factor, in cents: it may look like an exact one."""
    columns = PRICES if rng.random() < 0.5 else [str(rng.choice(PRICES))]
    planted = _scale(bars, [at], columns, 10 ** float(rng.uniform(0.12, 3) * rng.choice([1, -1])))
    planted.loc[at, PRICES] = planted.loc[at, PRICES].astype(float).round(2)
    return Planted(planted, [at])


def _set(bars: pd.DataFrame, at: int, **prices: float) -> Planted:
    bars = bars.copy()
    bars.loc[at, list(prices)] = list(prices.values())
    return Planted(bars, [at])


KINDS: tuple[Kind, ...] = (
    Kind("unit: one price", unit_of_one_price, gross=True),
    Kind("unit: one bar", unit_of_one_bar, gross=True),
    Kind("unit: block", unit_of_a_block, gross=True),
    Kind("unit: one price, block", unit_of_one_price_in_a_block, gross=True),
    Kind("unit: start or end", unit_at_an_end, gross=True, per_symbol=1),
    Kind("negative price", negative_price, gross=True),
    Kind("zero price", zero_price, gross=True),
    Kind("NaN or infinite price", not_a_number, gross=True),
    Kind("high below low", high_below_low, gross=True),
    Kind("close outside range", close_outside_range, gross=True),
    Kind("duplicate key", duplicate_key, gross=True),
    Kind("date of the bar before", shifted_date, gross=True),
    Kind("bar on a closed day", closed_day, gross=True),
    Kind("missing sessions", missing_sessions, gross=True),
    Kind("unadjusted split", unadjusted_split, gross=True, per_symbol=1),
    Kind("spike: whole bar", reversing_spike, gross=False),
    Kind("spike: close", close_spike, gross=False),
    Kind("level shift", level_shift, gross=False, per_symbol=1),
    Kind("stale run", stale_run, gross=False),
    Kind("flat bar with volume", flat_bar, gross=False),
    Kind("move without volume", move_without_volume, gross=False),
    Kind("volume 100 times", volume_in_lots, gross=False),
    Kind("future bar", future_bar, gross=True, per_symbol=1),
    Kind("partial last bar", partial_last_bar, gross=True, per_symbol=1),
    Kind("duplicated series", duplicated_series, gross=True, per_symbol=1),
    Kind("market-wide hole", market_hole, gross=True, per_symbol=1),
    Kind("stale feed", stale_feed, gross=True, per_symbol=1),
    Kind("gross: low 0.01", low_of_a_cent, gross=True),
    Kind("gross: high 99,999", high_of_five_nines, gross=True),
    Kind("gross: close ÷25", twenty_fifth_of_a_close, gross=True),
    Kind("gross: close ÷25,000", close_off_by_powers, gross=True),
    Kind("gross: bar ×5", fivefold_bar, gross=True),
    Kind("gross: close ×3", threefold_close, gross=True),
    Kind("gross: any price", gross_price, gross=True),
    Kind("gross: first bar", gross_first_price, gross=True, per_symbol=1),
    Kind("gross: last bar", gross_last_price, gross=True, per_symbol=1),
)
# What a run over one day sees of them; each takes a symbol's other bars away.
NIGHTLY_KINDS: tuple[Kind, ...] = tuple(
    Kind(name, in_a_nightly_run(plant), gross=True, per_symbol=1, margin=90)
    for name, plant in (
        ("nightly: low 0.01", low_of_a_cent),
        ("nightly: high 99,999", high_of_five_nines),
        ("nightly: close ÷25", twenty_fifth_of_a_close),
        ("nightly: close ÷25,000", close_off_by_powers),
        ("nightly: bar ×5", fivefold_bar),
        ("nightly: close ×3", threefold_close),
        ("nightly: any price", gross_price),
    )
)
