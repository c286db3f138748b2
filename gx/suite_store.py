"""Keep suite files: list, read and save them, with every version there was.

Needs no Great Expectations itself: the strict check is handed in, or imported when it is needed.
"""

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gx.errors import SuiteConflictError, SuiteError, UnknownSuiteError
from gx.suite_diff import Change, compare, pair_entries

_SUITE_KEYS = ("name", "id", "meta", "notes", "expectations")
_ENTRY_KEYS = ("type", "kwargs", "severity", "description", "notes", "meta", "id")
_VERSION = re.compile(r"\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8}")
OUTSIDE = "Edited outside the editor"
Check = Callable[[bytes, str], object]


@dataclass(frozen=True)
class Version:
    """One version of a suite; ``time`` is ISO 8601 in UTC, ``author`` empty when nobody knows."""

    id: str
    name: str
    time: str
    author: str
    reason: str
    sha256: str
    text: str

    @property
    def document(self) -> dict[str, Any]:
        """The suite; raises SuiteError when this version is no JSON object."""
        return _document(self.text, self.name)


@dataclass(frozen=True)
class Listed:
    """A suite in the list; ``fault`` says why its file cannot be read."""

    name: str
    expectations: int
    latest: Version
    fault: str = ""


class SuiteStore:
    """The suites in one folder, and their versions in another.

    ``check`` is called with a suite's bytes and name before they are written, and raises SuiteError
    for a suite that cannot be trusted.
    """

    def __init__(self, suites: Path, history: Path, check: Check | None = None) -> None:
        self.suites, self.history = suites, history
        self.check = check or _strict

    def names(self) -> list[str]:
        """Every suite there is."""
        return sorted(path.stem for path in self.suites.glob("*.json"))

    def listed(self) -> list[Listed]:
        """Every suite with its last edit."""
        return [self._listed(name) for name in self.names()]

    def read(self, name: str) -> Version:
        """The version that is in force; raises UnknownSuiteError."""
        raw = self._path(name).read_bytes()
        newest = self._newest_kept(name)
        if newest is not None and newest.sha256 == _digest(raw):
            return newest
        edited = datetime.fromtimestamp(self._path(name).stat().st_mtime, UTC)
        if newest is not None:  # a copied file may be older than the version that it replaced
            edited = max(edited, datetime.fromisoformat(newest.time) + timedelta(microseconds=1))
        reason = OUTSIDE if newest else ""
        return _version(name, raw.decode(errors="replace"), _digest(raw), edited, "", reason)

    def versions(self, name: str) -> list[Version]:
        """Every version, the newest first; the first one is in force."""
        current = self.read(name)
        kept = [self._kept(path) for path in sorted(self._folder(name).glob("*.json"))][::-1]
        return kept if kept and kept[0].id == current.id else [current, *kept]

    def version(self, name: str, version_id: str) -> Version:
        """One version; raises UnknownSuiteError."""
        current = self.read(name)
        if current.id == version_id:
            return current
        path = self._folder(name) / f"{version_id}.json"
        if not _VERSION.fullmatch(version_id) or not path.is_file():
            raise UnknownSuiteError(f"suite {name!r} has no version {version_id!r}")
        return self._kept(path)

    def save(
        self,
        name: str,
        document: Mapping[str, Any],
        *,
        base_sha256: str,
        author: str,
        reason: str,
    ) -> Version:
        """Write ``document`` as the suite's new version and return it; the old one is kept.

        ``base_sha256`` is the digest of the version that the author started from. The version in
        force is returned, and nothing written, when nothing changed. Raises UnknownSuiteError,
        SuiteConflictError when another version is in force, and SuiteError for a suite that cannot
        be trusted or a missing reason.
        """
        reason = _reason(reason)
        self._path(name)
        with self._locked(name):
            current = self.read(name)
            if current.sha256 != base_sha256:
                raise SuiteConflictError(
                    f"{current.author or 'somebody'} saved another version of {name!r} at "
                    f"{current.time[:16].replace('T', ' ')} UTC; look at it before you save yours"
                )
            raw = canonical(document, _readable(current)).encode()
            if raw == current.text.encode():
                return current
            self.check(raw, name)
            self._keep(current)
            _write(self.suites / f"{name}.json", raw)
            return self._keep(_stamped(name, raw, author, reason))

    def create(
        self, name: str, document: Mapping[str, Any], *, author: str, reason: str
    ) -> Version:
        """Write a suite under a new name; raises SuiteError when the name is taken or unfit."""
        if not re.fullmatch(r"[a-z0-9_]{1,64}", name):
            raise SuiteError(f"suite name {name!r} must be 1 to 64 of a-z, 0-9 and _", field="name")
        reason, raw = _reason(reason), canonical(document).encode()
        with self._locked(name):
            if name in self.names():
                raise SuiteError(f"there is a suite {name!r} already", field="name")
            self.check(raw, name)
            _write(self.suites / f"{name}.json", raw)
            return self._keep(_stamped(name, raw, author, reason))

    def restore(
        self, name: str, version_id: str, *, base_sha256: str, author: str, reason: str
    ) -> Version:
        """Save an earlier version again; raises what ``save`` raises."""
        document = self.version(name, version_id).document
        return self.save(name, document, base_sha256=base_sha256, author=author, reason=reason)

    def _path(self, name: str) -> Path:
        if name not in self.names():
            raise UnknownSuiteError(f"there is no suite {name!r}")
        return self.suites / f"{name}.json"

    def _folder(self, name: str) -> Path:
        return self.history / name

    def _listed(self, name: str) -> Listed:
        latest = self.read(name)
        try:
            return Listed(name, len(latest.document.get("expectations") or ()), latest)
        except SuiteError as error:
            return Listed(name, 0, latest, str(error))

    def _newest_kept(self, name: str) -> Version | None:
        paths = sorted(self._folder(name).glob("*.json"))
        return self._kept(paths[-1]) if paths else None

    def _kept(self, path: Path) -> Version:
        return Version(id=path.stem, **json.loads(path.read_text()))

    def _keep(self, version: Version) -> Version:
        path = self._folder(version.name) / f"{version.id}.json"
        if not path.exists():
            record = {key: getattr(version, key) for key in _RECORD}
            _write(path, (json.dumps(record, indent=2, ensure_ascii=False) + "\n").encode())
        return version

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        """One saver at a time, also across processes."""
        self._folder(name).mkdir(parents=True, exist_ok=True)
        with (self._folder(name) / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


_RECORD = ("name", "time", "author", "reason", "sha256", "text")


def canonical(document: Mapping[str, Any], base: Mapping[str, Any] | None = None) -> str:
    """The stable text of a suite: fixed key order, two spaces, one newline at the end.

    A browser turns 1.0 into 1: a number that equals ``base``'s keeps that one's spelling.
    Raises SuiteError for NaN and infinity.
    """
    ordered = _ordered(document, _SUITE_KEYS)
    if isinstance(ordered.get("expectations"), list):
        ordered["expectations"] = _spelled(ordered["expectations"], base or {})
    try:
        return json.dumps(ordered, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    except ValueError:
        raise SuiteError("a suite cannot hold NaN or infinity") from None


def history_changes(versions: list[Version]) -> list[tuple[Version, tuple[Change, ...]]]:
    """Each version, the newest first, with what it changed in the one before it."""
    before = [*versions[1:], None]
    return [
        (version, _compared(older, version) if older else ())
        for version, older in zip(versions, before, strict=True)
    ]


def _compared(older: Version, newer: Version) -> tuple[Change, ...]:
    return compare(_readable(older) or {}, _readable(newer) or {})


def _readable(version: Version) -> dict[str, Any] | None:
    try:
        return version.document
    except SuiteError:
        return None


def _spelled(entries: list[Any], base: Mapping[str, Any]) -> list[Any]:
    old = base.get("expectations") if isinstance(base.get("expectations"), list) else []
    shaped = [_ordered(e, _ENTRY_KEYS) if isinstance(e, Mapping) else e for e in entries]
    if not all(isinstance(entry, Mapping) for entry in [*shaped, *(old or [])]):
        return shaped
    for here, there in pair_entries(old or [], shaped):
        shaped[there] = _respelled(shaped[there], (old or [])[here])
    return shaped


def _respelled(new: Any, old: Any) -> Any:
    if isinstance(new, Mapping) and isinstance(old, Mapping):
        return {key: _respelled(value, old.get(key)) for key, value in new.items()}
    if isinstance(new, list) and isinstance(old, list) and len(new) == len(old):
        return [_respelled(*both) for both in zip(new, old, strict=True)]
    numbers = type(new) in (int, float) and type(old) in (int, float)
    return old if numbers and new == old else new


def _ordered(found: Mapping[str, Any], order: tuple[str, ...]) -> dict[str, Any]:
    known = {key: found[key] for key in order if key in found}
    return {**known, **{key: value for key, value in found.items() if key not in known}}


def _document(text: str, name: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise SuiteError(
            f"{name}.json is no JSON (line {error.lineno}, column {error.colno}: {error.msg})"
        ) from None
    if not isinstance(document, dict):
        raise SuiteError(f"{name}.json must be a JSON object")
    return document


def _reason(reason: str) -> str:
    if not reason.strip():
        raise SuiteError("say why: the history keeps the reason of every version", field="reason")
    return reason.strip()[:500]


def _stamped(name: str, raw: bytes, author: str, reason: str) -> Version:
    return _version(name, raw.decode(), _digest(raw), datetime.now(UTC), author, reason)


def _version(
    name: str, text: str, sha256: str, time: datetime, author: str, reason: str
) -> Version:
    stamp = time.strftime("%Y%m%dT%H%M%S.%fZ")
    return Version(
        id=f"{stamp}-{sha256[:8]}",
        name=name,
        time=time.isoformat(timespec="microseconds"),
        author=author,
        reason=reason,
        sha256=sha256,
        text=text,
    )


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _write(path: Path, raw: bytes) -> None:
    """Replace a file as a whole; a reader sees the old or the new one, also after a power cut."""
    passing = path.with_name(f".{path.name}.new")
    with passing.open("wb") as sink:
        sink.write(raw)
        sink.flush()
        os.fsync(sink.fileno())
    passing.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _strict(raw: bytes, name: str) -> None:
    from gx.suites import parse_suite  # seconds of import

    parse_suite(raw, where=f"{name}.json", name=name)
