"""Reading what is declared of symbols: splits and dividends, as people write them."""

import math
import re
from collections.abc import Iterator
from contextlib import suppress

import numpy as np
import pandas as pd

from gx.plugins.expectations.kernels.declared import DECLARED, Actions, Declared, Remark

SPLIT, DIVIDEND = "split", "dividend"
COLUMNS = ("symbol", "date", "kind", "value")
_RATIO = re.compile(
    r"(\d+(?:\.\d+)?|\.\d+)\s*(?::|/|-?\s*for\s*-?|to)\s*(\d+(?:\.\d+)?|\.\d+)", re.IGNORECASE
)


def read_ratio(text: str) -> float | None:
    """New shares per old one of `4`, `0.25`, `4:1`, `1:10`, `4-for-1`; None where it is no split.

    None is also what empty, NaN, 0 and 1 say. Raises ValueError for what nobody can mean.
    """
    plain = text.strip()
    if plain.casefold() in ("", "nan", "none", "null"):
        return None
    if pair := _RATIO.fullmatch(plain):
        new, old = float(pair[1]), float(pair[2])
        if not old:
            raise ValueError(f"the ratio {text!r} divides by nothing; write it as 4:1")
        value = new / old
    else:
        value = _number(plain, "ratio", "4, 0.25, 4:1 or 1:10")
    if value < 0:
        raise ValueError(f"the ratio {text!r} is negative")
    return value if value not in (0.0, 1.0) else None


def read_amount(text: str) -> float | None:
    """A dividend; None where there is none. Raises ValueError for what nobody can mean."""
    plain = text.strip()
    if plain.casefold() in ("", "nan", "none", "null"):
        return None
    value = _number(plain, "dividend", "0.47")
    if value < 0:
        raise ValueError(f"the dividend {text!r} is negative")
    return value or None


def read_declared(actions: pd.DataFrame, *, adjusted: bool = True) -> Declared:
    """What a frame of actions declares; what cannot be read is in its remarks.

    Columns, all of text: symbol, date (2014-06-09, with a time behind it or not, or 20140609), kind
    (`split`, `dividend`), value.
    """
    remarks: list[Remark] = []
    actions = actions[actions["symbol"].notna()]
    found = {
        kind: _read(actions[actions["kind"] == kind], kind, remarks) for kind in (SPLIT, DIVIDEND)
    }
    return Declared(found[SPLIT], found[DIVIDEND], adjusted, tuple(remarks))


def declared_in(actions: pd.DataFrame) -> Declared:
    """What a frame declares that says itself (column ``adjusted``) what the prices are."""
    return read_declared(actions, adjusted=bool(actions["adjusted"].all()))


def with_declared(bars: pd.DataFrame, declared: Declared | None) -> pd.DataFrame:
    """The bars with what is declared of them beside them."""
    if declared is None:
        return bars
    frame = bars.copy(deep=False)
    frame.attrs[DECLARED] = declared
    return frame


def _read(actions: pd.DataFrame, kind: str, remarks: list[Remark]) -> Actions:
    days, values = _days(actions["date"]), _values(actions["value"], kind)
    # What is neither a number nor nothing is rare: those alone are read one by one.
    odd = ((values.isna() | days.isna()) | (values < 0) | np.isinf(values)).to_numpy()
    for symbol, date, value in actions.loc[odd, ["symbol", "date", "value"]].itertuples(
        index=False
    ):
        remarks += _faults(str(symbol), str(date), str(value), kind)
    nothing = (0.0, 1.0) if kind == SPLIT else (0.0,)
    usable = ~odd & ~values.isin(nothing).to_numpy()
    return Actions(
        actions["symbol"].to_numpy(dtype=object)[usable],
        days.to_numpy(dtype="datetime64[D]").view(np.int64)[usable],
        values.to_numpy(dtype=np.float64)[usable],
    )


def _days(dates: pd.Series) -> pd.Series:
    text = (
        dates.astype(str).str.strip().str.replace(r"^(\d{4})(\d\d)(\d\d)$", r"\1-\2-\3", regex=True)
    )
    return pd.to_datetime(text.str.slice(0, 10), format="%Y-%m-%d", errors="coerce")


def _values(values: pd.Series, kind: str) -> pd.Series:
    numbers = pd.to_numeric(values, errors="coerce").astype(np.float64)
    unread = numbers.isna() & values.notna()
    read = read_ratio if kind == SPLIT else read_amount
    found = numbers.to_numpy(copy=True)
    for at in np.flatnonzero(unread):
        with suppress(ValueError):  # told beside the other faults
            found[at] = read(str(values.iloc[at])) or 0.0
    return pd.Series(found, index=values.index)


def _faults(symbol: str, date: str, value: str, kind: str) -> Iterator[Remark]:
    read = read_ratio if kind == SPLIT else read_amount
    try:
        if read(value) is None:
            return  # nothing is declared, whenever that is
    except ValueError as error:
        yield {"symbol": symbol, "date": date, "says": str(error)}
        return
    yield {"symbol": symbol, "date": date, "says": f"the date {date!r} of a {kind} is none"}


def _number(text: str, what: str, as_: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"the {what} {text!r} is no number; write it as {as_}") from None
    if not math.isfinite(value):
        raise ValueError(f"the {what} {text!r} is no number; write it as {as_}")
    return value
