"""The table that bars are loaded into, as it really is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from sql.errors import LoadError, MissingColumnError, MissingTableError
from sql.statements import statement
from sql.terms import BAR, VIEWS

Kind = Literal["numeric", "integer", "float", "text", "date", "other"]
# What a text has to hold for a day: 2025-11-04.
DAY_LENGTH = 10
_KINDS: Mapping[str, Kind] = {
    "numeric": "numeric",
    **dict.fromkeys(("int2", "int4", "int8"), "integer"),
    **dict.fromkeys(("float4", "float8"), "float"),
    **dict.fromkeys(("text", "varchar", "bpchar"), "text"),
    **dict.fromkeys(("date", "timestamp", "timestamptz"), "date"),
}


@dataclass(frozen=True)
class Column:
    """A column: its `type` (PostgreSQL's own name), as people write it, and what it can hold.

    `precision` and `scale` are those of a numeric, `length` is that of a text in characters; None
    where there is no limit.
    """

    name: str
    shown: str
    type: str
    not_null: bool
    precision: int | None = None
    scale: int | None = None
    length: int | None = None

    @property
    def kind(self) -> Kind:
        """What sort of values it holds."""
        return _KINDS.get(self.type, "other")


@dataclass(frozen=True)
class Target:
    """The columns of a bar in `stock_data`, and whether it has a `created_at` that takes a time.

    `meddles`: triggers or rules of its owner's may store something else than what is given.
    """

    columns: Mapping[str, Column]
    has_created_at: bool
    meddles: bool = False


def read_target(connection: Connection) -> Target:
    """What `stock_data` can hold.

    Raises MissingTableError, MissingColumnError, or LoadError when bars can't be loaded into it:
    it is a view, has no key or heirs, or asks for more than a bar has.
    """
    key = connection.exec_driver_sql(statement("queries/has_bar_key")).first()
    if key is None:
        raise MissingTableError(
            f"There is no table stock_data in database {connection.engine.url.database!r}; "
            "create it (sql/schema/stock_data.sql) or connect to the database that has it."
        )
    if key.kind in VIEWS:
        raise LoadError(f"stock_data is {VIEWS[key.kind]}: load the bars into the table behind it.")
    if key.heir is not None:
        raise LoadError(
            f"{key.heir} inherits from stock_data, whose key does not hold there: a bar could be "
            "stored a second time. Make it a partition, or load into a table that none inherits "
            "from."
        )
    rows = connection.exec_driver_sql(statement("queries/target_columns")).all()
    names = [row.name for row in rows]
    for name in BAR:
        if name not in names:
            raise MissingColumnError(
                f"Table stock_data has no column {name!r}, only {', '.join(names)}; "
                "add or rename it."
            )
    if not key.has_key:
        raise LoadError(
            "stock_data could hold a bar twice. First: alter table stock_data add unique "
            "(symbol, date)"
        )
    for row in rows:
        if row.name in BAR and row.generated:
            raise LoadError(f"stock_data computes its column {row.name} itself.")
        if row.name not in BAR and row.not_null and not (row.filled or row.generated):
            raise LoadError(
                f"stock_data wants a value in its column {row.name}, and bars have none. Give it a "
                "default."
            )
    columns = {
        row.name: _column(row.name, row.shown, row.type, row.modifier, row.not_null)
        for row in rows
        if row.name in BAR
    }
    _require_kinds(list(columns.values()))
    can_be_touched = any(
        row.name == "created_at" and not row.generated and _KINDS.get(row.type) in ("date", "text")
        for row in rows
    )
    return Target(columns, can_be_touched, key.meddles)


def _column(name: str, shown: str, kind: str, modifier: int, not_null: bool) -> Column:
    """PostgreSQL packs a type's limits into one number, which is 4 too large."""
    column = Column(name, shown, kind, not_null)
    limit = modifier - 4
    if modifier < 0:
        return column
    if kind == "numeric":
        scale = ((limit & 0x7FF) ^ 0x400) - 0x400  # eleven bits, signed
        return Column(name, shown, kind, not_null, precision=limit >> 16 & 0xFFFF, scale=scale)
    return Column(name, shown, kind, not_null, length=limit if column.kind == "text" else None)


def _require_kinds(columns: Sequence[Column]) -> None:
    for column in columns:
        wanted = {"symbol": ("text",), "date": ("date", "text")}.get(
            column.name, ("numeric", "integer", "float", "text")
        )
        if column.kind not in wanted:
            better = {"symbol": "text", "date": "date"}.get(column.name, "numeric")
            raise LoadError(
                f"Column {column.name} of stock_data is {column.shown}, of which is not known what "
                f"it holds exactly; {better} would do."
            )
        if column.name == "date" and column.length is not None and column.length < DAY_LENGTH:
            raise LoadError(
                f"Column date of stock_data is {column.shown}, too short for a day such as "
                "2025-11-04; date would do."
            )
