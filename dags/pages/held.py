"""The held bars for the pages: read from, and resolved in, each dataset's own tables."""

import io
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow.parquet as pq
from sqlalchemy import Connection, event

from dags.pages.refusals import refusals_as
from dags.reporting.deeds import audited_deeds
from dags.run.datasets import published_at, read_from, source_of
from dags.run.settings import Settings
from gx.dataset.read import read_dataset
from gx.editing.deeds import Deed
from gx.errors import DatasetError
from gx.report.sentences import counted
from gx.web.held.kept import (
    Decision,
    Discard,
    HeldBar,
    HeldConflictError,
    HeldError,
    HeldSymbol,
)
from sql import audit, held, quarantine
from sql.connection import connected
from sql.errors import StaleError

if TYPE_CHECKING:
    from gx.dataset.model import Dataset

# Of a dataset: the page says so when there are more.
MOST_DEEDS = 10_000
MOST_DISCARDS = 20  # of a symbol
# A table without an index may be long in answering; the page does not wait for it.
PATIENCE_S = 10


class Held:
    """The held bars of every dataset (see gx.web.held.kept.HeldBars)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def symbols(self, dataset: str) -> list[HeldSymbol]:
        """What is held, the longest held first."""
        with self._reading(dataset) as connection:
            return [_named(dataset, one) for one in held.held_symbols(connection)]

    def completed(self, dataset: str, found: Sequence[HeldSymbol]) -> list[HeldSymbol]:
        """The same with their reasons."""
        if not found:
            return []
        plain = [held.HeldSymbol(**_without_dataset(one)) for one in found]
        with self._reading(dataset) as connection:
            return [_named(dataset, one) for one in held.with_reasons(connection, plain)]

    def symbol(self, dataset: str, symbol: str | None) -> HeldSymbol | None:
        """What is held of one symbol."""
        with self._reading(dataset) as connection:
            found = held.held_symbol(connection, symbol)
        return None if found is None else _named(dataset, found)

    def bars(
        self,
        dataset: str,
        symbol: str | None,
        *,
        days: tuple[date | None, date | None] = (None, None),
        limit: int | None = None,
        offset: int = 0,
    ) -> list[HeldBar]:
        """The held bars of a symbol, those that failed themselves first."""
        first, last = _moments(_known(dataset), days)
        with self._reading(dataset) as connection:
            found = held.held_bars(
                connection,
                symbol,
                start=first,
                end=last,
                along=quarantine.HELD_WITH_SYMBOL,
                limit=limit,
                offset=offset,
            )
        return [HeldBar(**vars(one)) for one in found]

    def discards(self, dataset: str, symbol: str | None) -> list[Discard]:
        """What was discarded of a symbol, the newest first."""
        with self._reading(dataset) as connection:
            found = held.discards(connection, symbol, limit=MOST_DISCARDS)
        return [Discard(**vars(one)) for one in found]

    def days(self, dataset: str, found: Sequence[HeldSymbol]) -> tuple[date | None, date | None]:
        """The first and last day of what is held, as a range of days means it."""
        known = _known(dataset)
        firsts = [_day(known, one.first_date) for one in found if one.first_date]
        lasts = [_day(known, one.last_date) for one in found if one.last_date]
        return min(firsts, default=None), max(lasts, default=None)

    def today(self, dataset: str, symbol: str | None, bars: Sequence[HeldBar]) -> pd.DataFrame:
        """The bars that the source has now between these bars' dates; those without one too."""
        from dags.archive.files import fetcher
        from sql.extract import extract_bars

        known, sink = _known(dataset), io.BytesIO()
        dates = [one.date for one in bars if one.date is not None]
        with _told(), connected(read_from(known, self._settings)) as engine:
            event.listen(engine, "connect", _hurry)
            extract_bars(
                engine,
                sink,
                source=source_of(known),
                symbols=[symbol] if symbol else [],
                start=min(dates, default=date.max),  # without a date they are in every range
                end=max(dates, default=None),
                nameless=not symbol,
                may_be_empty=True,
                archive=fetcher(self._settings),
            )
        sink.seek(0)
        frame: pd.DataFrame = pq.read_table(sink).to_pandas(date_as_object=False)
        return frame

    def discard(self, dataset: str, decision: Decision) -> int:
        """Resolve bars as not wanted; the audit's list tells of it in the same transaction."""
        first, last = _moments(_known(dataset), (decision.first, decision.last))
        with self._acting(dataset) as connection:
            held.require_unchanged(connection, decision.symbol, decision.seen)
            return quarantine.discard(
                connection,
                symbol=decision.symbol,
                start=first,
                end=last,
                by=decision.by,
                reason=decision.reason,
            )

    @contextmanager
    def acting(
        self,
        dataset: str,
        decisions: Sequence[Decision],
        *,
        action: Literal["judge again", "release"],
        run_id: str,
    ) -> Iterator[list[HeldSymbol]]:
        """Have the audit's list tell of decisions if what is done inside comes to its end."""
        with self._acting(dataset) as connection:
            found = [held.require_unchanged(connection, one.symbol, one.seen) for one in decisions]
            for one, there in zip(decisions, found, strict=True):
                what = f"{quarantine.name_of(one.symbol)}: {_which(one, there)}"
                audit.note(
                    connection, action=action, who=one.by, what=what, why=one.reason, run_id=run_id
                )
            yield [_named(dataset, one) for one in found]

    def deeds(self, dataset: str, since: datetime | None = None) -> list[Deed]:
        """What the dataset's audit list tells, the newest first."""
        with _told():
            return audited_deeds(_known(dataset), self._settings, since=since, limit=MOST_DEEDS)

    @contextmanager
    def _reading(self, dataset: str) -> Iterator[Connection]:
        with (
            _told(),
            connected(published_at(_known(dataset), self._settings)) as engine,
            engine.connect() as connection,
        ):
            yield connection

    @contextmanager
    def _acting(self, dataset: str) -> Iterator[Connection]:
        with (
            _told(),
            connected(published_at(_known(dataset), self._settings)) as engine,
            engine.begin() as connection,
        ):
            yield connection


