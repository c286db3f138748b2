"""A dataset's indicators: from enough bars before the range, and what they are behind it."""

import pandas as pd
from sqlalchemy import Connection

from dags.run.context import Run
from sql.connection import connected
from sql.indicators import bars_around, bars_before, correct_indicators
from sql.publish import Publication
from transforms.indicators import columns_of, computed, reach_of


def lookback(run: Run, symbols: list[str]) -> pd.DataFrame | None:
    """The published bars that the indicators of a range look back to; None where there are none."""
    (start, _), reach = run.moments, reach_of(run.dataset.indicators)
    if start is None or not reach or not symbols:
        return None
    with connected(run.published_at) as engine, engine.connect() as connection:
        return bars_before(connection, symbols=symbols, start=start, bars=reach)


def correct(connection: Connection, run: Run, passed: list[str], done: Publication) -> int:
    """Compute anew what the bars of the range change behind it; of how many bars.

    Of a range with a beginning its own bars as well: those before it may be other ones by now. And
    wherever bars of a newer extract stayed.
    """
    names = run.dataset.indicators
    if not names or not passed:
        return 0
    columns, (start, end) = columns_of(names), run.moments
    bars = bars_around(
        connection,
        symbols=passed,
        start=start,
        end=end,
        bars=reach_of(names),
        columns=columns,
        everywhere=start is not None or bool(done.newer),
    )
    bars = bars.sort_values(["symbol", "date"], ignore_index=True)
    right = pd.DataFrame(computed(bars, names))
    same = (bars[list(columns)] == right) | (bars[list(columns)].isna() & right.isna())
    wrong = ~same.all(axis=1)
    if start is not None:
        wrong &= bars["date"] >= pd.Timestamp(start)
    changed = bars[["symbol", "date"]].join(right)[wrong]
    return correct_indicators(connection, changed, columns)
