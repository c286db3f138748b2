"""`gate quarantine` and `gate audit`: what is held, and who did what about it."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from pathlib import Path

from dags.local.services import services
from dags.reporting.deeds import audited_deeds
from dags.run.datasets import published_at
from dags.run.request import parse_date
from dags.run.settings import Settings
from gx import project
from gx.dataset.read import dataset_names, read_dataset
from gx.editing.deeds import Deed, newest_first, saved_deeds
from gx.errors import DatasetError
from gx.report.columns import TextColumn, room, table_lines
from gx.statuses import COULD_NOT_RUN, DONE
from gx.symbols import symbol_fault
from gx.terms import BAR_COLUMNS
from sql import held
from sql.audit import EVERY
from sql.connection import connected
from sql.errors import BarStoreError
from sql.quarantine import HELD_WITH_SYMBOL

_NUMBERS = BAR_COLUMNS[2:]
_HELD = (
    TextColumn("symbol"),
    TextColumn("bars", numbers=True),
    TextColumn("first"),
    TextColumn("last"),
    TextColumn("held since"),
    TextColumn("by run", sentences=True),
    TextColumn("why", sentences=True),
)
_BARS = (
    TextColumn("date"),
    *(TextColumn(name, numbers=True) for name in _NUMBERS),
    TextColumn("published"),
    TextColumn("by run", sentences=True),
    TextColumn("why", sentences=True),
)
_DEEDS = (
    *(TextColumn(name) for name in ("when (UTC)", "who", "action")),
    *(TextColumn(name, sentences=True) for name in ("what", "why")),
)


def quarantine(var: Path, name: str, symbol: str | None, *, as_json: bool) -> int:
    """Print what is held of a dataset, by symbol; or the bars of one ('' for those without)."""
    dataset = read_dataset(name)
    bars: list[held.HeldBar] = []
    symbols: list[held.HeldSymbol] = []
    with (
        services(var) as found,
        connected(published_at(dataset, Settings.of(found.environment))) as engine,
        engine.connect() as connection,
    ):
        if symbol is None:
            symbols = held.with_reasons(connection, held.held_symbols(connection))
        elif held.held_symbol(connection, symbol):
            bars = held.held_bars(connection, symbol, along=HELD_WITH_SYMBOL)
    if as_json:
        _print_json(map(_symbol, symbols) if symbol is None else map(_bar, bars))
    elif symbol is not None:
        _print_table(_BARS, [_bar_row(one) for one in bars], f"Nothing of {named(symbol)} is held.")
    else:
        _print_table(_HELD, [_symbol_row(one) for one in symbols], "Nothing is held.")
        if symbols:
            print("A later run that publishes a bar releases it.")
    return DONE


def print_audit(var: Path, name: str | None, since: str | None, *, as_json: bool) -> int:
    """Print what people did, of one dataset or all, the newest first; 2 if some can't be told."""
    names = [name] if name else dataset_names()
    first = _moment(since)
    if name:
        read_dataset(name)
    deeds: list[Deed] = []
    faults: list[str] = []
    with services(var) as found:
        settings = Settings.of(found.environment)
        for one in names:
            try:
                deeds += audited_deeds(read_dataset(one), settings, since=first, limit=EVERY)
            except (BarStoreError, DatasetError) as error:
                faults.append(f"{one}: {error}")
    saved, damaged = saved_deeds(project.SUITES, project.WAIVERS, project.HISTORY, since=first)
    suite = read_dataset(name).suite if name else None
    deeds = newest_first([*deeds, *(one for one in saved if suite in (None, one.suite))])
    if as_json:
        _print_json({**asdict(one), "at": one.at.isoformat()} for one in deeds)
    else:
        rows = [
            (f"{one.at.astimezone(UTC):%Y-%m-%d %H:%M}", one.who, one.action, one.what, one.why)
            for one in deeds
        ]
        _print_table(_DEEDS, rows, "Nobody has done anything.")
    for fault in (*faults, *damaged):
        print(f"What was done cannot all be told: {fault}")
    return COULD_NOT_RUN if faults or damaged else DONE


def named(symbol: str | None) -> str:
    """A symbol as it can be typed again; one that is none, or of which not all is seen, quoted."""
    if not symbol:
        return "(no symbol)"
    return symbol if symbol_fault(symbol) is None else repr(symbol)


def _moment(since: str | None) -> datetime | None:
    day = parse_date(since)
    return None if day is None else datetime.combine(day, time.min, UTC)


def _print_table(
    columns: Sequence[TextColumn], rows: Sequence[Sequence[str]], nothing: str
) -> None:
    for line in table_lines(columns, rows, room()) if rows else (nothing,):
        print(line)


def _print_json(rows: Iterable[Mapping[str, object]]) -> None:
    print(json.dumps(list(rows), indent=2, ensure_ascii=False))


def _symbol(one: held.HeldSymbol) -> dict[str, object]:
    return {
        "symbol": one.symbol,
        "bars": one.bars,
        "undated": one.undated,
        "first": _text(one.first_date),
        "last": _text(one.last_date),
        "since": one.since.isoformat(),
        "run_id": one.run_id,
        "reasons": dict(one.reasons),
    }


def _symbol_row(one: held.HeldSymbol) -> tuple[str, ...]:
    # What failed, before what was only held along with it.
    reasons = sorted((why for why, _ in one.reasons), key=lambda why: why == HELD_WITH_SYMBOL)
    why, *more = reasons
    return (
        named(one.symbol),
        f"{one.bars:,}",
        _read(one.first_date),
        _read(one.last_date),
        f"{one.since:%Y-%m-%d %H:%M}",
        one.run_id,
        f"{why} (and {len(more)} more)" if more else why,
    )


def _bar(one: held.HeldBar) -> dict[str, object]:
    return {
        "symbol": one.symbol,
        "date": _text(one.date),
        **dict(zip(_NUMBERS, map(_plain, one.numbers), strict=True)),
        "reasons": list(one.reasons),
        "since": one.since.isoformat(),
        "run_id": one.run_id,
        "row": one.row_number,
        "carried": dict(one.carried),
        "published_by": one.published_by,
        "published": None if one.published is None else list(one.published),
    }


def _bar_row(one: held.HeldBar) -> tuple[str, ...]:
    same = one.published == one.numbers
    return (
        _read(one.date),
        *("NULL" if value is None else f"{value:,.10g}" for value in one.numbers),
        "no" if one.published is None else "the same" if same else "other values",
        one.run_id,
        "; ".join(one.reasons),
    )


def _read(moment: date | None) -> str:
    """A date, or a moment by UTC, as people read it."""
    if isinstance(moment, datetime):
        return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"
    return _text(moment) or "no date"


def _text(moment: date | None) -> str | None:
    """A date, or a moment, in ISO 8601; None for none."""
    return None if moment is None else moment.isoformat()


def _plain(number: float | None) -> float | str | None:
    """A number as JSON has it; what it has not, as text."""
    return number if number is None or math.isfinite(number) else str(number)
