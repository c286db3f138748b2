"""A share over runs as a line of points, with the moments at which something was changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from gx.report.pictures.axes import LEFT, RIGHT, WIDTH

HEIGHT, TOP, BOTTOM = 150.0, 24.0, 120.0


@dataclass(frozen=True)
class Point:
    """A run: ``share`` (0 to 1; None: not known) of so many ``bars``, its page, and in words."""

    started: str
    share: float | None
    bars: int
    path: str
    label: str


@dataclass(frozen=True)
class Dot:
    """Where a point stands; ``small`` ones are of far fewer bars than the usual run."""

    x: float
    y: float
    small: bool
    known: bool
    path: str
    label: str


@dataclass(frozen=True)
class Change:
    """Where the change of this number in the list stands."""

    x: float
    number: int


@dataclass(frozen=True)
class ShareLine:
    """The runs, oldest first; ``top`` is the share at the full height."""

    line: str
    dots: tuple[Dot, ...]
    changes: tuple[Change, ...]
    top: float
    first: str
    last: str
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = WIDTH - RIGHT
    ceiling: float = TOP
    floor: float = BOTTOM


def share_line(points: Sequence[Point], changed: Sequence[str]) -> ShareLine:
    """The line of ``points`` (newest first, at least one).

    ``changed`` are moments (ISO 8601), of which those since the first run are drawn, before the
    first run that began later. A run of less than a tenth of the usual bars is a small one: its
    share is one of few, and the line leaves it out.
    """
    ordered = list(reversed(points))
    step = (WIDTH - LEFT - RIGHT) / len(ordered)
    top = max((one.share for one in ordered if one.share), default=0.0)
    usual = median(one.bars for one in ordered)
    dots = tuple(
        Dot(
            x=round(LEFT + (at + 0.5) * step, 1),
            y=round(BOTTOM - (one.share or 0.0) / (top or 1.0) * (BOTTOM - TOP), 1),
            small=one.bars < usual / 10,
            known=one.share is not None,
            path=one.path,
            label=one.label,
        )
        for at, one in enumerate(ordered)
    )
    return ShareLine(
        line=_line(dots),
        dots=dots,
        changes=tuple(
            Change(round(LEFT + at * step, 1), number)
            for number, moment in enumerate(changed, 1)
            if (at := _runs_before(ordered, moment))
        ),
        top=top,
        first=ordered[0].started[:10],
        last=ordered[-1].started[:10],
    )


def _line(dots: Sequence[Dot]) -> str:
    drawn = [f"{dot.x} {dot.y}" for dot in dots if dot.known and not dot.small]
    return f"M{'L'.join(drawn)}" if len(drawn) > 1 else ""


def _runs_before(ordered: Sequence[Point], moment: str) -> int:
    """How many runs began before; both are ISO 8601 in UTC, to the second at least."""
    return sum(one.started[:19] < moment[:19] for one in ordered)
