"""Keep suite files: list, read and save them, with every version there was.

Needs no Great Expectations itself: the strict check is handed in, or imported when it is needed.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import Any

from gx.atomic import create_file, remove_drafts, replace_file
from gx.editing.history import GONE, History, Version, digest_of, version_of
from gx.editing.merge import merge, told
from gx.errors import SuiteConflictError, SuiteError, UnknownSuiteError, WeakSuiteError
from gx.suite.checkpoint_files import add_checkpoint, bring_back
from gx.suite.diff import Change, compare, pair_entries
from gx.suite.strict_json import shown
from gx.suite.texts import SUITE_KEYS, author_of, new_weaknesses, reason_of, text_faults
from gx.suite.wording import with_wordings_noted

_ENTRY_KEYS = ("type", "kwargs", "severity", "description", "notes", "meta", "id")
OUTSIDE = "Edited outside the editor"
Check = Callable[[bytes, str], Sequence[str]]


@dataclass(frozen=True)
class ListedSuite:
    """A suite in the list; ``fault`` says why its file cannot be read."""

    name: str
    expectations: int
    latest: Version
    fault: str = ""


class SuiteStore:
    """The suites in one folder, and their versions in another (see `gx.editing.history`).

    ``check`` is called with a suite's bytes and name before they are written, raises SuiteError
    for a suite that cannot be trusted, and returns its weaknesses (see `gx.suite.read.Suite`).
    """

    def __init__(self, suites: Path, history: Path, check: Check | None = None) -> None:
        self.suites, self.history = suites, history
        self.check = check or _strict

    def names(self) -> list[str]:
        """Every suite there is."""
        files = (path for path in self.suites.glob("*.json") if path.is_file())
        return sorted(path.stem for path in files if path.stem.isprintable())

    def listed(self) -> list[ListedSuite]:
        """Every suite with its last edit."""
        return [self._listed(name) for name in self.names()]

    def read(self, name: str) -> Version:
        """The version that is in force; raises UnknownSuiteError and HistoryError."""
        path, history = self._path(name), self._history(name)
        while True:  # somebody may be saving: what is read belongs together if the file stayed
            raw = path.read_bytes()
            newest = history.newest(digest_of(raw))
            if path.read_bytes() == raw:
                break
        if newest is not None and newest.sha256 == digest_of(raw):
            return newest
        edited = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        reason = OUTSIDE if newest else ""
        return version_of(name, raw, digest_of(raw), time=edited, after=newest, reason=reason)

    def gone(self) -> list[Version]:
        """Of each suite that is no more its last version, the newest first; versions are kept."""
        found = (self._history(name).newest(GONE) for name in self._gone_names())
        return sorted((one for one in found if one), key=lambda one: one.time, reverse=True)

    def versions(self, name: str) -> list[Version]:
        """Every version, the newest first; the first one is in force, or says that none is."""
        if name in self._gone_names() and (kept := self._history(name).versions(GONE)):
            return kept
        current = self.read(name)
        recorded = self._history(name).versions(current.sha256)
        return recorded if recorded and recorded[0].id == current.id else [current, *recorded]

    def interrupted(self, name: str) -> list[Version]:
        """Saves that a crash kept from being done, the newest first; none was ever in force."""
        return self._history(name).interrupted(self.versions(name)[0].sha256)

    def version(self, name: str, version_id: str) -> Version:
        """One version; raises UnknownSuiteError."""
        if name not in self._gone_names():
            current = self.read(name)
            if current.id == version_id:
                return current
        recorded = self._history(name).version(version_id)
        if recorded is None:
            raise UnknownSuiteError(f"suite {name!r} has no version {shown(version_id)}")
        return recorded

    def save(
        self,
        name: str,
        document: Mapping[str, object],
        *,
        base_sha256: str,
        author: str,
        reason: str,
        accepted: Sequence[str] = (),
        as_it_was: bool = False,
    ) -> Version:
        """Write ``document`` as the suite's new version and return it; the old one is kept.

        ``base_sha256`` is the digest of the version that the author started from. What others saved
        since is merged with it (`gx.editing.merge`), and judged merged. ``accepted`` are
        the weaknesses that the author saw; those of the version in force need not be among them.
        What a wording was written for is noted (`gx.suite.wording`), unless the document is to be
        ``as_it_was``, and then it is not merged either.
        The version in force is returned, and nothing written, when nothing changed. Raises
        UnknownSuiteError, SuiteConflictError when both changed the same, WeakSuiteError when
        the suite has further weaknesses, and SuiteError for a suite that cannot be trusted or texts
        that cannot be kept. Whatever is raised, also OSError, the suite is as it was, or the save
        is done with its author and reason.
        """
        author, reason = author_of(author), reason_of(reason)
        _refuse_texts(document)
        path, history = self._path(name), self._history(name)
        with history.locked():
            history.conclude(digest_of(path.read_bytes()))
            remove_drafts(path)
            current = self.read(name)
            there = _readable(current)
            if as_it_was:
                refuse_conflict(current, base_sha256)
                wanted = document
            else:
                wanted = self._wanted(current, document, base_sha256)
            raw = canonical(wanted, there).encode()
            if digest_of(raw) == current.sha256:
                return current
            with self._told_apart(document, current, base_sha256):
                self._judge(raw, name, accepted, before=current)
            refuse_conflict(self.read(name), current.sha256)  # the check may have taken a minute
            history.record(current)
            saved = version_of(
                name,
                raw,
                digest_of(raw),
                after=current,
                author=author,
                reason=reason,
                accepted=tuple(accepted),
                base=base_sha256,
            )
            with history.saving(saved):
                replace_file(path, raw)
            return saved

    def merged_in(self, saved: Version) -> tuple[str, Sequence[Change]]:
        """What others had saved that a save was merged with: in words, and one by one."""
        versions = self.versions(saved.name) if saved.base else []
        later = (at for at, version in enumerate(versions) if version.id == saved.id)
        return _merged_with(saved, versions[next(later, len(versions)) + 1 :])

    def _wanted(
        self, current: Version, document: Mapping[str, object], base_sha256: str
    ) -> Mapping[str, object]:
        """What to save of a document: with its wordings noted, and with what others saved since."""
        there = _readable(current)
        if current.sha256 == base_sha256:
            return document if there is None else with_wordings_noted(document, there)
        recorded = (one for one in self.versions(current.name) if one.sha256 == base_sha256)
        base = next(map(_readable, recorded), None)
        if base is None or there is None:
            refuse_conflict(current, base_sha256)
        merged = merge(base or {}, document, there or {})
        if merged.conflicts:
            refuse_conflict(current, base_sha256, merged.conflicts)
        return merged.document

    @contextmanager
    def _told_apart(
        self, document: Mapping[str, object], current: Version, base_sha256: str
    ) -> Iterator[None]:
        """Tell a fault that is the author's own from one that merging made; see `save`."""
        try:
            yield
        except WeakSuiteError:
            raise
        except SuiteError as error:
            if current.sha256 == base_sha256:
                raise
            self.check(canonical(document).encode(), current.name)  # with the author's numbers
            refuse_conflict(current, base_sha256, (f"merged with theirs, {error}",))

    def refuse_name(self, name: str) -> None:
        """Raise SuiteError for a name that no new suite can have: it is unfit, or taken."""
        if not re.fullmatch(r"[a-z0-9_]{1,64}", name):
            raise SuiteError(
                f"suite name {shown(name)} must be 1 to 64 of a-z, 0-9 and _", field="name"
            )
        if (self.suites / f"{name}.json").exists():
            raise _taken(name)

    def create(
        self,
        name: str,
        document: Mapping[str, object],
        *,
        author: str,
        reason: str,
        accepted: Sequence[str] = (),
    ) -> Version:
        """Write a suite under a new name; in a project it gets its checkpoint, too.

        Raises SuiteError when the name is taken or unfit, and else what ``save`` raises.
        """
        self.refuse_name(name)
        author, reason = author_of(author), reason_of(reason)
        _refuse_texts(document)
        raw = canonical(document).encode()
        given = {"author": author, "reason": reason}
        with self._history(name).locked():
            self.refuse_name(name)  # another may have been quicker
            self._judge(raw, name, accepted)
            saved = self._create(name, raw, accepted=tuple(accepted), **given)
            add_checkpoint(name, document, self.suites)
            return saved

    def taken_over(
        self,
        name: str,
        document: Mapping[str, object],
        *,
        author: str,
        reason: str,
        files: Mapping[Path, bytes],
    ) -> Version:
        """Write under a new name what was in force under another, unjudged, with its ``files``."""
        with self._history(name).locked():
            self.refuse_name(name)
            raw = canonical(document).encode()
            saved = self._create(name, raw, author=author, reason=reason)
            for path, content in files.items():
                if not path.exists():
                    create_file(path, content)
            add_checkpoint(name, document, self.suites)
            return saved

    def _create(
        self, name: str, raw: bytes, *, author: str, reason: str, accepted: tuple[str, ...] = ()
    ) -> Version:
        history = self._history(name)
        history.conclude(GONE)  # what was announced under this name never came to be
        saved = version_of(
            name,
            raw,
            digest_of(raw),
            after=history.newest(GONE),
            author=author,
            reason=reason,
            accepted=accepted,
        )
        with history.saving(saved):
            try:
                create_file(self.suites / f"{name}.json", raw)
            except FileExistsError:
                raise _taken(name) from None
        return saved

    def restore(
        self,
        name: str,
        version_id: str,
        *,
        base_sha256: str,
        author: str,
        reason: str,
        accepted: Sequence[str] = (),
    ) -> Version:
        """Save an earlier version again, also of a suite that was deleted.

        Raises what ``save`` raises.
        """
        document = self.version(name, version_id).document
        if name in self._gone_names():
            given = {"author": author, "reason": reason}
            made = self.create(name, document, accepted=accepted, **given)
            bring_back(name, self.suites.parent, self.history / name)
            return made
        return self.save(
            name,
            document,
            base_sha256=base_sha256,
            author=author,
            reason=reason,
            accepted=accepted,
            as_it_was=True,
        )

    def _judge(
        self, raw: bytes, name: str, accepted: Sequence[str], before: Version | None = None
    ) -> None:
        found = tuple(self.check(raw, name))
        new = new_weaknesses(found, self._known(before) if found else ())
        if not set(new) <= set(accepted) <= set(found):
            raise WeakSuiteError(
                "this suite has weaknesses: accept each one, or mend it"
                if new
                else "its weaknesses are others by now; look at it again, and save it",
                new,
            )

    def _known(self, version: Version | None) -> Sequence[str]:
        """What whoever saves has been told before: the weaknesses of the version in force."""
        try:
            return self.check(version.text.encode(), version.name) if version else ()
        except SuiteError:
            return ()

    def _gone_names(self) -> list[str]:
        """Names under which a history is kept and no suite is; waivers' histories have a dot."""
        there = set(self.names())
        folders = self.history.glob("*") if self.history.is_dir() else ()
        return sorted(
            path.name
            for path in folders
            if path.is_dir() and "." not in path.name and path.name not in there
        )

    def _path(self, name: str) -> Path:
        if name not in self.names():
            kept = name in self._gone_names() and self._history(name).newest(GONE)
            more = " any more; its history has every version" if kept else ""
            raise UnknownSuiteError(f"there is no suite {shown(name)}{more}")
        return self.suites / f"{name}.json"

    def _history(self, name: str) -> History:
        return History(self.history / name)

    def _listed(self, name: str) -> ListedSuite:
        latest = self.read(name)
        try:
            entries = latest.document.get("expectations")
        except SuiteError as error:
            return ListedSuite(name, 0, latest, str(error))
        return ListedSuite(name, len(entries) if isinstance(entries, list) else 0, latest)


