"""The files of archived bars, in the folder or store that ARCHIVE_ROOT names."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dags.errors import RequestError, StagingError
from dags.run.settings import Settings
from dags.staging.store import Kept, faults_named, make_folder, place_at, write_whole

if TYPE_CHECKING:
    from dags.staging.store import Place
    from sql.archived.joined import Fetch
    from sql.archived.listed import Filed

ARCHIVE = Kept("the archive", "ARCHIVE_ROOT")
_LONGEST = 24


class ArchiveFiles:
    """Files below one folder; nothing is ever removed there."""

    def __init__(self, root: str) -> None:
        """``root`` is a path of this machine, or a URL such as ``s3://BUCKET/archive``."""
        self.url = url_of(root)
        try:
            self._root: Place = place_at(self.url)
        except (ValueError, ImportError) as error:
            raise RequestError(
                f"nothing can be archived at {root!r} ({error}); name a folder, or s3://BUCKET/…"
            ) from None

    def write(self, name: str, raw: bytes) -> None:
        """Write a file; returns once it would outlast a power cut.

        Raises StagingError, StagingLostError when that fails.
        """
        target = self._root / name
        try:
            with faults_named(self._root, ARCHIVE):
                make_folder(target.parent)
                write_whole(target, raw, durable=True)
        except OSError as error:
            raise StagingError(
                f"the archive {self.url} cannot be written ({error.strerror or error}); see that "
                "there is room, or set ARCHIVE_ROOT to a folder that can be written"
            ) from error

    def read(self, name: str) -> bytes:
        """What is in a file, as the store has it; raises as `write` does."""
        from sql.errors import ArchiveError

        try:
            with faults_named(self._root, ARCHIVE), (self._root / name).open("rb") as source:
                return bytes(source.read())
        except (FileNotFoundError, NotADirectoryError):
            raise ArchiveError(
                f"{self.url}/{name}, which holds archived bars, is not there: set ARCHIVE_ROOT to "
                "where it is now, or put it back from a backup; until then nothing is judged "
                "without its bars"
            ) from None


def fetcher(settings: Settings) -> "Fetch":
    """Gives the content of a file of archived bars, wherever it was put."""

    def fetch(file: "Filed") -> bytes:
        return ArchiveFiles(file.place or settings.archive_root).read(file.file)

    return fetch


def url_of(place: str) -> str:
    """A folder of this machine as a URL; other URLs as they are."""
    if re.match(r"[a-z][a-z0-9+.-]*://+[^/]", place):
        return place.rstrip("/")
    if scheme := re.match(r"([a-z][a-z0-9+.-]{1,9}):", place):
        raise RequestError(
            f"{place!r} is neither a folder nor a place in a store: write {scheme[1]}://BUCKET/…, "
            "or ./ before a folder that is called so"
        )
    return f"file://{Path(place).expanduser().resolve()}"


def file_name(dataset: str, year: int, symbols: Sequence[str], digest: str) -> str:
    """What a file is called: by year and symbols for people, by its rows for us."""
    first, last = _plain(symbols[0]), _plain(symbols[-1])
    named = first if len(symbols) == 1 else f"{first}..{last}"
    return f"{dataset}/year={year:04}/{named}-{digest[:16]}.parquet"


def _plain(symbol: str) -> str:
    """Letters that any store takes; a digest tells apart what is alike in them."""
    return re.sub(r"[^A-Za-z0-9.-]", "_", symbol)[:_LONGEST]
