"""Decide of a file's cells which are a bar's, and say what was decided."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gx.errors import BarFileError
from gx.files.asked.format import Format
from gx.files.dates.written import with_times
from gx.files.layout.long import Long, made_long
from gx.files.meaning.columns import Meanings, meanings_of, shown_name
from gx.files.meaning.headerless import likely_names, names_by_evidence
from gx.files.meaning.names import COLUMNS, NAMELESS, NUMBERS, plain
from gx.files.meaning.no_bars import rows_without_bars
from gx.files.meaning.numbers import scaled
from gx.files.meaning.symbols import could_be_symbols
from gx.files.opening.containers import Content, contents
from gx.files.opening.encodings import decoded
from gx.files.opening.parquet import plain_cells, read_parquet
from gx.files.opening.raw import Raw
from gx.files.opening.sheets import read_sheet
from gx.files.opening.text import read_text
from gx.files.source import AS_IT_IS, Source, listed, symbols_in
from gx.symbols import symbol_fault

# Databento's files: prices are whole numbers of 1e-9, and this one says that there is none.
DATABENTO = {"rtype", "publisherid", "instrumentid"}
NO_PRICE, LEAST = 2**63 - 1, 1_000_000
# A file's name is only guessed to be a symbol: of what may be one it is what looks like one.
_NAME_LIKE = re.compile(r"[A-Za-z0-9.^=/\-]{1,15}")
_TITLE = re.compile(r"\b(symbol|ticker|security|instrument|isin|wkn|ric)\b\W+\w", re.IGNORECASE)
# What a column of Parquet may hold: any, and where a moment is wanted.
_CELLS = (
    *(pa.types.is_string, pa.types.is_large_string, pa.types.is_integer, pa.types.is_floating),
    *(pa.types.is_decimal, pa.types.is_null),
)
_MOMENTS = (pa.types.is_date, pa.types.is_timestamp)
_WANTED = {"symbol": "symbol", "date": "date", "created_at": "time", "time": "time"}
_WANTED |= dict.fromkeys(NUMBERS, "number")


def open_file(path: Path, asked: Format = AS_IT_IS) -> list[Source]:
    """Understand a file, or each member of an archive; raises BarFileError for no bars."""
    return [understood(content, asked) for content in contents(path)]


def understood(content: Content, asked: Format = AS_IT_IS) -> Source:
    """Understand one file's content."""
    raw = _raw(content, asked)
    names, notes = _names(content.name, raw, asked)
    long = _long(names, raw)
    meanings = meanings_of(content.name, long.names, long.columns, _for_long(asked, raw))
    said = [*raw.notes, *notes, *_flat(names, raw), *_adopt_symbols(long, meanings, asked)]
    columns = _used(content.name, long, meanings)
    if not columns:
        raise BarFileError(
            f"{content.name}: holds no bars: its header names {listed(names)}. --columns says what "
            "they mean, as --columns date=NAME,open=NAME,…"
        )
    if long.left_out:
        said.append(f"{long.left_out:,} cells of the table without any value are no bars")
    kept, others = _without_other_rows(raw, long, meanings, columns)
    said += others
    rows, every = long.rows, tuple(long.columns)
    if kept is not None:
        rows = rows[kept.to_numpy(zero_copy_only=False)]
        columns = {name: cells.filter(kept) for name, cells in columns.items()}
        every = tuple(cells.filter(kept) for cells in every)
    columns = _timed(columns)
    if _is_databento({plain(name) for name in long.names}):
        columns, scaled_ = _descaled(columns)
        said += ["its prices are whole numbers of 1e-9 (Databento)"] * scaled_
    source = Source(
        content.name, content, raw, asked, long.names, every, meanings,
        pa.table(columns), rows, (*said, *_unused(long.names, meanings)),
    )  # fmt: skip
    return _with_symbol(source)


def _raw(content: Content, asked: Format) -> Raw:
    named = set((asked.columns or {}).values())

    def is_named(cell: str) -> bool:
        return cell.strip() in named

    if content.foreign:
        raise BarFileError(
            f"{content.name}: is {content.foreign}, which is not read; write it as CSV or Parquet"
        )
    if content.is_parquet:
        return read_parquet(content)
    if content.is_workbook:
        return read_sheet(content, asked.sheet, is_named)
    text = decoded(content.name, content.data, asked.encoding)
    return read_text(content, text, delimiter=asked.delimiter, named=is_named)


