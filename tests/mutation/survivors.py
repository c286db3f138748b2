"""The mutants that may survive: survivors.toml, each with its reason."""

import tomllib
from collections.abc import Collection
from pathlib import Path

LIST = Path(__file__).parent / "survivors.toml"
Key = tuple[str, str, str]


def listed() -> dict[Key, str]:
    """The reason why each of them may live, by file, old and new text."""
    entries = tomllib.loads(LIST.read_text(encoding="utf-8")).get("survivor", [])
    return {(one["file"], one["old"], new): one["reason"] for one in entries for new in one["new"]}


def as_entries(keys: Collection[Key]) -> str:
    """Entries for the list, whose reasons are still to be written."""
    blocks: dict[tuple[str, str], list[str]] = {}
    for file, old, new in keys:
        blocks.setdefault((file, old), []).append(new)
    return "\n\n".join(_entry(*head, texts) for head, texts in blocks.items())


def _entry(file: str, old: str, texts: list[str]) -> str:
    new = "".join(f"    '''{text}''',\n" for text in texts)
    head = f"[[survivor]]\nfile = \"{file}\"\nold = '''{old}'''\nnew = [\n{new}]"
    return f'{head}\nreason = ""'
