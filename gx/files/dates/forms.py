"""Dates as people write them: which form all of a column's cells have.

Each form is tried on the distinct dates of a column by pandas. Where two forms read all of them and
give other days, as 04/11/2025 does, the sessions of the calendar have to tell.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gx.files.dates.stamps import Ints

_EPOCH = np.datetime64("1970-01-01", "D")
# Order: day, month and year of each form; a person asks for it by the letters.
FORMS = {
    "%Y-%m-%d": "YMD",
    "%Y/%m/%d": "YMD",
    "%Y.%m.%d": "YMD",
    "%Y %m %d": "YMD",
    "%Y%m%d": "YMD",
    "%y%m%d": "YMD",
    "%y/%m/%d": "YMD",
    "%y-%m-%d": "YMD",
    "%y.%m.%d": "YMD",
    "%d/%m/%Y": "DMY",
    "%d.%m.%Y": "DMY",
    "%d-%m-%Y": "DMY",
    "%d %m %Y": "DMY",
    "%d%m%Y": "DMY",
    "%d/%m/%y": "DMY",
    "%d.%m.%y": "DMY",
    "%d-%m-%y": "DMY",
    "%d%m%y": "DMY",
    "%m/%d/%Y": "MDY",
    "%m.%d.%Y": "MDY",
    "%m-%d-%Y": "MDY",
    "%m %d %Y": "MDY",
    "%m%d%Y": "MDY",
    "%m/%d/%y": "MDY",
    "%m.%d.%y": "MDY",
    "%m-%d-%y": "MDY",
    "%m%d%y": "MDY",
    "%b %d %Y": "month",
    "%B %d %Y": "month",
    "%b-%d-%Y": "month",
    "%b %d %y": "month",
    "%d %b %Y": "month",
    "%d %B %Y": "month",
    "%d-%b-%Y": "month",
    "%d-%B-%Y": "month",
    "%d/%b/%Y": "month",
    "%d%b%Y": "month",
    "%d-%b-%y": "month",
    "%d %b %y": "month",
    "%d/%b/%y": "month",
    "%d%b%y": "month",
    "%Y-%b-%d": "month",
    "%Y %b %d": "month",
}
_ASIAN = r"^(\d{4}) ?[年년] ?(\d{1,2}) ?[月월] ?(\d{1,2}) ?[日일]$"
# A date with a short year is of these years, or it is none of a bar.
EARLIEST, LATEST = np.datetime64("1900-01-01", "D"), np.datetime64("2100-01-01", "D")


@dataclass(frozen=True)
class Form:
    """One way to read the distinct dates of a column: days since 1970, and which are none."""

    name: str
    order: str
    days: Ints
    bad: NDArray[np.bool_]


def forms_of(dates: Sequence[str], order: str | None = None) -> list[Form]:
    """The forms by which as many of the dates as possible can be read, one for each kind of days.

    An impossible order is out: a form stands only beside those that read as many dates.
    """
    texts = pd.Series(dates, dtype="str").str.replace(",", " ").str.replace(r"\s+", " ", regex=True)
    texts = texts.str.replace(
        r"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.? ", "", case=False, regex=True
    )
    texts = texts.str.replace(_ASIAN, r"\1-\2-\3", regex=True)
    texts = texts.str.replace(r"\bsept\b", "Sep", case=False, regex=True)
    names = [name for name, its in FORMS.items() if order in (None, its)]
    head = texts.head(50)
    possible = [name for name in names if not _read(head, name).bad.all()]
    found = [_read(texts, name) for name in possible]
    if not found:
        return []
    fewest = min(form.bad.sum() for form in found)
    distinct: dict[bytes, Form] = {}
    for form in found:
        if form.bad.sum() == fewest:
            distinct.setdefault(form.days.tobytes(), form)
    return list(distinct.values())


def of_form(dates: Sequence[str], form: str) -> Form:
    """The dates by one form that a person names."""
    return _read(pd.Series(dates, dtype="str"), form)


def _read(texts: "pd.Series[str]", form: str) -> Form:
    found = pd.to_datetime(texts, format=form, errors="coerce")
    days = found.to_numpy("datetime64[D]")
    bad = np.isnat(days) | (days < EARLIEST) | (days >= LATEST)
    since = np.where(bad, _EPOCH, days).astype("datetime64[D]").astype(np.int64)
    return Form(form, FORMS.get(form, ""), since, bad)


Judge = Callable[[Form], tuple[int, int]]


def clearly_better(forms: Sequence[Form], sessions: Judge) -> Form | None:
    """The form whose dates are sessions, where those of all others clearly are not.

    ``sessions`` gives the number of a form's dates, and how many are sessions. A good file has up
    to one stray in ten; of a wrong one at least two dates, and a fifth, are no sessions: two of
    seven days are a weekend's.
    """
    judged = [(form, *sessions(form)) for form in forms]
    good = [form for form, dates, on in judged if (dates - on) * 10 <= dates * (dates >= 10)]
    clear = [
        form
        for form, dates, on in judged
        if form not in good and dates - on >= 2 and (dates - on) * 5 >= dates
    ]
    return good[0] if len(good) == 1 and len(clear) == len(forms) - 1 else None
