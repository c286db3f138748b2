"""The symbols that the trigger form offers, kept in a small file: no DAG file asks a database."""

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from gx.atomic import replace_file
from gx.symbols import symbol_fault

NAME = "known_symbols.json"
OFFERED = 2_000


def remember(folder: Path, symbols: Iterable[str]) -> None:
    """Keep what the table holds, as far as it can be asked for; replaces the file in one go."""
    offered = [symbol for symbol in symbols if symbol_fault(symbol) is None][:OFFERED]
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / NAME, json.dumps(offered).encode(), durable=False)


def remembered(folder: Path, default: Iterable[str]) -> list[str]:
    """The defaults first, then every other symbol that the table held when it was last read."""
    known: list[str] = []
    with suppress(OSError, json.JSONDecodeError):  # before the first run there is none
        known = json.loads((folder / NAME).read_text())
    return list(dict.fromkeys([*default, *known]))
