"""`gate dataset`: what datasets there are, what is wrong with one, and a new one from its table."""

import csv
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from sqlalchemy import Connection

from dags.errors import RequestError
from dags.local.services import services
from dags.run.datasets import action_tables, read_from, source_of
from dags.run.sampling import BARS, HOURS, SYMBOLS, spread
from dags.run.settings import Settings
from gx import project
from gx.dataset.model import DEFAULT, Dataset
from gx.dataset.read import dataset_names, read_dataset
from gx.errors import DatasetError
from gx.report.columns import TextColumn, printable, room, table_lines
from gx.statuses import COULD_NOT_RUN, DONE
from gx.symbols import EVERY, symbol_fault
from sql.describe import looking
from sql.errors import SlowSourceError
from transforms.indicators import columns_of, reach_of

if TYPE_CHECKING:
    from gx.dataset.columns import Mapped
    from gx.dataset.propose import Given, Proposal, Sample
    from sql.describe import Looker, Row
    from sql.source import OpenSource

COMPARES = "expect_prices_to_agree_with_declared_actions"
ROWS, RECENT_DAYS, NAMED = 10, 30, 5
PATIENCE_S = 60
_LISTED = tuple(
    TextColumn(name)
    for name in (
        *("dataset", "title", "table", "bar", "symbols", "suite", "policy", "schedule"),
        "published as",
    )
)
_BARS = tuple(
    TextColumn(name, numbers=at > 2)
    for at, name in enumerate(
        ("symbol", "time in UTC", "session", "open", "high", "low", "close", "volume")
    )
)
_NAME = r'("(?:[^"]|"")+"|[^."]+)'
_PLACE = re.compile(rf"{_NAME}(?:\.{_NAME})?")


def list_datasets(*, as_json: bool) -> int:
    """Print every dataset; a broken one with its faults."""
    listed = {name: _read(name) for name in dataset_names()}
    if as_json:
        said = [
            {"name": name, "faults": list(one.faults or (str(one),))}
            if isinstance(one, DatasetError)
            else {**one.model_dump(mode="json", by_alias=True), "faults": []}
            for name, one in listed.items()
        ]
        print(json.dumps(said, indent=2, ensure_ascii=False))
        return DONE
    rows = [_listed(one) for one in listed.values() if isinstance(one, Dataset)]
    for line in table_lines(_LISTED, rows, room()) if rows else ():
        print(line)
    for name, one in listed.items():
        if isinstance(one, DatasetError):
            print(f"\n  {name} cannot be used:")
            print("\n".join(f"    {fault}" for fault in one.faults or (str(one),)))
    return DONE


def _read(name: str) -> Dataset | DatasetError:
    try:
        return read_dataset(name)
    except DatasetError as error:
        return error


def _listed(one: Dataset) -> list[str]:
    """A dataset as a row; what it leaves to the settings is named as they are."""
    ours = one.name == DEFAULT
    symbols = ", ".join(one.symbols[:NAMED]) + " …" * (len(one.symbols) > NAMED)
    return [
        one.name,
        one.title or "–",
        _table(one),
        one.bar,
        symbols or ("STOCK_SYMBOLS" if ours else EVERY),
        one.suite,
        one.policy or "ON_CRITICAL",
        one.schedule or ("WORKFLOW_SCHEDULE" if ours else "–"),
        one.published_table,
    ]


def _table(one: Dataset) -> str:
    source = one.source
    where = f"{source.connection}: " if source.connection else ""
    if source.query is not None:
        return f"{where}a query"
    return (
        f"{where}{source.db_schema}.{source.table}"
        if source.db_schema
        else f"{where}{source.table}"
    )


@contextmanager
def _reading(var: Path, dataset: Dataset) -> Iterator[Connection]:
    """A connection to a dataset's source in which nothing can be changed."""
    with services(var) as found, as_airflow(found.environment, dataset):
        where = read_from(dataset, Settings.of(found.environment))
        with looking(where, PATIENCE_S) as connection:
            yield connection


