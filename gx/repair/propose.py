"""Looking for what has one right answer, among the bars that failed."""

from collections.abc import Collection, Iterator

import numpy as np
import pandas as pd

from gx.plugins.expectations.kernels.bars import Bars, Flags, Ints
from gx.plugins.expectations.kernels.splits import SMALLEST_STEP, split_bars
from gx.repair.fixes import Fix
from gx.repair.levels import blocks_in_another_unit
from gx.repair.market import Market
from gx.repair.proposal import NUMBERS, Proposal
from gx.repair.series import CLOSE, OPEN, Series, rounded
from gx.repair.spikes import spikes
from gx.repair.splits import before_splits
from gx.repair.within_the_bar import exchanged, signs, single_units


def propose(
    bars: pd.DataFrame,
    failing: Collection[int],
    *,
    lookback: pd.DataFrame | None = None,
    first_row: int = 0,
    splits: Collection[int] | None = None,
) -> list[Proposal]:
    """The repairs of ``bars`` (symbol, date as datetime64, prices, volume) with one right answer.

    ``failing`` are the rows that the suite found something about: rows of the run's extract, in
    which ``bars`` begin at ``first_row``. Only these are repaired, and the bars before a failing
    split. ``lookback`` are bars of before the range: they tell what is ordinary. A bar about which
    two rules have something to say has no proposal. ``splits`` are the failing rows at which the
    suite sees an unadjusted split, which no declared one is; None: that is not known.
    """
    flags = np.zeros(len(bars), dtype=bool)
    places = np.asarray(sorted(failing), dtype=np.int64) - first_row
    flags[places[(places >= 0) & (places < len(bars))]] = True
    dated = (bars["date"].notna() & bars["symbol"].notna()).to_numpy()
    wanted = bars["symbol"][flags & dated].unique()
    market, places_of = Market(bars, splits), bars[dated].groupby("symbol").indices
    labels = np.flatnonzero(dated)
    fixed: list[Proposal] = []
    block = 0
    for symbol in sorted(wanted):
        at = labels[places_of[symbol]]
        before = None if lookback is None else lookback[lookback["symbol"] == symbol]
        own = bars.iloc[at], at + first_row, flags[at]
        for found in _of_symbol(symbol, own, before, market):
            fixed += [_with_block(one, block) for one in found]
            block += 1
    return fixed


def _of_symbol(
    symbol: str,
    own: tuple[pd.DataFrame, Ints, Flags],
    lookback: pd.DataFrame | None,
    market: Market,
) -> Iterator[list[Proposal]]:
    bars, rows, failing = own
    twice = bars.duplicated("date", keep=False).to_numpy()
    copies = bars.duplicated(["date", *NUMBERS], keep="first").to_numpy() & twice
    # Days with a bar that is no copy of the other have no one right answer.
    strange = bars["date"][twice & ~bars.duplicated(["date", *NUMBERS], keep=False).to_numpy()]
    gone = copies & failing & ~bars["date"].isin(strange).to_numpy()
    for place in np.flatnonzero(gone):
        yield [_duplicate(symbol, bars.iloc[place], int(rows[place]))]
    single = ~twice
    series = Series.of(symbol, bars[single], rows[single], failing[single], lookback)
    if len(series.rows):
        yield from _of_series(series, market)


def _of_series(series: Series, market: Market) -> Iterator[list[Proposal]]:
    fixes = [
        *signs(series),
        *exchanged(series),
        *single_units(series),
        *blocks_in_another_unit(series),
        *spikes(series),
        *before_splits(series, _splits(series) & market.may_split(series.rows), market),
    ]
    told = np.zeros(len(series.rows), dtype=np.int64)
    for fix in fixes:
        told[fix.at] += 1
    for fix in fixes:
        if (told[fix.at] == 1).all():
            yield _proposals(series, fix)


def _splits(series: Series) -> Flags:
    """Where the suite's own detector sees a split, of bars that failed."""
    gap = np.append(0.0, series.logs[1:, OPEN] - series.logs[:-1, CLOSE])
    with np.errstate(invalid="ignore"):
        jumps: Flags = series.failing & (np.abs(gap) > SMALLEST_STEP)
    if not jumps.any():
        return jumps
    frame = pd.DataFrame(series.prices, columns=list(NUMBERS[:4]))
    frame = frame.assign(symbol=series.symbol, date=series.dates, volume=series.volume)
    return split_bars(Bars.of(frame)) & series.failing


def _proposals(series: Series, fix: Fix) -> list[Proposal]:
    volumes = series.volume[fix.at] if fix.volume is None else fix.volume
    return [
        Proposal(
            row=int(series.rows[at]),
            symbol=series.symbol,
            date=series.dates[at].to_pydatetime(),
            rule=fix.rule,
            evidence=fix.evidence,
            old=series.bar(int(at)),
            new=(*rounded(prices), *rounded([volume])),
        )
        for at, prices, volume in zip(fix.at, fix.prices, volumes, strict=True)
    ]


def _duplicate(symbol: str, bar: "pd.Series[float]", row: int) -> Proposal:
    numbers = tuple(float(bar[name]) for name in NUMBERS)
    day: pd.Timestamp = pd.Timestamp(bar["date"])
    shown = day.date() if day == day.normalize() else day
    return Proposal(
        row=row,
        symbol=symbol,
        date=day.to_pydatetime(),
        rule="duplicate",
        evidence=f"the bar of {shown} is there more than once, with the same prices and volume "
        f"(close {numbers[3]:.8g}); one of them stays",
        old=numbers,
        new=None,
    )


def _with_block(one: Proposal, block: int) -> Proposal:
    return Proposal(**{**one.__dict__, "block": block})
