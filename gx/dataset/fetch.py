"""What a dataset's bars are at Interactive Brokers: all that ``fetch`` of its file may say."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from gx.symbols import require_symbol

_STRICT = ConfigDict(extra="forbid", frozen=True)
What = Literal["TRADES", "MIDPOINT", "ADJUSTED_LAST"]
# The sizes of bars that IB has, by their minutes, as it writes them.
IB_BARS = {
    1: "1 min",
    **{length: f"{length} mins" for length in (2, 3, 5, 10, 15, 20, 30)},
    60: "1 hour",
    **{60 * hours: f"{hours} hours" for hours in (2, 3, 4, 8)},
    1_440: "1 day",
}


def _currency(value: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", value):
        raise ValueError(f"{value!r} is no currency; write it as USD")
    return value


class Contract(BaseModel):
    """A symbol as the bars are stored, and what IB calls it.

    ``con_id`` names one contract where the others name several; ``ib_symbol`` is IB's own name
    where that is another one (``BRK B``).
    """

    model_config = _STRICT

    symbol: Annotated[str, AfterValidator(require_symbol)]
    exchange: str = Field("SMART", min_length=1, max_length=20)
    primary_exchange: str = Field("", max_length=20)
    currency: Annotated[str, AfterValidator(_currency)] = "USD"
    type: Literal["STK", "IND", "CASH", "CFD", "CMDTY", "CRYPTO", "FUND", "BOND"] = "STK"
    con_id: int = Field(0, ge=0, le=2**31 - 1)
    ib_symbol: str = Field("", max_length=40)


class Fetch(BaseModel):
    """Which bars IB is asked for; ``since`` None is ten years before the first fetch.

    ``regular_hours`` leaves out what traded before and after the exchange's own session.
    """

    model_config = _STRICT

    what: What = "TRADES"
    regular_hours: bool = True
    since: date | None = None
    contracts: tuple[Contract, ...]

    @field_validator("contracts")
    @classmethod
    def _some(cls, value: tuple[Contract, ...]) -> tuple[Contract, ...]:
        if not value:
            raise ValueError("name at least one, as [{symbol: TSLA}]")
        return value

    @model_validator(mode="after")
    def _one_each(self) -> Self:
        names = [one.symbol for one in self.contracts]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} is there twice: a symbol has one contract")
        ids = [one.con_id for one in self.contracts if one.con_id]
        if len(set(ids)) < len(ids):
            raise ValueError("two symbols have one con_id: the same bars would be stored twice")
        return self

    @property
    def kind(self) -> str:
        """What bars they are, in words that are kept beside them."""
        hours = "regular hours" if self.regular_hours else "all hours"
        return f"{self.what}, {hours}"

    def fault(self, minutes: int) -> str | None:
        """Why there are no such bars of so many minutes; None where there are."""
        if minutes not in IB_BARS:
            return f"IB has no such bars; it has {', '.join(IB_BARS.values())}"
        if self.what == "ADJUSTED_LAST" and IB_BARS[minutes] != "1 day":
            return (
                "IB gives no history of ADJUSTED_LAST within the day: write TRADES, or bar: 1 day"
            )
        return None

    def of(self, symbols: Sequence[str]) -> tuple[tuple[Contract, ...], tuple[str, ...]]:
        """The contracts of some symbols (none: all), and which of these have none."""
        named = {one.symbol: one for one in self.contracts}
        if not symbols:
            return self.contracts, ()
        asked = dict.fromkeys(symbols)
        return (
            tuple(named[one] for one in asked if one in named),
            tuple(one for one in asked if one not in named),
        )
