"""Streaming bars out of PostgreSQL into a folder: of a whole run, or of one partition."""

from datetime import timedelta
from typing import Any

import pandas as pd
import pyarrow.compute as pc
from sqlalchemy import Engine

from dags.layout import BARS, CONTEXT
from dags.run import Run
from dags.staging import Staging
from sql.extract import extract_bars


def extract_into(run: Run, engine: Engine, *, may_be_empty: bool = False) -> dict[str, Any]:
    """Stage the bars of the request and those just before it; returns what the step records."""
    request = run.request
    with (run.staging.root / BARS).open("wb") as sink:
        found = extract_bars(
            engine,
            sink,
            symbols=request.symbols,
            start=request.start,
            end=request.end,
            may_be_empty=may_be_empty,
        )
    return {
        "rows": found.rows,
        "rows_by_symbol": found.rows_by_symbol,
        "missing_symbols": list(found.missing),
        "first_date": found.first_date,
        "last_date": found.last_date,
        "context_rows": _extract_context(run, engine),
        "digest": found.digest,
        "sql": found.sql,
    }


def staged_lookback(staging: Staging) -> pd.DataFrame | None:
    """The dated bars before the range; None when there are none."""
    if not staging.exists(CONTEXT):
        return None
    table = staging.read_table(CONTEXT)
    dated: pd.DataFrame = table.filter(pc.is_valid(table["date"])).to_pandas(date_as_object=False)
    return dated


def _extract_context(run: Run, engine: Engine) -> int:
    """Stage the bars just before the range: a single day alone says nothing of what is ordinary."""
    start, days = run.request.start, timedelta(days=run.settings.context_days)
    if start is None or not days:
        return 0
    with (run.staging.root / CONTEXT).open("wb") as sink:
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
