"""Making the tables, and filling an empty one with the sample."""

from importlib.resources import files

from sqlalchemy import Connection, Engine

from sql.connection import driver_connection
from sql.locks import LOAD, SCHEMA, lock
from sql.statements import statement

# In this order: tables of an older version get the columns that an index behind them asks for.
STATEMENTS = (
    "stock_data",
    "stock_data_enriched",
    "upgrade_enriched",
    "stock_data_publications",
    "stock_data_publications_newest",
    "stock_data_quarantine",
    "upgrade_quarantine",
    "stock_data_quarantine_open",
    "stock_data_quarantine_keep",
    "stock_data_quarantine_no_delete",
    "stock_data_quarantine_no_change",
    "stock_data_evidence",
)


def create_schema(engine: Engine) -> None:
    """Create what is missing, and bring tables of an older version up to date; no row is lost."""
    with engine.begin() as connection:
        lock(connection, SCHEMA)  # "if not exists" alone fails when two do it at once
        for name in STATEMENTS:
            connection.exec_driver_sql(statement(f"schema/{name}"))


def load_sample(engine: Engine) -> int:
    """Put the sample into `stock_data` when that is empty; return the number of bars put in.

    The sample is 46 made-up bars of TSLA and NVDA (see sample/README.md).
    """
    with engine.begin() as connection:
        lock(connection, LOAD)
        if not _is_empty(connection):
            return 0
        with (
            files("sql").joinpath("sample/stock_data.csv").open("rb") as sample,
            driver_connection(connection).cursor() as cursor,
        ):
            cursor.copy_expert(statement("queries/copy_sample"), sample)
            return int(cursor.rowcount)


def _is_empty(connection: Connection) -> bool:
    return not connection.exec_driver_sql("select exists (select from stock_data)").scalar_one()
