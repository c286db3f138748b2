"""The symbols that the trigger form offers, kept in a small file: no DAG file asks a database."""

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from gx.atomic import replace_file
from gx.dataset.model import DEFAULT
from gx.symbols import symbol_fault

OFFERED = 2_000


def _file(dataset: str) -> str:
    return "known_symbols.json" if dataset == DEFAULT else f"known_symbols.{dataset}.json"


def remember(folder: Path, symbols: Iterable[str], dataset: str = DEFAULT) -> None:
    """Keep what the table holds, as far as it can be asked for; replaces the file in one go."""
    offered = [symbol for symbol in symbols if symbol_fault(symbol) is None][:OFFERED]
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / _file(dataset), json.dumps(offered).encode(), durable=False)


def remembered(folder: Path, default: Iterable[str], dataset: str = DEFAULT) -> list[str]:
    """The defaults first, then every other symbol that the table held when it was last read."""
    known: list[str] = []
    with suppress(OSError, json.JSONDecodeError):  # before the first run there is none
        known = json.loads((folder / _file(dataset)).read_text())
    return list(dict.fromkeys([*default, *known]))
