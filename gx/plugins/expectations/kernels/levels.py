"""The level of a symbol's closes: which closes it is read from, and which are far from it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from gx.plugins.expectations.kernels.bars import Flags
from gx.plugins.expectations.kernels.market_moves import Closes, Limits

WINDOW = 5  # closes whose median is the level, and after which a new level has settled
FEW = 0.25  # of the closes of a symbol, up to which its first ones may be the wrong ones
START = 2 * WINDOW  # closes among which the first ones must not be the fewer


@dataclass(frozen=True)
class Levels:
    """What is known of each usable close.

    gross: it is beyond the limit. reference: later bars are compared with it. fresh: a new level
    begins with it, to which no earlier close says anything.
    """

    gross: Flags
    reference: Flags
    fresh: Flags


@dataclass
class _Found:
    """Positions in one symbol's closes."""

    gross: list[int]
    no_reference: list[int]
    fresh: list[int]


def follow(closes: Closes, limits: Limits) -> Levels:
    """Follow each symbol's closes from one to the next.

    A close is gross when it is above both the last reference and the median of the last five by
    more than the limit, or below both. A gross close is no reference, until five in a row are near
    each other: then they are the new level, and only the step to it, the first of them, is gross;
    not the step from there back to the level before. At a symbol's start the closes that come back
    later are right: fewer than five closes before a step are gross when most of the first ten are
    far from them, and no more than a quarter of all is near; both sides are when it is a tie. Where
    more is near, nothing tells which side is wrong, and what follows is judged by them.
    """
    rows = len(closes.row)
    levels = Levels(np.zeros(rows, bool), np.ones(rows, bool), np.zeros(rows, bool))
    steps = np.flatnonzero(_is_step(closes, limits))
    for code in np.unique(closes.code[steps]):
        start, end = np.searchsorted(closes.code, [code, code + 1])
        own = steps[slice(*np.searchsorted(steps, [start, end]))] - start
        found = _follow_one(
            closes.level[start:end].tolist(),
            closes.time[start:end].tolist(),
            [0, *own.tolist()],
            limits,
        )
        levels.gross[start + np.array(found.gross, dtype=np.int64)] = True
        levels.reference[start + np.array(found.no_reference, dtype=np.int64)] = False
        levels.fresh[start + np.array(found.fresh, dtype=np.int64)] = True
    return levels


def _is_step(closes: Closes, limits: Limits) -> Flags:
    if not len(closes.row):
        return np.zeros(0, dtype=bool)
    move = np.diff(closes.level, prepend=0.0)
    since = np.roll(closes.time, 1)
    step: Flags = (move > limits.up(since, closes.time)) | (-move > limits.down(since, closes.time))
    return step & ~closes.first


def _follow_one(
    levels: Sequence[float], times: Sequence[int], begins: Sequence[int], limits: Limits
) -> _Found:
    """Follow one symbol, from one run of closes without a step to the next."""
    found = _Found([], [], [])
    known: list[int] = []
    former: list[int] = []  # what was known before the level of now began

    def is_way_back(at: int) -> bool:
        return bool(former) and not _is_beyond(levels, times, at, former, limits)

    def is_gross(at: int) -> bool:
        return _is_beyond(levels, times, at, known, limits)

    for begin, end in zip(begins, [*begins[1:], len(levels)], strict=True):
        run, long_enough = range(begin, end), end - begin >= WINDOW
        if not known:
            odds = -1 if long_enough else _odds(levels, times, begin, limits)
            found.gross += run if odds >= 0 else []
            found.no_reference += run if odds > 0 else []
            known = [] if odds > 0 else _last(run)
        elif long_enough:
            if is_gross(begin):
                back = is_way_back(begin)
                found.gross += [] if back else [begin]
                found.fresh.append(begin)
                former = [] if back else known
            known = _last(run)
        else:
            few = len(levels) <= 2 * START  # of many, a few bars back at an old level are wrong
            for at in run:
                if is_gross(at) and few and is_way_back(at):
                    found.fresh.append(at)
                    known, former = [at], []
                elif is_gross(at):
                    found.gross.append(at)
                    found.no_reference.append(at)
                else:
                    known = _last([*known, at])
    return found


def _last(positions: Sequence[int]) -> list[int]:
    return list(positions[-WINDOW:])


def _is_beyond(
    levels: Sequence[float], times: Sequence[int], at: int, known: Sequence[int], limits: Limits
) -> bool:
    last, middle = levels[known[-1]], _median(levels[place] for place in known)
    since, upto, level = times[known[-1]], times[at], levels[at]
    return bool(
        level > max(last, middle) + limits.up(since, upto)
        or level < min(last, middle) - limits.down(since, upto)
    )


def _odds(levels: Sequence[float], times: Sequence[int], begin: int, limits: Limits) -> int:
    """How many more of the first ten closes are far from the first one than near it.

    -1 where they are more, but more than a quarter of all closes is near, and not the first alone.
    """

    def far(at: int) -> bool:
        move = levels[at] - levels[begin]
        return bool(
            move > limits.up(times[begin], times[at])
            or -move > limits.down(times[begin], times[at])
        )

    first = range(begin, min(begin + START, len(levels)))
    odds = 2 * sum(map(far, first)) - len(first)
    if odds <= 0:
        return odds
    near = sum(not far(at) for at in range(begin, len(levels)))
    return odds if near == 1 or near <= FEW * (len(levels) - begin) else -1


def _median(values: Iterable[float]) -> float:
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
