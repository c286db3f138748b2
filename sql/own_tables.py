"""What a run needs of the tables of the gate's own: rights, columns, types that alter nothing."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sql.terms import BAR, DERIVED, NUMBERS

ENRICHED, EVIDENCE = "stock_data_enriched", "stock_data_evidence"
QUARANTINE, AUDIT = "stock_data_quarantine", "stock_data_audit"
REPAIRS, REFUSALS = "stock_data_repairs", "stock_data_refusals"
# A run does not fail for want of these.
NOT_OF_A_RUN = (EVIDENCE, AUDIT, REPAIRS)
_BAR = (*BAR, "run_id")
_REPAIRED = tuple(f"{which}_{name}" for which in ("old", "new") for name in NUMBERS)
RIGHTS: Mapping[str, tuple[str, ...]] = {
    "stock_data_enriched": ("select", "insert", "update", "delete"),
    "stock_data_publications": ("select", "insert"),
    "stock_data_quarantine": ("select", "insert", "update"),
    EVIDENCE: ("select", "insert"),
    AUDIT: ("select", "insert"),
    REPAIRS: ("select", "insert", "update"),
    REFUSALS: ("select", "insert"),
}
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "stock_data_enriched": (
        *(*_BAR, "daily_return", "price_range", "price_range_pct"),
        *("published_at", "extracted_at", "remarks", "doubts", "repaired", "digest"),
    ),
    "stock_data_publications": (
        *("run_id", "symbols", "first_date", "last_date", "extracted_at"),
        *("verdict", "extract_digest"),
    ),
    "stock_data_quarantine": (
        *(
            *_BAR,
            "attempt",
            "row_number",
            "created_at",
            "reasons",
            "quarantined_at",
            "extracted_at",
        ),
        *("released_by", "released_at", "released_as", "superseded_by", "superseded_at"),
        *("discarded_by", "discarded_at", "discard_reason"),
    ),
    EVIDENCE: ("run_key", "attempt", "path", "sha256", "bytes", "mlflow_run_id"),
    AUDIT: ("at", "who", "action", "what", "why", "run_id"),
    REPAIRS: (
        *("run_id", "symbol", "date", "rule", "evidence", *_REPAIRED, "dropped"),
        *("accepted_by", "accepted_at", "reason", "revoked_by", "revoked_at", "revoke_reason"),
        *("void_run", "void_at"),
    ),
    REFUSALS: (
        *("run_id", "symbol", "first_date", "last_date", "reasons", "extracted_at", "refused_at"),
    ),
}
# What holds every value that a run writes, by the column's name: the type to name, and all that do.
_NUMBER = ("double precision", r"double precision|numeric")
_DAY, _TEXTS = ("date", "date"), ("text[]", r"text\[\]|character varying\[\]")
_MOMENT = ("timestamptz", "timestamp with time zone")
HOLDS: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys((*NUMBERS, *DERIVED, *_REPAIRED), _NUMBER),
    **dict.fromkeys(("date", "first_date", "last_date"), _DAY),
    **dict.fromkeys(("symbols", "reasons", "remarks", "doubts"), _TEXTS),
    **dict.fromkeys(("extracted_at", "published_at", "quarantined_at", "refused_at"), _MOMENT),
    **dict.fromkeys(("who", "action", "what", "why", "repaired"), ("text", "text")),
    **dict.fromkeys(("verdict", "extract_digest"), ("text", "text")),
    "at": _MOMENT,
    "digest": ("bigint", "bigint"),
    "created_at": ("timestamp", "timestamp without time zone"),
    "symbol": ("text", r"text|character varying(\((3[2-9]|[4-9]\d|\d{3,})\))?"),
    "run_id": ("text", r"text|character varying(\((2[5-9]\d|[3-9]\d\d|\d{4,})\))?"),
}
# Those that `create_own_tables` adds to a table of an older version.
ADDED: Mapping[str, set[str]] = {
    "stock_data_enriched": {"extracted_at", "remarks", "doubts", "repaired", "digest"},
    "stock_data_publications": {"verdict", "extract_digest"},
    "stock_data_quarantine": {
        *("attempt", "released_as", "superseded_by", "superseded_at"),
        *("discarded_by", "discarded_at", "discard_reason", "extracted_at"),
    },
    EVIDENCE: {"attempt"},
}


@dataclass(frozen=True)
class Layout:
    """What the tables of a dataset hold: whether a bar is a day, and which columns go along.

    `carried` gives the PostgreSQL type of each. `decimal` are the prices and the volume that the
    source has as decimal numbers: they are published as such. `indicators` are the columns of what
    is derived for this dataset beside what every one has.
    """

    daily: bool = True
    carried: Mapping[str, str] = field(default_factory=dict)
    decimal: tuple[str, ...] = ()
    indicators: tuple[str, ...] = ()

    def made(self, name: str, text: str) -> str:
        """The statement ``name`` of the schema that makes a table, with this layout's types."""
        if name == ENRICHED:
            for one in self.decimal:
                text = text.replace(f"    {one} double precision", f"    {one} numeric")
        return text

    def columns(self, table: str) -> tuple[str, ...]:
        """The columns that a run needs."""
        return (*COLUMNS[table], *self.more(table))

    def more(self, table: str) -> tuple[str, ...]:
        """Those of them that not every dataset's table has."""
        if table == QUARANTINE and self.carried:
            return ("carried",)
        if table != ENRICHED:
            return ()
        return (*(() if self.daily else ("session",)), *self.carried, *self.indicators)

    @property
    def added(self) -> Mapping[str, str]:
        """The types of the columns of what is published that not every dataset's table has."""
        return {**self.carried, **dict.fromkeys(self.indicators, _NUMBER[0])}

    def holds(self, column: str) -> tuple[str, str]:
        """The type to name for a column, and a pattern of all that hold what is written there."""
        if column == "carried":
            return "jsonb", "jsonb?"
        if column in self.indicators:
            return _NUMBER
        if column in self.carried:
            return self.carried[column], re.escape(self.carried[column])
        if not self.daily and column in ("date", "first_date", "last_date"):
            return _MOMENT
        return HOLDS.get(column, ("", ".*"))


PLAIN = Layout()


def column_faults(name: str, columns: Mapping[str, Any], layout: Layout) -> Iterator[str]:
    """Columns of a table of the gate's own that would alter, or refuse, what is written to it."""
    for column in columns.values():
        better, pattern = layout.holds(column.name)
        if not re.fullmatch(pattern, column.type):
            yield (
                f"{name}.{column.name} is {column.type}, which does not hold all that is written "
                f"to it: alter table {name} alter column {column.name} type {better}"
            )
        if column.wanting and column.name not in (*layout.columns(name), "rows"):
            yield (
                f"{name} wants a value in its column {column.name}, and no run has one: give it a "
                "default"
            )