def _names(file: str, raw: Raw, asked: Format) -> tuple[tuple[str, ...], list[str]]:
    if raw.names is not None:
        return raw.names, []
    if asked.order is not None:
        return ("",) * len(raw.columns), []
    names = names_by_evidence(raw.columns)
    if names is None:
        first = ", ".join(str(cells[0].as_py()) for cells in raw.columns if len(cells))
        raise BarFileError(
            f"{file}: has no header that names columns; its first row is {first[:80]!r}. Name its "
            f"{len(raw.columns)} columns by their place, as --columns "
            f"{','.join(likely_names(raw.columns))} (- for one that is not used)"
        )
    return names, [
        f"has no header: by what they hold its columns are {', '.join(filter(None, names))}"
    ]


def _long(names: tuple[str, ...], raw: Raw) -> Long:
    if raw.pairs is None:
        return Long(names, raw.columns, np.arange(raw.rows))
    return made_long(names, raw.columns, raw.pairs)


def _flat(names: tuple[str, ...], raw: Raw) -> list[str]:
    """What is said where names such as ``Close_AAPL`` are a price and a symbol."""
    for name, pair in zip(names, raw.pairs or (), strict=False):
        if pair and pair.symbol in name and name.strip()[:1] != "(":
            count = len({one.symbol for one in raw.pairs or () if one})
            of = f"{count} symbols" if count > 1 else "one symbol"
            return [
                f"its columns are those of {of}, as {name.strip()}: {pair.field} of {pair.symbol}"
            ]
    return []


def _adopt_symbols(long: Long, meanings: Meanings, asked: Format) -> list[str]:
    """A column without a name, as of pandas' index, that alone could hold the symbol does."""
    if "symbol" in meanings.used or asked.symbol is not None:
        return []
    places = could_be_symbols(long.names, long.columns, meanings.unused)
    if len(places) != 1 or plain(long.names[places[0]]) not in NAMELESS:
        return []
    meanings.used["symbol"] = places[0]
    del meanings.unused[places[0]]
    return [f"its symbols are taken from {shown_name(long.names, places[0])}, which has no name"]


def _for_long(asked: Format, raw: Raw) -> Format:
    return asked if raw.pairs is None else asked.model_copy(update={"order": None})


def _used(file: str, long: Long, meanings: Meanings) -> dict[str, pa.ChunkedArray]:
    ordered = [one for one in (*COLUMNS, "time", "created_at") if one in meanings.used]
    columns = {}
    for meaning in ordered:
        cells = plain_cells(file, meaning, long.columns[meanings.used[meaning]])
        _require_kind(file, meaning, cells)
        columns[meaning] = cells
    return columns


def _require_kind(file: str, meaning: str, cells: pa.ChunkedArray) -> None:
    """Arrow would make a number of a truth value or a span of time."""
    more = {"date": _MOMENTS, "created_at": _MOMENTS, "time": (pa.types.is_time,)}
    if not any(is_kind(cells.type) for is_kind in (*_CELLS, *more.get(meaning, ()))):
        raise BarFileError(
            f"{file}, column {meaning}: holds {cells.type}, of which no {_WANTED[meaning]} is read"
        )


def _without_other_rows(
    raw: Raw, long: Long, meanings: Meanings, columns: dict[str, pa.ChunkedArray]
) -> tuple[pa.Array | None, list[str]]:
    """Which rows are kept, None for all, and what is said of those that are no bars."""
    names = {meaning: long.names[place] for meaning, place in meanings.used.items()}
    others = rows_without_bars(columns, names)
    if not others:
        return None, []
    kept = np.ones(len(long.rows), bool)
    kept[list(others)] = False
    lines = raw.lines()
    alike: dict[str, list[int]] = {}
    for row, why in sorted(others.items()):
        alike.setdefault(why, []).append(int(lines[long.rows[row]]))
    said = []
    for why, places in alike.items():
        some = ", ".join(map(str, places[:5])) + " …" * (len(places) > 5)
        said.append(f"{raw.place} {some} left out, {why}")
    return pa.array(kept), said


def _timed(columns: dict[str, pa.ChunkedArray]) -> dict[str, pa.ChunkedArray]:
    """Date and time of two columns in one."""
    if "time" not in columns:
        return columns
    time = columns.pop("time")
    if "date" in columns:
        columns["date"] = with_times(columns["date"], time)
    return columns


def _is_databento(names: set[str]) -> bool:
    return "tsevent" in names and not names.isdisjoint(DATABENTO)


