"""Where a dataset's symbols stand, from PostgreSQL alone: for `gate verdict` and the pages."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection

from dags.run.datasets import published_at
from dags.run.settings import Settings
from dags.run.to_run import at_odds_of
from gx.dataset.model import Dataset
from gx.report.standing import DatasetVerdict, standing, verdict_of
from sql.at_odds import BarAtOdds, bars_at_odds
from sql.connection import connected
from sql.errors import BarStoreError
from sql.own_tables import ENRICHED
from sql.standings import Standing, lacking, standings


def dataset_verdict(
    dataset: Dataset,
    settings: Settings,
    *,
    as_of: date | None = None,
    symbols: Sequence[str] | None = None,
) -> DatasetVerdict:
    """Which of a dataset's symbols, or of ``symbols``, are good.

    As of a day one is with a bar of that day; else with one of the last session that has closed in
    its calendar, which takes a second longer to know. Raises BarStoreError where nobody can know.
    """
    until: date | None = as_of
    if as_of is not None and not dataset.is_daily:
        from gx.dataset.sessions import moments_of

        until = moments_of(dataset, None, as_of)[1]
    with connected(published_at(dataset, settings)) as engine, engine.connect() as connection:
        found = _found(connection, dataset, until, symbols)
        odd = _at_odds(bars_at_odds(connection, symbols))
    known = {one.symbol: one for one in found}
    names = list(symbols) if symbols is not None else list(known)
    due = dict.fromkeys(names, as_of) if as_of else _last_closed(dataset, names)
    return verdict_of(
        dataset.name,
        [
            standing(**_told(known.get(name), name), due=due[name], at_odds=odd.get(name, ""))
            for name in names
        ],
        as_of,
        made_up=dataset.made_up,
    )


def _found(
    connection: Connection, dataset: Dataset, until: date | None, symbols: Sequence[str] | None
) -> list[Standing]:
    missing = lacking(connection)
    if ENRICHED in missing:
        return []  # before the first run
    if missing:
        raise BarStoreError(f"there is no {missing[0]} yet: the dataset's next run makes it")
    return standings(connection, until=until, symbols=symbols, daily=dataset.is_daily)


def _told(known: Standing | None, name: str) -> dict[str, Any]:
    return {"symbol": name} if known is None else asdict(known)


def _at_odds(bars: Iterable[BarAtOdds]) -> dict[str, str]:
    """Which days a run has to cover for what is published to be as repairs say, by symbol."""
    return {
        symbol: at_odds_of(list(group)).sentence
        for symbol, group in groupby(bars, lambda one: one.symbol)
    }


def _last_closed(dataset: Dataset, symbols: Iterable[str]) -> dict[str, date | None]:
    """The last session that has closed for each symbol."""
    from gx.dataset.sessions import last_closed
    from gx.plugins.expectations.kernels.calendars import sessions_from
    from gx.suite.calendars import suite_calendars
    from gx.suite.named import suite_path

    names, now = list(symbols), datetime.now(UTC)
    calendars = dataset.calendars_for(names) or suite_calendars(suite_path(dataset.suite))
    of = {name: calendars.of(name) for name in names}
    years = {one: sessions_from(one, now.year - 1) for one in {*of.values()}}
    closed = {one: last_closed(sessions, now) for one, sessions in years.items()}
    return {name: closed[one] for name, one in of.items()}
