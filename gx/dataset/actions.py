"""Where a dataset declares its splits and dividends: what these two entries may say."""

from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class DeclaredIn(BaseModel):
    """A column of the bars, or a table (or query) beside them, in the same database.

    A table has a row for each symbol and day; what its columns are called is said here where it is
    something else.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    value_name: ClassVar[str]

    column: str | None = Field(None, min_length=1, max_length=63)
    db_schema: str | None = Field(None, alias="schema", min_length=1, max_length=63)
    table: str | None = Field(None, min_length=1, max_length=63)
    query: str | None = Field(None, min_length=1)
    symbol: str = Field("symbol", min_length=1, max_length=63)
    date: str = Field("date", min_length=1, max_length=63)

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if sum(one is not None for one in (self.column, self.table, self.query)) != 1:
            raise ValueError("name either a column of the bars, or a table, or a query")
        if self.db_schema is not None and self.table is None:
            raise ValueError("a schema goes with a table")
        beside = self.model_fields_set & {"symbol", "date", self.value_name}
        if self.column is not None and beside:
            raise ValueError(
                f"a column of the bars has their own symbol and date: leave out "
                f"{', '.join(sorted(beside))}"
            )
        return self

    @property
    def columns(self) -> dict[str, str]:
        """The columns of the table, by what they mean."""
        value: str = getattr(self, self.value_name)
        return {"symbol": self.symbol, "date": self.date, self.value_name: value}


class Splits(DeclaredIn):
    """Splits: new shares per old one as 4, 0.25, 4:1 or 1:10; empty, 0 and 1 are none."""

    value_name: ClassVar[str] = "ratio"

    ratio: str = Field("ratio", min_length=1, max_length=63)


class Dividends(DeclaredIn):
    """Dividends: what is paid a share on the day from which it trades without it."""

    value_name: ClassVar[str] = "amount"

    amount: str = Field("amount", min_length=1, max_length=63)
