"""What a single cell looks like: a number, a moment, nothing, or words."""

import re

from gx.files.meaning.missing import MISSING

_SPACES = " \u00a0\u202f\u2009"
CURRENCIES = "$€£¥₹₩₽₺₿"
_NUMBER = re.compile(
    rf"[(+\-−]?\s*[{CURRENCIES}]?\s*[+\-−]?(\d[\d.,'’{_SPACES}]*|[.,]\d+)([eE][+-]?\d+)?\s*"
    rf"[kKmMbBtT%]?\s*[{CURRENCIES}]?\s*\)?"
)
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_MOMENT = re.compile(
    r"(\d{1,4}([-/. ])\d{1,2}\2\d{1,4}|\d{8}|\d{4,6}"
    rf"|(\w{{3,9}},? )?\d{{1,4}}[-/. ]?({_MONTHS})[a-z]*[-/., ]*\d{{1,4}}"
    rf"|(\w{{3,9}},? )?({_MONTHS})[a-z]*[-/. ]*\d{{1,2}}[-/., ]+\d{{1,4}}"
    r"|\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)([ T,;]+.*)?",
    re.IGNORECASE,
)


def is_number(cell: str) -> bool:
    """Whether a cell is a number in some country's way."""
    return bool(_NUMBER.fullmatch(cell.strip()))


def is_moment(cell: str) -> bool:
    """Whether a cell may be a date, or a time of day."""
    return bool(_MOMENT.fullmatch(cell.strip()))


def is_missing(cell: str) -> bool:
    """Whether a cell says that there is no value."""
    return cell.strip() in MISSING


def is_value(cell: str) -> bool:
    """Whether a cell holds what bars are made of: none of a header's does."""
    return is_number(cell) or is_moment(cell)