def canonical(document: Mapping[str, object], base: Mapping[str, object] | None = None) -> str:
    """The stable text of a suite: fixed key order, two spaces, one newline at the end.

    A browser turns 1.0 into 1: a number that equals ``base``'s keeps that one's spelling.
    Raises SuiteError for NaN and infinity.
    """
    ordered = _ordered(document, SUITE_KEYS)
    if isinstance(ordered.get("expectations"), list):
        ordered["expectations"] = _spelled(ordered["expectations"], base or {})
    try:
        return json.dumps(ordered, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    except ValueError:
        raise SuiteError("a suite cannot hold NaN or infinity") from None


def copied(document: Mapping[str, object], name: str) -> dict[str, object]:
    """The suite under another name; ids are those of the original alone."""
    entries = document.get("expectations")
    bare = [
        {key: value for key, value in entry.items() if key != "id"}
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, Mapping)
    ]
    kept = {key: value for key, value in document.items() if key != "id"}
    return {**kept, "name": name, "expectations": bare}


@dataclass(frozen=True)
class Past:
    """A version, what it changed in the one before it, and what of others it was merged with."""

    version: Version
    changes: tuple[Change, ...]
    merged: str


def history_changes(versions: Sequence[Version]) -> list[Past]:
    """Each version, the newest first, with what it changed."""
    before = [*versions[1:], None]
    return [
        Past(
            version,
            _compared(older, version) if older else (),
            _merged_with(version, versions[at + 1 :])[0],
        )
        for at, (version, older) in enumerate(zip(versions, before, strict=True))
    ]


