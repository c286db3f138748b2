"""What somebody is asked, and what waivers an answer to publish all the same comes to."""

import re
import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dags.staging.records import Question
from gx.report.sentences import counted, in_events
from gx.symbols import symbol_fault
from gx.terms import AS_REPAIRED, BAR_COLUMNS, STILL_THERE

if TYPE_CHECKING:
    import pandas as pd

    from gx.report.model import Outcome, QualityReport

WORST = 10  # bars that the question shows
# Nobody has looked at more one by one, and each stands in the file of waivers.
MOST_BARS = 1_000
_NAMED = 10
_NUMBERS = BAR_COLUMNS[2:]
_LARGE = 1e10  # ten digits: larger ones are wrong, and shorter with an exponent
_MARKUP = re.compile(r"[^\w\s.,;:%()/+–-]")  # what Markdown or HTML could mean


def question_of(report: "QualityReport", digest: str) -> Question:
    """What is asked about a verdict on the bars of this digest, by which symbols would be held."""
    return Question(
        id=secrets.token_hex(8),
        digest=digest,
        symbols=report.held,
        bars=len(_critical(report)),
        unpublishable=_why_unpublishable(report),
    )


def about(question: Question) -> str:
    """The question in a few words, as Airflow lists it."""
    names = question.symbols
    more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
    return f"hold {', '.join(names[:5])}{more}?"


def _why_unpublishable(report: "QualityReport") -> str:
    """Why no waivers could accept exactly what fails; empty when they can."""
    if any(one.type == STILL_THERE for one in report.blocking):
        return (
            "published bars are gone from the source: a run that accepts removals lets them go away"
        )
    if beside := [one.observed for one in report.blocking if one.type == AS_REPAIRED]:
        return beside[0]
    nameless = _why_unnameable(_critical(report))
    if nameless:
        return nameless
    odd = [symbol for symbol in report.held if symbol_fault(symbol)]
    if odd:
        return f"{odd[0]!r} {symbol_fault(odd[0])}: no waiver can name it"
    for one in report.blocking:
        if not one.behind and not len(_failing(report, one)):
            return f"{one.name} fails without saying on which bar"
    return ""


def _why_unnameable(failing: "pd.DataFrame") -> str:
    """Why no waiver could accept these bars; empty when some could."""
    from gx.gate.waive import unstorable

    if failing["date"].isna().any():
        return "a failing bar has no date, by which a waiver would know it"
    unstored = int(unstorable(failing).sum())
    if unstored:
        bars = counted(unstored, "failing bar")
        return f"{bars} without a price or volume, or of a date that has two, cannot be stored"
    if len(failing) > MOST_BARS:
        return f"more than {MOST_BARS:,} bars fail: look for what they have in common"
    return ""


def body_of(
    question: Question, report: "QualityReport", sentence: str, link: str, hours: float
) -> str:
    """The question in Markdown: the verdict, what fails, the worst bars, a link to the report."""
    from gx.report.model import gravest

    where = f"[The report]({link})" if link.startswith("http") else f"The report: `{link}`"
    failed = [f"- {_plain(one.description)} {_size(gravest(one))}" for one in report.blocking]
    offered = (
        f"Publishing all the same is not offered: {_plain(question.unpublishable)}."
        if question.unpublishable
        else "Publishing all the same needs a reason, and waives exactly these failures."
    )
    parts = [
        f"**{_plain(sentence)}**",
        where,
        "\n".join(failed),
        "\n".join(_table(report)),
        f"{offered} When nobody answers within {hours:g} h, the symbols are held.",
    ]
    return "\n\n".join(filter(None, parts))


def wanted_waivers(report: "QualityReport") -> list[dict[str, Any]]:
    """Waivers of exactly what fails critically: for each expectation and symbol its bars."""
    found: list[dict[str, Any]] = []
    for outcome in report.blocking:
        # Two expectations of one name are waived by the same.
        found += [one for one in _waivers_of(report, outcome) if one not in found]
    return found


def _waivers_of(report: "QualityReport", outcome: "Outcome") -> Iterator[dict[str, Any]]:
    failing = _failing(report, outcome)
    for symbol, bars in failing.groupby(failing["symbol"].astype(str), sort=True):
        days = sorted(day for date in bars["date"] for day in _days(date))
        yield {
            "expectation": outcome.name,
            "symbol": str(symbol),
            "first_date": days[0],
            "last_date": days[-1],
            "bars": [_bar(one) for _, one in bars.iterrows()],
        }
    # A symbol without a bar on the newest day is late on that day.
    newest = (report.last_date or "")[:10]
    for symbol in outcome.behind:
        yield {
            "expectation": outcome.name,
            "symbol": symbol,
            "first_date": newest,
            "last_date": newest,
        }


def _days(date: Any) -> Iterator[str]:
    """The day of a bar as a report has it, and by UTC, by which waivers go."""
    import pandas as pd

    stamp = pd.Timestamp(date)
    yield stamp.date().isoformat()
    if stamp.tzinfo is not None:
        yield stamp.tz_convert("UTC").date().isoformat()


def _bar(bar: "pd.Series[Any]") -> dict[str, Any]:
    import pandas as pd

    from gx.report.labels import date_label

    numbers = {name: None if pd.isna(bar[name]) else float(bar[name]) for name in _NUMBERS}
    return {"date": str(date_label(bar["date"])), **numbers}


def _critical(report: "QualityReport") -> "pd.DataFrame":
    """The bars that fail critically, worst first."""
    return report.failing[report.failing["severity"] == "critical"]


def _failing(report: "QualityReport", outcome: "Outcome") -> "pd.DataFrame":
    """The bars that fail this expectation."""
    return report.failing[[outcome.name in names for names in report.failing["expectations"]]]


def _size(outcome: "Outcome") -> str:
    named = ", ".join(outcome.symbols[:_NAMED]) + (", …" if len(outcome.symbols) > _NAMED else "")
    bars = in_events(outcome.unexpected_count, outcome.event_count)
    return f"({_plain(f'{bars}: {named}' if outcome.unexpected_count else named)})"


def _table(report: "QualityReport") -> Iterator[str]:
    """The worst bars in numbers, and what is wrong with each."""
    from gx.report.labels import date_label

    failing = _critical(report)
    if not len(failing):
        return
    yield f"| {' | '.join((*BAR_COLUMNS, 'why'))} |"
    yield f"|{' --- |' * (len(BAR_COLUMNS) + 1)}"
    for _, bar in failing.head(WORST).iterrows():
        numbers = [_number(bar[name]) for name in _NUMBERS]
        cells = [str(bar["symbol"]), str(date_label(bar["date"])), *numbers]
        yield f"| {' | '.join(map(_plain, (*cells, ' '.join(bar['reasons']))))} |"
    if len(failing) > WORST:
        yield f"\n… and {len(failing) - WORST:,} more, in the report."


def _number(value: Any) -> str:
    """A price or a volume as people write it; a missing one is NULL in the table."""
    import pandas as pd

    if pd.isna(value):
        return "NULL"
    return f"{value:,.10g}" if abs(value) < _LARGE else f"{value:g}"


def _plain(text: str) -> str:
    """The text as Markdown shows it as it is."""
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", " ".join(text.split()))
