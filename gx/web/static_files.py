"""Styles and scripts: where they lie, their addresses, and how long a browser may keep them."""

import hashlib
import json
from functools import cache
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

_HERE = Path(__file__).parent
_SCRIPTS = _HERE / "assets" / "scripts"
_FOLDERS = (_HERE / "assets" / "static", _SCRIPTS, _HERE.parent / "report" / "templates")
# Said by ourselves: what a machine's list of types says of .js, a browser may refuse as a module.
_TYPES = {".css": "text/css", ".js": "text/javascript"}


def static_url(base: str, name: str) -> str:
    """The address of a static file, with a version, so that a browser may keep it for ever."""
    return f"{base}/static/{quote(name)}?v={_version(static_path(name))}"


def import_map(base: str) -> Markup:
    """What modules import from one another, at the addresses that have a version.

    A module names another one as it lies beside it (``./page.js``), so that it runs in node as
    well; the map gives that name its version.
    """
    names = sorted(path.name for path in _SCRIPTS.glob("*.js"))
    return embedded({"imports": {f"{base}/static/{quote(n)}": static_url(base, n) for n in names}})


def embedded(data: object) -> Markup:
    """``data`` as JSON that can stand inside a script element, whatever its texts hold."""
    text = json.dumps(data, ensure_ascii=True, default=str)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704  # escaped above


def static_path(name: str) -> Path:
    """A static file by its name; raises KeyError for a name that there is no file of."""
    return _files()[name]


def static_type(path: Path) -> str:
    """The media type of a static file."""
    return _TYPES[path.suffix]


def cache_control(path: Path, version: str | None) -> str:
    """The Cache-Control of a file: for ever at its version's address, asked anew at any other."""
    return "private, max-age=31536000, immutable" if version == _version(path) else "no-cache"


@cache
def _files() -> dict[str, Path]:
    found = (path for folder in _FOLDERS for path in folder.iterdir())
    return {path.name: path for path in found if path.suffix in _TYPES}


@cache
def _version(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
