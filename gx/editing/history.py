"""The versions of one suite on disk, one file each, and the one that is about to come.

A save writes its whole record first (``….pending``), then the suite, and then gives the record its
lasting name (``….json``). Whatever moment a crash takes, the suite's bytes tell how far it came:

- they are the record's: the save was done, and the record is a version like any other;
- they are those from before: it was not done. The record is kept as ``….interrupted``: who wanted
  what, and why, is not lost, but it was never in force, and nobody brings it in force unasked;
- they are others: somebody wrote the file by hand since. Whether the save was done in between
  cannot be told, and it counts as interrupted.
"""

import fcntl
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gx.atomic import create_file, remove_drafts, rename_file
from gx.errors import HistoryError, JsonError, SuiteError
from gx.suite.strict_json import read_json

_VERSION = re.compile(r"\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8}")
GONE = hashlib.sha256(b"").hexdigest()  # of what is not there: a deleted suite
_DONE, _PENDING, _INTERRUPTED = ".json", ".pending", ".interrupted"


@dataclass(frozen=True)
class Version:
    """One version of a suite; ``time`` is ISO 8601 in UTC, ``author`` empty when nobody knows.

    ``before`` is the digest of the version that it replaced, empty for the first or when nobody
    knows. ``base`` is that of the version that its author had started from, where that was another
    one: what was saved meanwhile was merged with it. ``accepted`` are the weaknesses that the
    author saw and wanted all the same.
    """

    id: str
    name: str
    time: str
    author: str
    reason: str
    sha256: str
    text: str
    before: str = ""
    accepted: tuple[str, ...] = ()
    base: str = ""

    @property
    def deleted(self) -> bool:
        """Does this version say that there was no suite from then on?"""
        return self.sha256 == GONE

    @property
    def document(self) -> dict[str, object]:
        """The suite; raises SuiteError when this version is no JSON object."""
        try:
            document = read_json(self.text)
        except JsonError as error:
            raise SuiteError(f"{self.name}.json {error}") from None
        if not isinstance(document, dict):
            raise SuiteError(f"{self.name}.json must be a JSON object")
        return document


@contextmanager
def first_version(folder: Path, name: str, raw: bytes, author: str, reason: str) -> Iterator[None]:
    """Keep the first version of a new suite, which is written as ``raw`` inside.

    Where that raises, the record is kept as one that never was in force.
    """
    history = History(folder)
    with history.locked():
        history.conclude(GONE)
        first = version_of(
            name, raw, digest_of(raw), after=history.newest(GONE), author=author, reason=reason
        )
        with history.saving(first):
            yield


class History:
    """The records in one folder, which need not be there yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def versions(self, digest: str) -> list[Version]:
        """Every version, newest first, when the suite's bytes have this digest.

        Raises HistoryError for a record that cannot be read.
        """
        done = [v for v in map(self._read, self._files(_PENDING)) if v.sha256 == digest]
        return [*done, *map(self._read, self._files(_DONE))]

    def newest(self, digest: str) -> Version | None:
        """The first of `versions`, reading no other."""
        done = [v for v in map(self._read, self._files(_PENDING)) if v.sha256 == digest]
        return next(iter([*done, *map(self._read, self._files(_DONE)[:1])]), None)

    def version(self, version_id: str) -> Version | None:
        """One version that is kept; None when there is none of this id."""
        path = self.folder / f"{version_id}{_DONE}"
        return self._read(path) if _VERSION.fullmatch(version_id) and path.is_file() else None

    def interrupted(self, digest: str) -> list[Version]:
        """Saves that a crash kept from being done, newest first."""
        if self._files(_PENDING):  # by a crash, or by a save that is being done right now
            with self.locked():
                pending = [v for v in map(self._read, self._files(_PENDING)) if v.sha256 != digest]
        else:
            pending = []
        return [*pending, *map(self._read, self._files(_INTERRUPTED))]

    def record(self, version: Version) -> None:
        """Keep a version that is in force already."""
        path = self.folder / f"{version.id}{_DONE}"
        if not path.exists():
            self._write(path, version)

    def announce(self, version: Version) -> None:
        """Keep a version that is about to be in force."""
        self._write(self.folder / f"{version.id}{_PENDING}", version)

    @contextmanager
    def saving(self, version: Version) -> Iterator[None]:
        """Keep a version whose bytes are written inside; to be called with the lock.

        Where that raises, the record is kept as one that never was in force.
        """
        self.announce(version)
        yield
        with suppress(OSError):  # the save is done: the record is known by its bytes
            self.conclude(version.sha256)

    def conclude(self, digest: str) -> None:
        """Give what was announced its lasting name; to be called with the lock."""
        for path in self._files(_PENDING):
            done = self._read(path).sha256 == digest
            rename_file(path, path.with_suffix(_DONE if done else _INTERRUPTED))
        remove_drafts(self.folder / "*")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One saver at a time, also across processes; the system frees it when one is killed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _files(self, suffix: str) -> list[Path]:
        found = (path for path in self.folder.glob(f"*{suffix}"))
        return sorted((path for path in found if _VERSION.fullmatch(path.stem)), reverse=True)

    def _read(self, path: Path) -> Version:
        # What was listed as pending may have got its lasting name since.
        names = (path, path.with_suffix(_DONE), path.with_suffix(_INTERRUPTED))
        found = next((name for name in names if name.exists()), path)
        try:
            record = json.loads(found.read_bytes())
            accepted = tuple(record.pop("accepted", ()))
            return Version(id=found.stem, accepted=accepted, **record)
        except (ValueError, TypeError, AttributeError, FileNotFoundError) as error:
            raise HistoryError(
                f"the record {path.parent.name}/{path.name} of the history is damaged ({error}); "
                "move it out of the folder, or bring it back from a backup"
            ) from None

    def _write(self, path: Path, version: Version) -> None:
        record = {key: value for key, value in asdict(version).items() if key != "id"}
        create_file(path, (json.dumps(record, indent=2, ensure_ascii=False) + "\n").encode())


def digest_of(raw: bytes) -> str:
    """By what a version's bytes are known."""
    return hashlib.sha256(raw).hexdigest()


def version_of(
    name: str,
    raw: bytes,
    sha256: str,
    *,
    author: str = "",
    reason: str = "",
    time: datetime | None = None,
    after: Version | None = None,
    accepted: tuple[str, ...] = (),
    base: str = "",
) -> Version:
    """A version of these bytes, now or at ``time``, but later than the one it comes ``after``.

    Versions are in the order of their ids, and these begin with the time: a clock that was set
    back, or a copied file with an old date, may not bring a version before its predecessor.
    """
    moment = time or datetime.now(UTC)
    if after is not None:
        moment = max(moment, datetime.fromisoformat(after.time) + timedelta(microseconds=1))
    return Version(
        id=f"{moment:%Y%m%dT%H%M%S.%fZ}-{sha256[:8]}",
        name=name,
        time=moment.isoformat(timespec="microseconds"),
        author=author,
        reason=reason,
        sha256=sha256,
        text=raw.decode(errors="replace"),
        before=after.sha256 if after else "",
        accepted=accepted,
        base=base if after and base != after.sha256 else "",
    )
