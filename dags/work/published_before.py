"""What a run finds out about bars that are published already: gone from the source, or doubtful."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from dags.run.context import Run
from dags.work.at_odds import published_at_odds
from gx.report.published import Doubt, Removal
from sql.connection import connected
from sql.published import Doubted, Gone, PublishedBar, note_doubts, published_bars

if TYPE_CHECKING:
    import pandas as pd

    from gx.report.model import QualityReport

VALUES = ("open", "high", "low", "close", "volume")


def with_published(run: Run, report: "QualityReport", gone: Iterable[Gone]) -> "QualityReport":
    """The report, with what is gone, is doubtful, or is not as accepted repairs say.

    Symbols that lost too much are held, and those that would be published beside the latter.
    """
    from gx.gate.verdicts import with_at_odds, with_removals

    removals = [_removal(run, one) for one in gone]
    doubts = tuple(_doubts(run, report.lookback_failing))
    told = with_at_odds(with_removals(report, removals), published_at_odds(run))
    return replace(told, doubtful=doubts)


def write_doubts(connection: Connection, doubts: Sequence[Doubt]) -> int:
    """Write doubts to the published rows, so that each is told once."""
    noted = [
        Doubted(
            symbol=doubt.symbol,
            date=_day_or_moment(doubt.date),
            run_id=doubt.published_by,
            published_at=datetime.fromisoformat(doubt.published_at),
            names=doubt.expectations,
        )
        for doubt in doubts
    ]
    return note_doubts(connection, noted)


def _known_by(stamp: "pd.Timestamp") -> date:
    """What a published bar is known by: its day, or its moment, which has a zone."""
    day: date = stamp.date() if stamp.tzinfo is None else stamp.to_pydatetime()
    return day


def _day_or_moment(text: str) -> date:
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def _removal(run: Run, one: Gone) -> Removal:
    """A symbol that lost all its bars, or more than a share, is held until that is accepted."""
    accepted = run.request.accepts_removal(one.symbol)
    much = one.bars == one.published or one.bars > run.settings.removed_share * one.published
    return Removal(
        symbol=one.symbol,
        bars=one.bars,
        published=one.published,
        first_date=str(one.first_date),
        last_date=str(one.last_date),
        dates=tuple(map(str, one.dates)),
        accepted=accepted,
        held=much and not accepted,
    )


def _doubts(run: Run, failing: "pd.DataFrame") -> Iterable[Doubt]:
    """The failing bars of the lookback that are published without knowledge of what they miss."""
    if failing.empty:
        return
    bars: dict[tuple[str, date], dict[Any, Any]] = {
        (bar["symbol"], _known_by(bar["date"])): bar for bar in failing.to_dict("records")
    }
    with connected(run.published_at) as engine:
        published = published_bars(engine, list(bars))
    for published_bar in sorted(published, key=lambda one: (one.symbol, one.date)):
        bar = bars[published_bar.symbol, published_bar.date]
        new = [at for at, name in enumerate(bar["expectations"]) if name not in published_bar.known]
        if new:
            yield _doubt(published_bar, bar, new)


def _doubt(published_bar: PublishedBar, bar: Mapping[str, Any], new: Sequence[int]) -> Doubt:
    return Doubt(
        symbol=published_bar.symbol,
        date=published_bar.date.isoformat(),
        published_by=published_bar.run_id,
        published_at=published_bar.published_at.isoformat(timespec="seconds"),
        severity=bar["severity"],
        expectations=tuple(bar["expectations"][at] for at in new),
        reasons=tuple(bar["reasons"][at] for at in new),
        bar={name: _plain(bar[name]) for name in VALUES},
    )


def _plain(value: Any) -> float | None:
    """A number as JSON can hold it."""
    number = float(value) if value is not None else float("nan")
    return number if abs(number) < float("inf") else None
