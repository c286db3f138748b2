"""Files, folders and patterns of files: which there are, and what is said of them together."""

import glob
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from gx.errors import BarFileError

Read = TypeVar("Read")
# Of a folder these are read; whatever else lies there is named.
_SUFFIXES = (
    ".csv .txt .tsv .tab .dat .prn .asc .parquet .pq .xlsx .xls .xlsb .xlsm .ods "
    ".gz .bz2 .zip .zst .zstd"
)
SUFFIXES = frozenset(_SUFFIXES.split())
SHOWN = 5


def files_of(named: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """The files that are named: those of a folder and of a pattern in order, and what to say.

    Raises BarFileError for a folder or a pattern without any.
    """
    found: list[Path] = []
    notes: list[str] = []
    for path in named:
        if path.is_dir():
            inside, left_out = _in_folder(path)
            found += inside
            notes += left_out
        elif not path.exists() and glob.has_magic(str(path)):
            found += _matching(path)
        else:
            found.append(path)
    return list(dict.fromkeys(found)), notes


def _in_folder(folder: Path) -> tuple[list[Path], list[str]]:
    inside = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    bars = [path for path in inside if path.suffix.lower() in SUFFIXES]
    others = [path.name for path in inside if path.suffix.lower() not in SUFFIXES]
    if not bars:
        raise BarFileError(f"{folder}: holds no file of bars (CSV, Parquet or Excel)")
    said = f"{folder}: left out {_some(others)}, which are no files of bars by their names"
    return bars, [said] if others else []


def _matching(pattern: Path) -> list[Path]:
    found = sorted(Path(one) for one in glob.glob(str(pattern), recursive=True))  # noqa: PTH207  # an absolute one too

    files = [path for path in found if path.is_file()]
    if not files:
        raise BarFileError(f"{pattern}: no file matches it")
    return files


def read_all(
    paths: Sequence[Path], read: Callable[[Path], Iterable[Read]], *, track: bool = False
) -> list[Read]:
    """What ``read`` makes of each file; raises BarFileError that names all that cannot be read."""
    results: list[Read] = []
    faults: list[BarFileError] = []
    for path in _progress(paths) if track else paths:
        try:
            results += read(path)
        except BarFileError as error:
            faults.append(error)
    if len(faults) == 1:
        raise faults[0]
    if faults:
        more = f"\n  and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        said = "\n".join(f"  {fault}" for fault in faults[:SHOWN])
        raise BarFileError(f"{len(faults)} of {len(paths)} files cannot be read:\n{said}{more}")
    return results


def _progress(paths: Sequence[Path]) -> Iterator[Path]:
    """The files, with a bar on a terminal while they are read."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    yield from track(
        paths, "reading files", console=console, transient=True, disable=not console.is_terminal
    )


def told_once(notes: Mapping[str, Iterable[str]]) -> list[str]:
    """The notes by file as lines; what several files share, or say each in its way, once."""
    alike: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for name, said in notes.items():
        for one in said:
            alike[one.partition(": ")[0]][one].append(name)
    return [line for kind, found in alike.items() for line in _told(kind, found)]


def _told(kind: str, found: Mapping[str, Sequence[str]]) -> Iterator[str]:
    if len(found) > SHOWN:
        files = {name for names in found.values() for name in names}
        details = [one.partition(": ")[2] for one in found]
        yield f"{len(files)} files: {kind}: {'; '.join(details[:SHOWN])} …"
        return
    for one, names in found.items():
        yield f"{names[0] if len(names) == 1 else f'{len(names)} files'}: {one}"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
