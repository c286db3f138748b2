"""The validation results that are stored, found by the names of their files.

A result is ``validations/SUITE/RUN/TIME/BATCH.json``, its page ``data_docs/`` and the same with
``.html``. Great Expectations parses every name anew for each run: 0.8 s of CPU at 1,000 results.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gx.atomic import replace_file

RESULTS, SITE = "validations", "data_docs"
_STAMP = "%Y%m%dT%H%M%S.%fZ"
_IS_STAMP = re.compile(r"\d{8}T\d{6}\.\d{6}Z")
_FORM = 1  # of the remembered file; another one is not read


@dataclass(frozen=True)
class StoredResult:
    """One result: which suite judged which run, and when (``stamp``, UTC)."""

    suite: str
    run: str
    stamp: str
    batch: str

    @property
    def place(self) -> str:
        """Its path below either folder, without the suffix."""
        return f"{self.suite}/{self.run}/{self.stamp}/{self.batch}"

    @property
    def time(self) -> str:
        """When it was judged, as people read it."""
        stamp = self.stamp
        day, clock = (stamp[:4], stamp[4:6], stamp[6:8]), (stamp[9:11], stamp[11:13], stamp[13:15])
        return f"{'-'.join(day)} {':'.join(clock)}"

    @property
    def moment(self) -> datetime:
        """When it was judged."""
        return datetime.strptime(self.stamp, _STAMP).replace(tzinfo=UTC)


@dataclass(frozen=True)
class Gist:
    """What a list shows of a result; ``verdict`` is passed, warned or failed.

    ``changed`` is when its file was written, in nanoseconds.
    """

    changed: int
    verdict: str
    asset: str
    failed: int
    evaluated: int


class Remembered:
    """What an earlier look found, in a file; whoever loses it only has to look again.

    A run's folder, and a result, is read again when it has changed.
    """

    def __init__(self, path: Path) -> None:
        """Read the file at ``path``; one that is missing or torn holds nothing."""
        self._path = path
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            known = {}
        known = known if known.get("form") == _FORM else {}
        self._folders: dict[str, tuple[int, list[str]]] = known.get("folders", {})
        self._gists: dict[str, list[Any]] = known.get("gists", {})

    def list(self, root: Path) -> "StoredResults":
        """Every result below ``root``."""
        known, self._folders = self._folders, {}
        for suite in _folders(root):
            for run in _folders(suite.path):
                name, changed = f"{suite.name}/{run.name}", run.stat().st_mtime_ns
                was = known.get(name, (0, []))
                self._folders[name] = was if was[0] == changed else _look(run.path, changed)
        return StoredResults({name: places for name, (_, places) in self._folders.items()})

    def gist(self, result: StoredResult, changed: int) -> Gist | None:
        """What is known of a result whose file was written at that time."""
        values = self._gists.get(result.place)
        return Gist(*values) if values and values[0] == changed else None

    def write(self, gists: Mapping[StoredResult, Gist]) -> None:
        """Remember the folders as they were just listed, and these gists alone."""
        document = {
            "form": _FORM,
            "folders": self._folders,
            "gists": {result.place: astuple(gist) for result, gist in gists.items()},
        }
        replace_file(self._path, json.dumps(document).encode())  # of runs at once the last stays


class StoredResults:
    """Stored results, newest first; an object is made of those alone that are asked for."""

    def __init__(self, folders: Mapping[str, Sequence[str]]) -> None:
        """Take TIME/BATCH of each result by its folder, SUITE/RUN."""
        found = [(place, name) for name, places in folders.items() for place in places]
        self._found = sorted(found, reverse=True)

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[StoredResult]:
        for place, name in self._found:
            yield StoredResult(*name.split("/"), *place.split("/"))


def find_files(root: Path, suffix: str) -> Iterator[tuple[StoredResult, Path]]:
    """Every result (``.json`` below ``validations``) or page (``.html``) with its file."""
    for path in sorted(root.glob(f"*/*/*/*{suffix}")):
        suite, run, stamp, name = path.relative_to(root).parts
        if _IS_STAMP.fullmatch(stamp):
            yield StoredResult(suite, run, stamp, name.removesuffix(suffix)), path


def _look(run: str, changed: int) -> tuple[int, list[str]]:
    """When the run's folder changed, and its results; 0 when it has to be looked at again."""
    stamps = [entry.name for entry in _folders(run) if _IS_STAMP.fullmatch(entry.name)]
    held = {stamp: [path.stem for path in Path(run, stamp).glob("*.json")] for stamp in stamps}
    places = [f"{stamp}/{batch}" for stamp, batches in held.items() for batch in batches]
    # A result that is just being written does not change the run's folder once more.
    return (changed if all(held.values()) else 0), places


def _folders(path: Path | str) -> "list[os.DirEntry[str]]":
    try:
        with os.scandir(path) as entries:
            return [entry for entry in entries if entry.is_dir()]
    except FileNotFoundError:
        return []  # nothing was stored yet, or it was pruned just now
