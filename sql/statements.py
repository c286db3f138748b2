"""The .sql files of this package, one statement each."""

from functools import cache
from importlib.resources import files


@cache
def statement(name: str) -> str:
    """The text of a file, for example `statement("queries/extract_bars")`."""
    return files("sql").joinpath(f"{name}.sql").read_text(encoding="utf-8")
