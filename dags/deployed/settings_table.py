"""`make settings`: the tables of settings in dags/README.md, made of what the classes say.

Their order is that of `.env.example`. Exit status of ``--check``: 1 when they are stale.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from dags.deployed.settings import ComposeSettings, DeploymentSettings
from dags.run.settings import ROOT, MlflowLogin, Settings

PAGE, EXAMPLE = ROOT / "dags" / "README.md", ROOT / ".env.example"
OF_A_RUN = (Settings, MlflowLogin)
OF_COMPOSE = (DeploymentSettings, ComposeSettings)
HEAD = "| Setting | Default | What it says |\n|---|---|---|\n"


def table(classes: tuple[type[BaseModel], ...], order: list[str]) -> str:
    """A Markdown table of every described field; raises ValueError for one not in ``order``."""
    rows = dict(row for settings in classes for row in _rows(settings))
    return HEAD + "".join(rows[name] for name in sorted(rows, key=order.index))


def _rows(settings: type[BaseModel]) -> Iterator[tuple[str, str]]:
    for field, info in settings.model_fields.items():
        if info.description:
            name = field.upper()
            yield name, f"| `{name}` | {_default(info)} | {info.description} |\n"


def _default(info: FieldInfo) -> str:
    """As it is written into .env; – where there is none, or where it depends on the place."""
    extra = info.json_schema_extra
    value: object = info.default
    secret = info.is_required() or isinstance(value, SecretStr)
    if secret or value in (None, "") or (isinstance(extra, dict) and extra.get("varies")):
        return "–"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def example_names(path: Path = EXAMPLE) -> list[str]:
    """The variables of `.env.example`, in its order."""
    return re.findall(r"^([A-Z0-9_]+)=", path.read_text(encoding="utf-8"), re.MULTILINE)


def written(page: str, order: list[str]) -> str:
    """The page with its tables made anew; raises ValueError when a marker is not there once."""
    for name, classes in (("settings", OF_A_RUN), ("compose settings", OF_COMPOSE)):
        start, end = f"<!-- {name}: made by `make settings` -->\n", f"<!-- end of {name} -->"
        before, middle, rest = page.partition(start)
        _, found, after = rest.partition(end)
        if not middle or not found:
            raise ValueError(f"dags/README.md lacks {start.strip()} … {end}")
        page = f"{before}{start}{table(classes, order)}{end}{after}"
    return page


def main(arguments: list[str]) -> int:
    """Write the tables, or only look whether they are as they should be."""
    page = PAGE.read_text(encoding="utf-8")
    fresh = written(page, example_names())
    if "--check" in arguments:
        return int(page != fresh)
    PAGE.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