@contextmanager
def as_airflow(environment: Mapping[str, str], dataset: Dataset) -> Iterator[None]:
    """Airflow's environment, where its connections are asked for, also those in its database."""
    if dataset.source.connection is None:
        yield
        return
    wanted = {key: value for key, value in environment.items() if key.startswith("AIRFLOW")}
    wanted["_AIRFLOW_PROCESS_CONTEXT"] = "server"
    before = {key: os.environ.get(key) for key in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value


def check_dataset(var: Path, name: str) -> int:
    """Tell every fault of a dataset, and what its table holds."""
    from gx.dataset.faults import dataset_faults

    dataset = read_dataset(name)
    faults = list(dataset_faults(dataset))
    try:
        with _reading(var, dataset) as connection:
            faults += _source_faults(connection, dataset)
    except RequestError as error:  # no such connection: nothing more can be told
        faults.append(str(error))
    for fault in faults:
        print(f"error: {name}.yml: {fault}", file=sys.stderr)
    if dataset.splits is not None and not _compares_declared(dataset.suite):
        print(
            f"\n  Splits are declared, and the suite {dataset.suite} does not compare prices with "
            f"them: add {COMPARES}"
        )
    if dataset.indicators:
        print(
            f"\n  Indicators: {', '.join(columns_of(dataset.indicators))}; a run looks back to the "
            f"last {reach_of(dataset.indicators):,} published bars of each symbol"
        )
    if not faults:
        print(f"\n{name} is sound: gate run{'' if name == DEFAULT else f' --dataset {name}'}")
    return COULD_NOT_RUN if faults else DONE


def _compares_declared(suite: str) -> bool:
    """Does a suite hold the expectation? One that cannot be read is told of elsewhere."""
    path = project.SUITES / f"{suite}.json"
    return not path.is_file() or COMPARES in path.read_text(encoding="utf-8")


def _source_faults(connection: Connection, dataset: Dataset) -> list[str]:
    """What is wrong with the source; of one that can be read, its rows and facts are printed."""
    from gx.dataset.columns import type_fault
    from sql.actions import action_faults
    from sql.errors import BarStoreError
    from sql.source import column_types, opened, source_faults

    source = source_of(dataset)
    if not source.is_own:
        try:
            types = column_types(connection, source)
        except BarStoreError as error:
            return [str(error)]
        faults = list(source_faults(source, types))
        prices = ("open", "high", "low", "close", "volume")
        for meaning in prices if source.symbol is not None else ("symbol", *prices):
            kind = types.get(source.column(meaning))
            if kind and (fault := type_fault(meaning, kind)):
                faults.append(f"column {source.column(meaning)!r} is {kind}, {fault}")
        if faults:
            return faults
    faults = [fault for one in action_tables(dataset) for fault in action_faults(connection, one)]
    if faults:
        return faults
    try:
        bars = opened(connection, source)
        return list(_content_faults(bars, dataset))
    except BarStoreError as error:
        return [str(error)]


def _content_faults(bars: "OpenSource", dataset: Dataset) -> Iterator[str]:
    """Print what the source holds; tell what of it can't be meant."""
    from sql.describe import facts, long_numbers, newest_rows, remarks

    rows = newest_rows(bars, ROWS)
    for name, text in long_numbers(bars, ROWS).items():
        print(
            f"  note: {name} has more digits in its newest rows ({text}) than are published: "
            "double precision keeps 15 exactly"
        )
    since = datetime.now(UTC).date() - timedelta(days=RECENT_DAYS)
    for line in table_lines(_BARS, [_bar(dataset, row) for row in rows], room()) if rows else ():
        print(line)
    try:
        found = facts(bars, since)
    except SlowSourceError as error:
        print(f"\n  note: {error}; what it holds in all is not told")
        return
    symbols = list(bars.ask("queries/known_symbols").scalars())
    print(
        f"\n  {bars.source.shown}: {found.bars:,} bars of {len(symbols):,} symbols, "
        f"{found.first_date or '–'} to {found.last_date or '–'}, {found.recent:,} of them in the "
        f"last {RECENT_DAYS} days"
    )
    for remark in remarks(bars):
        print(f"  note: {remark}")
    unfit = [one for one in symbols if symbol_fault(one)]
    if unfit:
        said = "; ".join(f"{one!r} {symbol_fault(one)}" for one in unfit[:NAMED])
        yield f"{len(unfit)} symbols of {bars.source.shown} can't be symbols: {said}"
    if found.dateless:
        yield f"{found.dateless:,} rows of {bars.source.shown} have no date"
    if found.nameless:
        yield f"{found.nameless:,} rows of {bars.source.shown} have no symbol"
    if found.endless:
        yield f"{found.endless:,} rows of {bars.source.shown} are of no day: their date is infinity"
    if not found.bars:
        yield f"{bars.source.shown} holds no bar"


def _bar(dataset: Dataset, row: "Row") -> list[str]:
    at = row.moment or (row.date if isinstance(row.date, datetime) else None)
    day: object = row.date
    if not dataset.is_daily and at is not None:
        from gx.dataset.sessions import session_date

        calendar = dataset.calendar_of(row.symbol or "")
        day = session_date(calendar, at) if calendar else None
    elif isinstance(day, datetime):
        day = day.date()
    numbers = (row.open, row.high, row.low, row.close, row.volume)
    return [
        row.symbol or "(none)",
        f"{at:%Y-%m-%d %H:%M:%S}" if at else "–",
        str(day) if day else "–",
        *("–" if one is None else f"{one:.15g}" for one in numbers),
    ]


def asked_of(
    *, table: str | None, query: str | None, columns: str | None, **said: str | None
) -> "Given":
    """What was typed of a new dataset; raises DatasetError for what can't be meant."""
    from gx.dataset.propose import Given

    if (table is None) == (query is None):
        raise DatasetError("say either --table [SCHEMA.]TABLE or --query SQL")
    schema, name = _place(table) if table is not None else (None, None)
    return Given(schema=schema, table=name, query=query, columns=_columns(columns or ""), **said)


def _place(text: str) -> tuple[str | None, str]:
    """Schema and table of a name, either of which may be quoted as in SQL."""
    found = _PLACE.fullmatch(text)
    if found is None:
        raise DatasetError(
            f"--table {text!r} is no table; write TABLE or SCHEMA.TABLE, and a name with a dot in "
            "it in quotes: 'SCHEMA.\"TA.BLE\"'"
        )
    first, second = (
        part and (part[1:-1].replace('""', '"') if part.startswith('"') else part)
        for part in found.groups()
    )
    return (first, second) if second is not None else (None, first)


def _columns(text: str) -> dict[str, str]:
    if not text:
        return {}
    found: dict[str, str] = {}
    for part in next(csv.reader([text])):
        meaning, equals, name = part.partition("=")
        if not equals or not name or meaning.strip() in found:
            why = "is there twice" if meaning.strip() in found else "is no MEANING=COLUMN"
            raise DatasetError(
                f"--columns: {part!r} {why}; write close=Last,date=Ts, and a name with a comma in "
                "quotes"
            )
        found[meaning.strip()] = name.strip()
    return found


def add_dataset(var: Path, name: str, asked: "Given", *, yes: bool, dry_run: bool) -> int:
    """Propose a dataset of a table, and write it if that is wanted."""
    from gx.dataset.new import require_new, require_placed
    from gx.dataset.propose import require_asked
    from gx.dataset.write import dataset_text

    require_asked(name, asked)
    require_new(name, asked.suite)
    with _reading(var, _probe(name, asked)) as connection:
        proposal = _proposal(connection, name, asked)
    dataset = proposal.dataset
    require_placed(dataset, drafted=asked.suite is None)
    head = f"Proposed from {asked.place} on {date.today():%Y-%m-%d}; read it, and change it."  # noqa: DTZ011  # the person's own day
    unsure = "".join(f"\nUncertain: {one}" for one in proposal.unsure)
    text = dataset_text(dataset, proposal.why, head + unsure)
    print(text)
    suite = None if asked.suite is not None else _drafted(proposal)
    if dry_run:
        print("Nothing is written (--dry-run).")
        return DONE
    if not yes and not sys.stdin.isatty():
        print("nothing is written: say --yes, or answer on a terminal", file=sys.stderr)
        return COULD_NOT_RUN
    if not yes and not typer.confirm(f"Write gx/datasets/{name}.yml?"):
        print("Nothing is written.")
        return DONE
    _write(dataset, text, suite)
    return DONE


def _probe(name: str, asked: "Given") -> Dataset:
    """A dataset of the same source: enough to reach it."""
    source = {"connection": asked.connection, "schema": asked.schema, "table": asked.table}
    source |= {"query": asked.query}
    return Dataset.model_validate(
        {"name": name, "source": source, "suite": name, "publish": asked.publish or name}
    )


def _proposal(connection: Connection, name: str, asked: "Given") -> "Proposal":
    from gx.dataset.columns import mapped
    from gx.dataset.propose import propose, times_within_the_day
    from sql.describe import looker
    from sql.source import Source, column_types

    place = Source(name, asked.schema, asked.table, asked.query)
    types = column_types(connection, place)
    mapping = mapped(asked.place, types, asked.columns, asked.symbol)
    source = Source(
        name, asked.schema, asked.table, asked.query, dict(mapping.columns), asked.symbol
    )
    found = looker(connection, source)
    sample = _sample(found)
    within = times_within_the_day(asked, mapping, sample)
    if within is not None and not _is_text(types, mapping):
        sample = _with_hours(found, sample, within.unit)
    return propose(name, asked, mapping, sample)


def _is_text(types: Mapping[str, str], mapping: "Mapped") -> bool:
    from gx.dataset.columns import TEXTS

    return types[mapping.columns["date"]] in TEXTS


def _sample(found: "Looker") -> "Sample":
    from gx.dataset.propose import Sample

    symbols = found.symbols()
    return Sample.of(found.types, symbols, found.rows(spread(symbols, SYMBOLS), BARS))


def _with_hours(found: "Looker", sample: "Sample", unit: str | None) -> "Sample":
    hours = found.hours(spread(sample.symbols, SYMBOLS // 10), HOURS, unit)  # type: ignore[arg-type]
    return sample.with_hours(hours)


def _drafted(proposal: "Proposal") -> Mapping[str, object]:
    """A suite for the dataset; what it finds suspicious on the sample is printed."""
    from gx.dataset.new import drafted_suite

    suite = drafted_suite(proposal)
    entries = suite.document["expectations"]
    print(f"Suite {proposal.dataset.suite}, drafted from {len(proposal.bars):,} bars:")
    for entry, reason in zip(entries, suite.reasons, strict=True):
        print(f"  {entry['severity']:<9} {printable(str(entry['description']))}\n{'':<12}{reason}")
    return suite.document


def _write(dataset: Dataset, text: str, suite: Mapping[str, object] | None) -> None:
    from gx.dataset.new import write_dataset

    for path in write_dataset(dataset, text, suite):
        print(f"Written: {path}")
    print(f"Next: gate dataset check {dataset.name}; gate run --dataset {dataset.name}")
