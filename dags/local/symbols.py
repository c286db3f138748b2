"""Which symbols there are, for commands that name one."""

import os
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from dags.local.services import bars_alone
from dags.run.datasets import read_from, source_of
from dags.run.settings import Settings
from gx.dataset.model import Dataset
from gx.dataset.read import dataset_names, read_dataset
from gx.errors import DatasetError
from sql.connection import connected
from sql.errors import BarStoreError
from sql.extract import known_symbols


def symbols_of_suite(var: Path, suite: str) -> set[str]:
    """What the datasets of a suite have bars of; nothing where that cannot be asked."""
    if "POSTGRES_HOST" not in os.environ and not (var / "postgres").exists():
        return set()  # before the first run: nobody waits for a server to be made
    try:
        known = [read_dataset(name) for name in dataset_names()]
        judged = [one for one in known if one.suite == suite]
        if any(one.source.connection is not None for one in judged):
            return set()
        with bars_alone(var) as environment:
            settings = Settings.of(environment)
            return {symbol for one in judged for symbol in _symbols(one, settings)}
    except (SQLAlchemyError, BarStoreError, DatasetError):
        return set()


def _symbols(dataset: Dataset, settings: Settings) -> list[str]:
    with connected(read_from(dataset, settings)) as engine:
        return known_symbols(engine, source_of(dataset))
