"""What was published before a run's range, for figures that look one bar back."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection

from sql.statements import statement


def previous_closes(
    connection: Connection, symbols: Sequence[str], start: date
) -> dict[str, float]:
    """Each symbol's last published close before ``start``."""
    bound = {"symbols": list(symbols), "start": start}
    found = connection.exec_driver_sql(statement("queries/previous_closes"), bound)
    return {symbol: float(close) for symbol, close in found if close is not None}
