"""Published bars for figures that look many bars back, and those figures in their columns."""

from collections.abc import Mapping, Sequence
from datetime import date

import pandas as pd
import pyarrow as pa
import pyarrow.csv
from sqlalchemy import Connection

from sql.connection import driver_connection
from sql.copy_in import copy_in
from sql.copy_stream import copy_out, csv_options
from sql.source import quoted
from sql.statements import statement

_PRICES = ("high", "low", "close")


def bars_before(
    connection: Connection, *, symbols: Sequence[str], start: date, bars: int
) -> pd.DataFrame:
    """Each symbol's last published ``bars`` before ``start``: symbol, date, high, low, close.

    In no order; the prices are float64.
    """
    bound = {"symbols": list(symbols), "start": start, "bars": bars}
    return read_bars(connection, statement("queries/bars_before"), bound, _PRICES)


def bars_around(
    connection: Connection,
    *,
    symbols: Sequence[str],
    start: date | None,
    end: date | None,
    bars: int,
    columns: Sequence[str],
    everywhere: bool,
) -> pd.DataFrame:
    """Published bars from ``start`` to ``end``, with ``bars`` before and behind it of each symbol.

    As ``bars_before``, with these ``columns`` (float64) as they are published. Unless
    ``everywhere``, only of symbols that have bars behind the range.
    """
    more = "".join(f",\n    bar.{quoted(name)}::double precision" for name in columns)
    query = statement("queries/bars_around").replace("{more}", more)
    bound = {"symbols": list(symbols), "start": start, "end": end, "bars": bars, "all": everywhere}
    return read_bars(connection, query, bound, (*_PRICES, *columns))


def correct_indicators(connection: Connection, bars: pd.DataFrame, columns: Sequence[str]) -> int:
    """Write these columns (NaN: NULL) of some published bars, by symbol and date; how many."""
    if bars.empty:
        return 0
    more = "".join(f", {quoted(name)}" for name in columns)
    staged = statement("queries/stage_indicators").replace("{more}", more)
    connection.exec_driver_sql(staged)
    table = pa.Table.from_pandas(bars[["symbol", "date", *columns]], preserve_index=False)
    dates = table.schema.field("date").type
    if dates.tz is None:
        table = table.set_column(1, "date", table["date"].cast(pa.date32()))
    copy_in(connection, "staged_indicators", table)
    written = ",\n    ".join(f"{quoted(name)} = corrected.{quoted(name)}" for name in columns)
    update = statement("queries/correct_indicators").replace("{set}", written)
    rows = connection.exec_driver_sql(update).rowcount
    connection.exec_driver_sql("drop table staged_indicators")
    return rows


def read_bars(
    connection: Connection,
    query: str,
    bound: Mapping[str, object],
    numbers: Sequence[str],
    texts: Sequence[str] = (),
) -> pd.DataFrame:
    """What a query over published bars finds; a million rows would be slow one by one.

    It has symbol, date (a day, or a moment in UTC), these ``numbers`` (float64) and ``texts``.
    """
    daily = connection.exec_driver_sql(statement("queries/published_days")).scalar_one()
    dates = pa.date32() if daily else pa.timestamp("us", "UTC")
    types = {"symbol": pa.string(), "date": dates}
    types |= dict.fromkeys(numbers, pa.float64()) | dict.fromkeys(texts, pa.string())
    connection.exec_driver_sql("set local timezone = 'UTC'")
    with driver_connection(connection).cursor() as cursor:
        text: bytes = cursor.mogrify(query, bound)
    copied = f"copy ({text.decode('utf-8')}) to stdout (format csv, header)"
    with copy_out(connection, copied) as stream:
        table = pa.csv.read_csv(pa.PythonFile(stream, mode="r"), **csv_options(types))
    frame: pd.DataFrame = table.to_pandas(date_as_object=False)
    return frame
