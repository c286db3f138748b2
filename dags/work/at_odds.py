"""What is published around a run's range, and is not as accepted repairs say.

A run reads the bars before its range with repairs applied, and publishes beside those that are
published: where these are others, a return between them would be none, though nothing fails.
"""

import io
from collections.abc import Sequence
from datetime import date
from itertools import groupby

import pyarrow.parquet as pq
from sqlalchemy import Engine

from dags.archive.files import fetcher
from dags.run.context import Run
from dags.run.to_run import at_odds_of
from gx.report.published import AtOdds
from sql.at_odds import BarAtOdds, bars_at_odds, dates_beside
from sql.connection import connected
from sql.extract import extract_bars
from sql.repaired import Repairs
from sql.repairs import Numbers, open_repairs
from sql.terms import NUMBERS
from transforms.indicators import reach_of

_Key = tuple[str, date]


def published_at_odds(run: Run) -> list[AtOdds]:
    """Of each symbol the published bars that its repairs were accepted, or ended, after.

    It is to be held where they lie beside the range; then those within the range are meant too.
    Those of others within the range are published by this run.
    """
    start, end = run.moments
    if start is None and end is None:
        return []
    with connected(run.published_at) as own:
        odd = _not_as_read(run, own, _of_symbols(own, run.request.symbols))
        if not odd:
            return []
        with own.connect() as connection:
            beside = dates_beside(
                connection,
                sorted({one.symbol for one in odd}),
                start=start,
                end=end,
                bars=max(1, reach_of(run.dataset.indicators)),
            )
    found = []
    for symbol, group in groupby(odd, lambda one: one.symbol):
        bars = list(group)
        held = any((symbol, one.date) in beside for one in bars)
        left = bars if held else [one for one in bars if _is_outside(one.date, start, end)]
        if left:
            found.append(at_odds_of(left, held=held))
    return found


def _is_outside(moment: date, start: date | None, end: date | None) -> bool:
    return (start is not None and moment < start) or (end is not None and moment > end)


def _of_symbols(own: Engine, symbols: Sequence[str]) -> list[BarAtOdds]:
    with own.connect() as connection:
        return bars_at_odds(connection, symbols)


def _not_as_read(run: Run, own: Engine, published: Sequence[BarAtOdds]) -> list[BarAtOdds]:
    """Those that a run would read otherwise now: a repair may have ended because all is well."""
    if not published:
        return []
    now = _read_now(run, own, published)
    return [one for one in published if now.get((one.symbol, one.date), one.numbers) != one.numbers]


def _read_now(run: Run, own: Engine, published: Sequence[BarAtOdds]) -> dict[_Key, Numbers]:
    symbols, days = sorted({one.symbol for one in published}), [one.date for one in published]
    sink = io.BytesIO()
    with connected(run.read_from) as engine:
        extract_bars(
            engine,
            sink,
            source=run.source,
            symbols=symbols,
            start=min(days),
            end=max(days),
            may_be_empty=True,
            repairs=Repairs(open_repairs(own, symbols)),
            archive=fetcher(run.settings),
        )
    rows = pq.read_table(sink, columns=["symbol", "date", *NUMBERS]).to_pylist()
    return {(one["symbol"], one["date"]): tuple(one[name] for name in NUMBERS) for one in rows}
