"""Which bars are others than in the run before."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gx.terms import BAR_COLUMNS

EXAMPLES = 20
_KEY = ["symbol", "date"]
_VALUES = list(BAR_COLUMNS[2:])


@dataclass(frozen=True)
class Restated:
    """A bar whose numbers are others than before; ``changes`` are (column, before, now)."""

    symbol: str
    date: object
    changes: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True)
class BarChanges:
    """BarChanges that both runs looked at, or that only one of them found, by symbol and date."""

    restated: int
    examples: tuple[Restated, ...]
    new: int
    gone: int


def compare_bars(before: pd.DataFrame, now: pd.DataFrame) -> BarChanges:
    """Compare the bars of two runs, over the symbols and dates that both asked for.

    Of bars with the same symbol and date the last one counts. NaN equals NaN.
    """
    old, new = _shared(before, now)
    found = pd.Index(old.index).get_indexer(new.index)
    shared = np.flatnonzero(found >= 0)
    was = old[_VALUES].to_numpy(float)[found[shared]]
    is_now = new[_VALUES].to_numpy(float)[shared]
    differs = (was != is_now) & ~(np.isnan(was) & np.isnan(is_now))
    at = np.flatnonzero(differs.any(axis=1))
    keys = new[_KEY].iloc[shared[at[:EXAMPLES]]].itertuples(index=False)
    return BarChanges(
        restated=len(at),
        examples=tuple(
            Restated(str(symbol), day, _numbers(differs[i], was[i], is_now[i]))
            for i, (symbol, day) in zip(at, keys, strict=False)
        ),
        new=len(new) - len(shared),
        gone=len(old) - len(shared),
    )


def _shared(before: pd.DataFrame, now: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The bars of symbols and dates that both cover, indexed by a number for symbol and date.

    Joining on numbers takes a tenth of the time of joining on the columns themselves.
    """
    frames = [
        frame.reindex(columns=[*_KEY, *_VALUES]).dropna(subset=_KEY) for frame in (before, now)
    ]
    symbols, _ = pd.factorize(pd.concat([frame["symbol"] for frame in frames]))
    dates, days = pd.factorize(pd.concat([frame["date"] for frame in frames]), sort=True)
    cut = len(frames[0])
    owned = np.intersect1d(symbols[:cut], symbols[cut:])
    parts = (slice(None, cut), slice(cut, None))
    first = max((dates[part].min(initial=len(days)) for part in parts), default=0)
    last = min((dates[part].max(initial=-1) for part in parts), default=-1)
    fits = np.isin(symbols, owned) & (dates >= first) & (dates <= last)
    keys = symbols * (len(days) + 1) + dates
    old, new = (
        frame.set_axis(keys[part])[fits[part]] for frame, part in zip(frames, parts, strict=True)
    )
    return old[~old.index.duplicated(keep="last")], new[~new.index.duplicated(keep="last")]


def _numbers(
    differs: NDArray[np.bool_], was: NDArray[np.float64], is_now: NDArray[np.float64]
) -> tuple[tuple[str, float, float], ...]:
    return tuple(
        (name, float(was[c]), float(is_now[c])) for c, name in enumerate(_VALUES) if differs[c]
    )
