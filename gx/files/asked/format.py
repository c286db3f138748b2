"""How a file is to be read where it does not say it clearly itself: options, and kept formats."""

import codecs
import csv
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, field_validator

from gx.files.meaning.names import MEANINGS
from gx.nearest import nearest
from gx.symbols import RULE, symbol_fault

ORDERS = ("DMY", "MDY", "YMD")
UNITS = ("s", "ms", "us", "ns")
_DELIMITERS = {
    "tab": "\t",
    "\\t": "\t",
    "space": " ",
    "spaces": " ",
    "comma": ",",
    "semicolon": ";",
}
_DELIMITERS |= {"pipe": "|"}


def _delimiter(text: str) -> str:
    sign = _DELIMITERS.get(text, text)
    if len(sign) != 1 or sign in '"\r\n':
        raise ValueError(f"{text!r} is no delimiter; write one sign, or tab, or space")
    return sign


def _decimal(text: str) -> str:
    if text not in (".", ","):
        raise ValueError(f"{text!r} is no decimal sign; it is . or ,")
    return text


def _zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (ValueError, KeyError, OSError):
        from zoneinfo import available_timezones

        near = nearest(text, sorted(available_timezones()))
        raise ValueError(f"there is no time zone {text!r}{near}") from None


def _encoding(text: str) -> str:
    try:
        codecs.lookup(text)
    except LookupError:
        raise ValueError(f"there is no encoding {text!r}") from None
    return text


def _symbol(text: str) -> str:
    if fault := symbol_fault(text):
        raise ValueError(f"the symbol {text!r} {fault}; a symbol is {RULE}")
    return text


def _date_format(text: str) -> str:
    if text in (*ORDERS, *UNITS, "excel") or "%" in text:
        return text
    raise ValueError(
        f"{text!r} is no format of dates; write one like %d/%m/%Y, or DMY, MDY, YMD, or excel, or "
        "the unit of a number since 1970: s, ms, us, ns"
    )


class Format(BaseModel):
    """What a person says of a file; None where it is left to the file to say.

    ``columns`` has the file's column for each meaning; ``order`` the meanings of the columns by
    their place, for a file without a header (``-`` for one that is not used).
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    columns: dict[str, str] | None = None
    order: tuple[str, ...] | None = None
    date_format: Annotated[str, AfterValidator(_date_format)] | None = None
    decimal: Annotated[str, AfterValidator(_decimal)] | None = None
    delimiter: Annotated[str, AfterValidator(_delimiter)] | None = None
    zone: Annotated[str, AfterValidator(_zone)] | None = None
    symbol: Annotated[str, AfterValidator(_symbol)] | None = None
    encoding: Annotated[str, AfterValidator(_encoding)] | None = None
    sheet: str | None = None

    @field_validator("columns")
    @classmethod
    def _meanings(cls, columns: dict[str, str] | None) -> dict[str, str] | None:
        for meaning in columns or {}:
            _known(meaning, f"; write MEANING=COLUMN ({', '.join(MEANINGS)})")
        return columns

    @field_validator("order", mode="before")
    @classmethod
    def _order(cls, order: object) -> object:
        given = tuple(order) if isinstance(order, list) else order
        if not isinstance(given, tuple):
            return given
        named = [one for one in given if one != "-"]
        for meaning in named:
            _known(meaning, "; a column that is not used is -")
        if len(set(named)) < len(named):
            raise ValueError(f"names a meaning twice: {', '.join(map(str, named))}")
        return given

    def over(self, other: "Format") -> "Format":
        """What is said here, and of the rest what the other one says."""
        said = self.model_dump(exclude_none=True)
        if "columns" in said or "order" in said:
            other = other.model_copy(update={"columns": None, "order": None})
        return Format.model_validate(other.model_dump(exclude_none=True) | said)


def _known(meaning: object, hint: str) -> None:
    if meaning not in MEANINGS:
        raise ValueError(f"{meaning!r} is no column of a bar{nearest(meaning, MEANINGS)}{hint}")


def columns_of(text: str) -> dict[str, object]:
    """What ``--columns`` says: ``close=Last,date=Day``, or all by place, ``date,open,-``."""
    parts = [part.strip() for part in next(csv.reader([text], skipinitialspace=True))]
    pairs = [part.partition("=") for part in parts]
    if not any(sign for _, sign, _ in pairs):
        return {"order": tuple(parts)}
    if not all(sign and name.strip() for _, sign, name in pairs):
        raise ValueError(f"{text!r}: write close=Last,date=Day, or all columns by their place")
    meanings = [meaning.strip() for meaning, _, _ in pairs]
    if len(set(meanings)) < len(meanings):
        raise ValueError(f"{text!r} names two columns for one meaning")
    return {"columns": dict(zip(meanings, (name.strip() for _, _, name in pairs), strict=True))}
