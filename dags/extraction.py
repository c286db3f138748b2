"""Streaming bars out of PostgreSQL into a folder: of a whole run, or of one partition."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Engine

from dags.layout import BARS, CONTEXT
from dags.run import Run
from dags.staging import Staging
from sql.extract import extract_bars
from sql.published import Gone, bars_gone


def extract_into(run: Run, engine: Engine, *, may_be_empty: bool = False) -> dict[str, Any]:
    """Stage the bars of the request and those just before it; returns what the step records."""
    request = run.request
    with run.staging.sealing(BARS) as sink:
        found = extract_bars(
            engine,
            sink,
            symbols=request.symbols,
            start=request.start,
            end=request.end,
            nameless=request.every,
            may_be_empty=may_be_empty,
        )
    return {
        "rows": found.rows,
        "rows_by_symbol": found.rows_by_symbol,
        "missing_symbols": list(found.missing),
        "rounded": found.rounded,
        "rounded_example": found.rounded_example,
        "first_date": found.first_date,
        "last_date": found.last_date,
        "digest": found.digest,
        "sql": found.sql,
        "extracted_at": found.at.isoformat(),
        "context_rows": _extract_context(run, engine),
        "gone": [asdict(one) for one in _gone(run, engine, found.at)],
    }


def staged_bars(staging: Staging) -> pa.Table:
    """The bars as they were extracted; raises AlteredError for others."""
    return staging.read_table(BARS, staging.finished("extract")["seals"].get(BARS))


def staged_lookback(staging: Staging) -> pd.DataFrame | None:
    """The dated bars before the range, as extracted; None when there are none."""
    seal = staging.finished("extract")["seals"].get(CONTEXT)
    if seal is None:
        return None
    table = staging.read_table(CONTEXT, seal)
    dated: pd.DataFrame = table.filter(pc.is_valid(table["date"])).to_pandas(date_as_object=False)
    return dated


def _extract_context(run: Run, engine: Engine) -> int:
    """Stage the bars just before the range: a single day alone says nothing of what is ordinary.

    Returns how many there are.
    """
    start, days = run.request.start, timedelta(days=run.settings.context_days)
    if start is None or not days:
        return 0
    with run.staging.sealing(CONTEXT) as sink:
        found = extract_bars(
            engine,
            sink,
            symbols=run.request.symbols,
            start=start - days,
            end=start - timedelta(days=1),
            may_be_empty=True,
        )
    if not found.rows:
        run.staging.remove(CONTEXT)
    return found.rows


def _gone(run: Run, engine: Engine, at: datetime) -> list[Gone]:
    """What was published in the range and the source does not have any more."""
    request = run.request
    return bars_gone(
        engine, symbols=request.symbols, start=request.start, end=request.end, extracted_at=at
    )
