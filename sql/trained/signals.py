"""What models say of published bars, beside them: each is written once, and stays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine

from sql.locks import SCHEMA, lock
from sql.statements import statement

_STEPS = ("stock_data_signals", "stock_data_signals_keep", "stock_data_signals_no_change")


@dataclass(frozen=True)
class Signal:
    """The return foretold of a bar, which this run of the gate published, with its verdict.

    Of a daily bar `date` is its midnight.
    """

    symbol: str
    date: datetime
    signal: float
    run_id: str
    verdict: str


def ensure_signals(engine: Engine, *, daily: bool = True) -> None:
    """Make the table that is missing: who scores may have no right to."""
    kind = "date" if daily else "timestamptz"
    with engine.begin() as connection:
        lock(connection, SCHEMA)
        there = "select to_regclass('stock_data_signals') is not null"
        if connection.exec_driver_sql(there).scalar_one():
            return
        for name in _STEPS:
            connection.exec_driver_sql(statement(f"schema/{name}").replace("{type}", kind))


def write_signals(
    connection: Connection,
    signals: Sequence[Signal],
    *,
    horizon: int,
    model: str,
    model_version: int,
    gate_version: str,
) -> int:
    """Write what a version of a model says; how many of them it had not said before."""
    connection.exec_driver_sql("set local timezone = 'UTC'")  # a day is its midnight there
    bound = {
        "symbols": [one.symbol for one in signals],
        "dates": [one.date for one in signals],
        "signals": [one.signal for one in signals],
        "run_ids": [one.run_id for one in signals],
        "verdicts": [one.verdict for one in signals],
        "horizon": horizon,
        "model": model,
        "model_version": model_version,
        "gate_version": gate_version,
    }
    return connection.exec_driver_sql(statement("queries/insert_signals"), bound).rowcount