def _merged_with(saved: Version, earlier: Sequence[Version]) -> tuple[str, Sequence[Change]]:
    """Nothing for a version that was merged with none, or whose base is not kept any more."""
    since = list(takewhile(lambda version: version.sha256 != saved.base, earlier))
    if not saved.base or not since or len(since) == len(earlier):
        return "", ()
    changes = _compared(earlier[len(since)], since[0])
    authors = dict.fromkeys(version.author or "somebody by hand" for version in reversed(since))
    *some, last = authors
    who = f"{', '.join(some)} and {last}" if some else last
    return f"{who} {told(changes)}" if changes else "", changes


def _compared(older: Version, newer: Version) -> tuple[Change, ...]:
    if older.deleted or newer.deleted:
        return ()  # of all that it had, or has again
    return compare(_readable(older) or {}, _readable(newer) or {})


def _readable(version: Version) -> dict[str, object] | None:
    try:
        return version.document
    except SuiteError:
        return None


def _spelled(entries: list[Any], base: Mapping[str, Any]) -> list[object]:
    old = base.get("expectations") if isinstance(base.get("expectations"), list) else []
    shaped = [_ordered(e, _ENTRY_KEYS) if isinstance(e, Mapping) else e for e in entries]
    if not all(isinstance(entry, Mapping) for entry in [*shaped, *(old or [])]):
        return shaped
    for here, there in pair_entries(old or [], shaped):
        shaped[there] = _respelled(shaped[there], (old or [])[here])
    return shaped