def _day(dataset: "Dataset", moment: date) -> date:
    """The day on which a bar is, as a range of days means it."""
    if not isinstance(moment, datetime):
        return moment
    from gx.dataset.sessions import zone_of

    return moment.astimezone(ZoneInfo(zone_of(dataset))).date()


def _moments(
    dataset: "Dataset", days: tuple[date | None, date | None]
) -> tuple[date | None, date | None]:
    if dataset.is_daily or days == (None, None):
        return days
    from gx.dataset.sessions import moments_of

    return moments_of(dataset, *days)


def _known(dataset: str) -> "Dataset":
    try:
        return read_dataset(dataset)
    except DatasetError as error:
        raise HeldError(str(error)) from None


def _named(dataset: str, found: held.HeldSymbol) -> HeldSymbol:
    return HeldSymbol(dataset, **vars(found))


def _without_dataset(found: HeldSymbol) -> dict[str, Any]:
    return {name: value for name, value in vars(found).items() if name != "dataset"}


def _which(decision: Decision, found: held.HeldSymbol) -> str:
    """Which bars are meant, in words."""
    bars = counted(found.bars, "held bar")
    if decision.first is None and decision.last is None:
        return bars
    return f"of {bars} those from {decision.first or 'the first'} to {decision.last or 'the last'}"


def _hurry(connection: Any, record: Any) -> None:  # noqa: ARG001  # SQLAlchemy's
    with connection.cursor() as cursor:
        cursor.execute(f"set statement_timeout = '{PATIENCE_S}s'")
    connection.commit()


def _told() -> AbstractContextManager[None]:
    return refusals_as(HeldError, first=StaleError, conflict=HeldConflictError)
