"""A year of days by the verdicts of their runs, laid out as numbers for an SVG."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from gx.web.runs.shares import kind
from gx.web.summary import RunSummary

WEEKS, STEP, CELL = 53, 15, 13
LEFT, TOP = 30, 18
# The worst verdict is the day's. A mark says it without colour.
MARKS: Mapping[str, str] = {
    "waits": "?",
    "closed": "×",
    "unpublished": "⊘",
    "no_verdict": "-",
    "held": "H",
    "warned": "!",
    "passed": "✓",
}
_WORST = list(MARKS)


@dataclass(frozen=True)
class RunDay:
    """A day with runs: where its square stands, its worst verdict, and what it says."""

    x: int
    y: int
    day: str
    kind: str
    mark: str
    label: str


@dataclass(frozen=True)
class Label:
    """A text beside the squares."""

    x: int
    y: int
    text: str


@dataclass(frozen=True)
class Calendar:
    """The weeks up to ``last``, Monday on top; ``empty`` is a path around the days without run."""

    first: str
    last: str
    days: tuple[RunDay, ...]
    empty: str
    months: tuple[Label, ...]
    weekdays: tuple[Label, ...]
    cell: int = CELL
    width: int = LEFT + WEEKS * STEP
    height: int = TOP + 7 * STEP


def calendar(
    runs: Sequence[RunSummary], names: Mapping[str, str], *, today: date
) -> Calendar | None:
    """The 53 weeks up to ``today``; up to the newest run where there is none in these.

    ``runs`` are newest first; a run counts for the day (UTC) on which it started. ``names`` are
    what people call the verdicts. None without a run that says when it started.
    """
    by_day = _by_day(runs)
    if not by_day:
        return None
    newest = max(by_day)
    since = timedelta(weeks=WEEKS - 1)
    last = today if newest <= today <= newest + since else newest
    first = last - timedelta(days=last.weekday()) - since
    days = [first + timedelta(days=at) for at in range((last - first).days + 1)]
    return Calendar(
        first=first.isoformat(),
        last=last.isoformat(),
        days=tuple(_run_day(day, first, by_day[day], names) for day in days if day in by_day),
        empty="".join(_square(*_place(day, first)) for day in days if day not in by_day),
        months=tuple(_months(days)),
        weekdays=tuple(
            Label(0, TOP + row * STEP + 10, name)
            for row, name in ((0, "Mon"), (2, "Wed"), (4, "Fri"))
        ),
    )


def day_asked(text: str) -> str:
    """A day as an address names it; empty for what is none."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""


def _by_day(runs: Iterable[RunSummary]) -> dict[date, list[str]]:
    """The verdicts of each day that has any."""
    found: defaultdict[date, list[str]] = defaultdict(list)
    for run in runs:
        if day := day_asked(run.started[:10]):
            found[date.fromisoformat(day)].append(kind(run))
    return dict(found)


def _run_day(day: date, first: date, kinds: Sequence[str], names: Mapping[str, str]) -> RunDay:
    worst = min(kinds, key=_WORST.index)
    x, y = _place(day, first)
    counts = {one: kinds.count(one) for one in _WORST if one in kinds}
    # What is counted are runs, also where the name is about symbols.
    told = {one: f"with {names[one]}" if one == "held" else names[one] for one in counts}
    said = ", ".join(f"{count} {told[one]}" for one, count in counts.items())
    runs = "1 run" if len(kinds) == 1 else f"{len(kinds)} runs"
    label = f"{day:%a} {day.isoformat()}, {runs}: {said}"
    return RunDay(x, y, day.isoformat(), worst, MARKS[worst], label)


def _place(day: date, first: date) -> tuple[int, int]:
    week, weekday = divmod((day - first).days, 7)
    return LEFT + week * STEP, TOP + weekday * STEP


def _square(x: int, y: int) -> str:
    return f"M{x} {y}h{CELL}v{CELL}h-{CELL}z"


def _months(days: Sequence[date]) -> Iterator[Label]:
    """The name of each month above its first whole week."""
    for day in days:
        if day.weekday() == 0 and day.day <= 7:
            yield Label(_place(day, days[0])[0], 11, f"{day:%b}")
