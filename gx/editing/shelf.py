"""Rename and delete suites, with all that belongs to them; what they were is kept.

A deleted suite leaves its versions in the history, the last of which says who deleted it and why;
its checkpoint and validation definition are put beside them. Its waivers go with it, and are kept
in their own history: a suite that is made anew under the name accepts nothing that nobody accepted.

A renamed suite is a new one with everything of the old, which is then deleted. The first version of
the one names the other. A crash in between leaves both, whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gx.atomic import remove_file
from gx.editing.history import GONE, History, Version, digest_of, version_of
from gx.editing.store import SuiteStore, refuse_conflict
from gx.editing.waivers import WaiverStore
from gx.errors import SuiteError
from gx.suite.checkpoint_files import put_away, renamed_files
from gx.suite.texts import REASON_LIMIT, author_of, reason_of

MODEL = "stock_data"  # of the checkpoints of all others, and what is judged by when none is named


@dataclass(frozen=True)
class Shelf:
    """Where suites and their waivers are.

    Everything raises UnknownSuiteError, SuiteConflictError for a ``base_sha256`` that is not the
    version in force, SuiteError for what cannot go because of what it is needed for, WaiverError
    for waivers that cannot be read, and OSError.
    """

    store: SuiteStore
    waivers: Path

    def delete(
        self, name: str, *, base_sha256: str, author: str, reason: str, used_by: Sequence[str]
    ) -> Version:
        """Delete a suite that no dataset is ``used_by``; returns what the history says of it."""
        author, reason = author_of(author), reason_of(reason)
        refuse_needed(name, used_by)
        history = History(self.store.history / name)
        current = self.store.read(name)
        with history.locked():
            current = self._in_force(name, history, base_sha256)
            return self._delete(current, history, author=author, reason=reason)

    def rename(
        self,
        name: str,
        to: str,
        *,
        base_sha256: str,
        author: str,
        reason: str,
        used_by: Sequence[str],
    ) -> Version:
        """Give a suite, its checkpoint and its waivers another name; returns the first version."""
        author, reason = author_of(author), reason_of(reason)
        refuse_needed(name, used_by)
        current = self.store.read(name)
        self.store.refuse_name(to)
        history = History(self.store.history / name)
        with history.locked():
            current = self._in_force(name, history, base_sha256)
            document = {**current.document, "name": to}
            told = _cut(f"Renamed from {name}: {reason}")
            files = renamed_files(name, to, self.store.suites.parent)
            self._waivers().carry(name, to, author=author, reason=told)
            created = self.store.taken_over(to, document, author=author, reason=told, files=files)
            self._delete(current, history, author=author, reason=_cut(f"Renamed to {to}: {reason}"))
            return created

    def _in_force(self, name: str, history: History, base_sha256: str) -> Version:
        history.conclude(digest_of((self.store.suites / f"{name}.json").read_bytes()))
        current = self.store.read(name)
        refuse_conflict(current, base_sha256)
        return current

    def _delete(self, current: Version, history: History, *, author: str, reason: str) -> Version:
        self._waivers().drop(current.name, author=author, reason=reason)
        history.record(current)
        gone = version_of(current.name, b"", GONE, after=current, author=author, reason=reason)
        with history.saving(gone):
            remove_file(self.store.suites / f"{current.name}.json")
        put_away(current.name, self.store.suites.parent, history.folder)
        return gone

    def _waivers(self) -> WaiverStore:
        return WaiverStore(self.waivers, self.store.history, self.store.suites)


def refuse_needed(name: str, used_by: Sequence[str]) -> None:
    """Raise SuiteError for a suite that something would be without."""
    if name == MODEL:
        raise SuiteError(
            f"{name} cannot be renamed or deleted: commands judge by it when no suite is named, "
            "and the checkpoints of the other suites are made like its own"
        )
    if used_by:
        plural = "s" if len(used_by) > 1 else ""
        raise SuiteError(
            f"{name} judges the dataset{plural} {', '.join(used_by)}: name another suite there "
            "(gx/datasets/NAME.yml, suite: …) first"
        )


def _cut(text: str) -> str:
    return text if len(text) <= REASON_LIMIT else f"{text[: REASON_LIMIT - 1]}…"
