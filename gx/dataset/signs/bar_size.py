"""How long a bar is, by the distances of a symbol's stamps."""

import numpy as np

from gx.dataset.signs.moments import DAY, MICROSECONDS, Ints
from gx.errors import DatasetError

_MINUTE, _HOUR = 60 * MICROSECONDS, 3_600 * MICROSECONDS
# A day between two midnights is an hour shorter or longer when clocks are changed.
_SHORTEST_DAY = 20 * _HOUR
_MOST = 99


def bar_size(owners: Ints, times: Ints) -> tuple[str, str]:
    """The size of a bar as a dataset says it, and why.

    ``owners`` tells whose each time is (a number), ``times`` are microseconds. Raises DatasetError
    where that is nothing a dataset can be of: it has to be said.
    """
    distances = _distances(owners, times)
    if not len(distances):
        raise DatasetError(
            "no symbol has two bars, whose distance would tell how long a bar is: say --bar, such "
            "as '1 day' or '5 mins'"
        )
    sizes, counts = np.unique(distances, return_counts=True)
    size, share = int(sizes[counts.argmax()]), counts.max() / counts.sum()
    why = f"{share:.0%} of {len(distances):,} distances between a symbol's bars are {_said(size)}"
    if size == DAY:
        return "1 day", why
    if size > DAY:
        raise DatasetError(
            f"{why}: a bar is of a day or less; say --bar '1 day' if most days are just not there"
        )
    minutes, rest = divmod(size, _MINUTE)
    hours, odd = divmod(minutes, 60)
    if rest or not minutes or (odd and minutes > _MOST):
        raise DatasetError(f"{why}: no bar is as long; say --bar, such as '1 day' or '5 mins'")
    if odd == 0:
        return ("1 hour" if hours == 1 else f"{hours} hours"), why
    return ("1 min" if minutes == 1 else f"{minutes} mins"), why


def _distances(owners: Ints, times: Ints) -> Ints:
    """Between neighbouring times of the same owner; those of about whole days are whole days."""
    order = np.lexsort((times, owners))
    owners, times = owners[order], times[order]
    same, apart = np.diff(owners) == 0, np.diff(times)
    found = apart[same & (apart > 0)]
    days = np.rint(found / DAY).astype(np.int64) * DAY
    near = (found >= _SHORTEST_DAY) & (np.abs(found - days) <= 4 * _HOUR)
    return np.asarray(np.where(near, days, found), np.int64)


def _said(size: int) -> str:
    for length, name in (
        (DAY, "day"),
        (_HOUR, "hour"),
        (_MINUTE, "minute"),
        (MICROSECONDS, "second"),
    ):
        if size % length == 0:
            count = size // length
            return f"{count} {name}{'s' * (count != 1)}"
    return f"{size} µs"
