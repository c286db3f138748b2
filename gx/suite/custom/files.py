"""Where expectations of somebody's own lie; needs no Great Expectations (see `load` beside it)."""

from pathlib import Path

from gx import project

Signature = tuple[tuple[str, int, int], ...]


def custom_files() -> list[Path]:
    """The files to import; those that begin with `_` are templates and helpers."""
    return sorted(path for path in project.CUSTOM.glob("*.py") if not path.name.startswith("_"))


def custom_signature() -> Signature:
    """What tells whether a file came, went or changed."""
    found = ((str(path), path.stat()) for path in custom_files())
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in found)
