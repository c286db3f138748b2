"""The failing share over the runs, laid out as numbers for an SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

from gx.web.summary import RunSummary

WIDTH, HEIGHT, BASE = 720.0, 84.0, 66.0
SHOWN = 60


@dataclass(frozen=True)
class ShareBar:
    """One run: where its bar stands, how high it is, and what it says."""

    x: float
    width: float
    y: float
    height: float
    kind: str
    path: str
    label: str


@dataclass(frozen=True)
class ShareChart:
    """The latest runs, oldest first; ``top`` is the share (0 to 1) at the full height."""

    bars: tuple[ShareBar, ...]
    top: float
    width: float = WIDTH
    height: float = HEIGHT
    base: float = BASE


def share_chart(runs: Sequence[RunSummary]) -> ShareChart:
    """The failing share of at most 60 of ``runs`` (newest first)."""
    shown = list(reversed(runs[:SHOWN]))
    top = max((share(run) for run in shown), default=0.0)
    step = WIDTH / max(len(shown), 20)
    return ShareChart(
        tuple(_bar(run, at * step, step, top or 1.0) for at, run in enumerate(shown)), top
    )


def share(run: RunSummary) -> float:
    """Failing bars per bar, 0 to 1."""
    return run.failing_rows / run.rows if run.rows else 0.0


def kind(run: RunSummary) -> str:
    """What became of it: a key of MARKS (gx.web.runs.calendar), ``held`` meaning in part."""
    if run.state != "open":
        return run.state
    if run.unpublished:
        return "unpublished"
    if run.held:
        return "held"
    return "warned" if run.missing or any(run.failures.values()) else "passed"


def _bar(run: RunSummary, x: float, step: float, top: float) -> ShareBar:
    height = max(3.0, share(run) / top * (BASE - 6))
    said = f"{100 * share(run):.3g} % failing" if run.state != "no_verdict" else "no verdict"
    return ShareBar(
        x=round(x + step * 0.12, 1),
        width=round(step * 0.76, 1),
        y=round(BASE - height, 1),
        height=round(height, 1),
        kind=kind(run),
        path=run.path,
        label=f"{run.started[:16].replace('T', ' ')}: {said}",
    )