def _descaled(
    columns: dict[str, pa.ChunkedArray],
) -> tuple[dict[str, pa.ChunkedArray], bool]:
    prices = [name for name in ("open", "high", "low", "close") if name in columns]
    try:
        whole = {name: pc.cast(columns[name], pa.int64()) for name in prices}
    except pa.ArrowInvalid:
        return columns, False
    if not all(pc.all(pc.greater(abs_, LEAST)).as_py() for abs_ in map(pc.abs, whole.values())):
        return columns, False
    for name, cells in whole.items():
        known = pc.if_else(pc.equal(cells, NO_PRICE), pa.scalar(None, pa.int64()), cells)
        columns[name] = scaled(known, 9)
    return columns, True


def _unused(names: Sequence[str], meanings: Meanings) -> list[str]:
    """One line that names what is not used, but for columns without name or content."""
    said = [
        shown_name(names, place) + (f" ({why})" if why else "")
        for place, why in sorted(meanings.unused.items())
        if why != "blank"
    ]
    rivals = [shown_name(names, place) for places in meanings.rivals.values() for place in places]
    said += [f"{name} (the date again)" for name in rivals]
    return [f"not used: {', '.join(said)}"] if said else []


def _with_symbol(source: Source) -> Source:
    """The symbol that a person names, for every row that is no blank line.

    It stands for the one that the file shows; never for several.
    """
    symbol = source.asked.symbol
    own = "symbol" in source.cells.column_names
    if symbol is None:
        if not own:
            _refuse_other_places(source)
        return source
    named = pc.if_else(source.filled, pa.scalar(symbol), pa.scalar(None, pa.string()))
    if not own:
        return replace(source, cells=source.cells.add_column(0, "symbol", named))
    shown = pc.unique(symbols_in(source.cells["symbol"])).drop_null().to_pylist()
    if len(shown) > 1:
        raise BarFileError(
            f"{source.name}: has a symbol column already, with {len(shown)} symbols; leave "
            "--symbol out"
        )
    notes = (*source.notes, *(f"{symbol} (--symbol) in place of its {one}" for one in shown))
    place = source.cells.column_names.index("symbol")
    return replace(source, cells=source.cells.set_column(place, "symbol", named), notes=notes)


def with_symbol_of_name(source: Source) -> Source:
    """A file that shows no symbol has its own name as its symbol, which is said.

    Raises BarFileError for a name that looks like none.
    """
    if "symbol" in source.cells.column_names:
        return source
    _refuse_title(source)
    _refuse_several(source)
    name = source.content.stem.upper()
    if not _NAME_LIKE.fullmatch(name) or symbol_fault(name):
        raise BarFileError(
            f"{source.name}: has no symbol column, and its name is no symbol; name it with --symbol"
        )
    named = _with_symbol(replace(source, asked=source.asked.over(Format(symbol=name))))
    said = f"its symbol is taken from its name: {name} (--symbol names another)"
    return replace(named, notes=(*named.notes, said))


def _refuse_title(source: Source) -> None:
    """A line above the header that says whose bars these are, and not that of the file's name."""
    stem = source.content.stem.casefold()
    for line in source.raw.how.before:
        said = _TITLE.search(line)
        if said and stem not in re.split(r"[\s,;:=]+", line.casefold()):
            raise BarFileError(
                f"{source.name}: above its header stands {line[:60]!r}; name the symbol with "
                "--symbol"
            )


def _refuse_several(source: Source) -> None:
    """Rows of one moment, which another column tells apart, are not those of one symbol."""
    if "date" not in source.cells.column_names:
        return
    dates = source.cells["date"]
    rows, moments = len(dates) - dates.null_count, len(pc.unique(dates).drop_null())
    if moments == rows:
        return
    for place, why in source.meanings.unused.items():
        cells = source.columns[place]
        if why or pa.types.is_floating(cells.type) or len(pc.unique(cells)) * 2 > rows:
            continue
        pairs = pa.table({"date": dates, "cell": cells}).group_by(["date", "cell"]).aggregate([])
        if len(pairs) == len(dates):
            name = shown_name(source.names, place)
            raise BarFileError(
                f"{source.name}: has several rows of one moment, which its column {name} tells "
                f"apart: if it is the symbol, say --columns 'symbol={name}', else keep the rows of "
                "one"
            )


def _refuse_other_places(source: Source) -> None:
    places = could_be_symbols(source.names, source.columns, source.meanings.unused)
    if places:
        names = [shown_name(source.names, place) for place in places]
        said = " or ".join(f"--columns 'symbol={name}'" for name in names)
        raise BarFileError(
            f"{source.name}: its column {' or '.join(names)} could hold the symbol; say {said}, or "
            "name the symbol with --symbol"
        )