def _respelled(new: object, old: object) -> object:
    if isinstance(new, Mapping) and isinstance(old, Mapping):
        return {key: _respelled(value, old.get(key)) for key, value in new.items()}
    if isinstance(new, list) and isinstance(old, list) and len(new) == len(old):
        return [_respelled(*both) for both in zip(new, old, strict=True)]
    numbers = type(new) in (int, float) and type(old) in (int, float)
    return old if numbers and new == old else new


def _ordered(found: Mapping[str, object], order: tuple[str, ...]) -> dict[str, Any]:
    known = {key: found[key] for key in order if key in found}
    return {**known, **{key: value for key, value in found.items() if key not in known}}


def _refuse_texts(document: Mapping[str, object]) -> None:
    for fault in text_faults(document):
        raise fault


def refuse_conflict(current: Version, base_sha256: str, conflicts: Sequence[str] = ()) -> None:
    """Raise SuiteConflictError when another version is in force."""
    if current.sha256 != base_sha256:
        why = f": {'; '.join(conflicts)}" if conflicts else ""
        raise SuiteConflictError(
            f"{current.author or 'somebody'} saved another version of {current.name!r} at "
            f"{current.time[:16].replace('T', ' ')} UTC; look at it before you save yours{why}",
            conflicts,
        )


def _taken(name: str) -> SuiteError:
    return SuiteError(f"there is a suite {name!r} already; choose a new name", field="name")


def _strict(raw: bytes, name: str) -> tuple[str, ...]:
    from gx.suite.read import parse_suite  # seconds of import

    return parse_suite(raw, where=f"{name}.json", name=name).weaknesses
