"""The table of a new dataset, looked at before anybody knows what its rows mean."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from dags.errors import RequestError
from dags.run.datasets import read_from
from dags.run.sampling import BARS, HOURS, SYMBOLS, spread
from dags.run.settings import Settings
from gx.dataset.columns import Mapped, mapped
from gx.dataset.model import Dataset
from gx.dataset.read import valid_dataset
from gx.errors import DatasetError
from gx.web.sources import LookedAt, UnmappedError
from sql.describe import Looker, looker, looking
from sql.errors import BarStoreError
from sql.source import Source, Unit, column_types

PATIENCE_S = 20
_CLOCKS = ("timestamp with time zone", "timestamp without time zone")


def look_at(settings: Settings, name: str, asked: Mapping[str, Any]) -> LookedAt:
    """What a table holds; raises DatasetError that says why not, UnmappedError of its columns."""
    try:
        with looking(read_from(_probe(name, asked), settings), PATIENCE_S) as one:
            return _looked_at(one, name, asked)
    except (BarStoreError, RequestError) as error:
        raise DatasetError(str(error)) from None
    except SQLAlchemyError as error:
        why = str(getattr(error, "orig", error)).strip().partition("\n")[0]
        raise DatasetError(f"source: the database refuses, or does not answer: {why}") from None


def _probe(name: str, asked: Mapping[str, Any]) -> Dataset:
    """A dataset of the same source: enough to reach it."""
    source = {key: asked.get(key) for key in ("connection", "schema", "table")}
    document = {"name": name, "source": source, "suite": name, "publish": name}
    return valid_dataset(document, f"{name}.yml")


def _looked_at(connection: Connection, name: str, asked: Mapping[str, Any]) -> LookedAt:
    place = {"schema": asked.get("schema"), "table": asked["table"]}
    types = column_types(connection, Source(name, **place))
    symbol: str | None = asked.get("symbol")
    columns: Mapping[str, str] = asked.get("columns", {})
    try:
        mapping = mapped(str(asked["table"]), types, columns, symbol)
    except DatasetError as error:
        raise UnmappedError(error, types) from None
    source = Source(name, **place, columns=dict(mapping.columns), symbol=symbol)
    found = looker(connection, source)
    symbols = found.symbols()
    rows = found.rows(spread(symbols, SYMBOLS), BARS)
    return LookedAt(mapping, types, symbols, rows, _hours(found, mapping, symbols, asked))


def _hours(
    found: Looker, mapping: Mapped, symbols: Sequence[str], asked: Mapping[str, Any]
) -> list[tuple[str, int]] | None:
    """The hours of trade over some weeks; None where the column tells none, or not yet which."""
    unit: Unit | None = asked.get("unit")
    known = found.types[mapping.columns["date"]] in _CLOCKS or unit in ("s", "ms", "us", "ns")
    return found.hours(spread(symbols, SYMBOLS // 10), HOURS, unit) if known else None
