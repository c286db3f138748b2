"""A save is killed at every line, and the disk fails at every write: no change is left half done.

Whatever happens, the suite is as it was or as somebody wanted it, and whoever wanted it is known.
"""

import errno
import json
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gx import atomic
from gx.editing import history as suite_history
from gx.editing import store as suite_store
from gx.editing.store import OUTSIDE, SuiteStore, canonical
from gx.errors import HistoryError, SuiteConflictError

NAME = "bars"
_TRACED = {module.__file__ for module in (atomic, suite_history, suite_store)}


def document(limit: int) -> dict[str, Any]:
    entry = {"type": "expect_something", "kwargs": {"max_value": limit}, "severity": "critical"}
    return {"name": NAME, "id": "0", "expectations": [entry]}


def sound(raw: bytes, name: str) -> tuple[str, ...]:
    """A check that finds nothing: what is attacked comes after it."""
    return ()


@pytest.fixture
def make_store(tmp_path: Path) -> Callable[[str], SuiteStore]:
    def make(place: str) -> SuiteStore:
        folder = tmp_path / place
        (folder / "suites").mkdir(parents=True)
        store = SuiteStore(folder / "suites", folder / "history", sound)
        store.create(NAME, document(1), author="ann", reason="the first")
        return store

    return make


def save(store: SuiteStore, limit: int, author: str = "bob", reason: str = "why not") -> None:
    base = store.read(NAME).sha256
    store.save(NAME, document(limit), base_sha256=base, author=author, reason=reason)


def create(store: SuiteStore) -> None:
    suite = {**document(5), "name": "other"}
    store.create("other", suite, author="bob", reason="another")


def killed_at(act: Callable[[], None], line: int) -> bool:
    """Do it in a process that is killed before that line; False when it came to its end."""
    child = os.fork()
    if child == 0:
        left = line

        def trace(frame, event, argument):
            nonlocal left
            if frame.f_code.co_filename not in _TRACED:
                return None
            if event == "line":
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace

        sys.settrace(trace)
        try:
            act()
        except BaseException:
            os._exit(9)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert not (os.WIFEXITED(status) and os.WEXITSTATUS(status)), f"it failed before line {line}"
    return os.WIFSIGNALED(status)


def test_a_save_that_is_killed_anywhere_was_done_with_its_author_or_was_not_done(make_store):
    outcomes = set()
    for line in range(1, 2_000):
        store = make_store(f"killed-{line}")
        killed = killed_at(partial(save, store, 2), line)
        now = store.read(NAME)
        # What a run would read, and who is named for it.
        assert (store.suites / f"{NAME}.json").read_text() == now.text
        assert (now.text, now.author) in [
            (canonical(document(1)), "ann"),
            (canonical(document(2)), "bob"),
        ]
        done, interrupted = now.author == "bob", store.interrupted(NAME)
        assert [v.author for v in store.versions(NAME)] == (["bob", "ann"] if done else ["ann"])
        # What is known of a change that did not come to be is its author, its reason, and the text.
        assert not done or not interrupted
        for version in interrupted:
            assert (version.author, version.reason) == ("bob", "why not")
            assert version.text == canonical(document(2))
        outcomes.add((done, bool(interrupted)))
        if not killed:
            break
        save(store, 3, "eve", "the next one")
        authors = [version.author for version in store.versions(NAME)]
        assert authors == (["eve", "bob", "ann"] if done else ["eve", "ann"])
        assert [version.author for version in store.interrupted(NAME)] == ["bob"] * bool(
            interrupted
        )
        assert OUTSIDE not in [version.reason for version in store.versions(NAME)]
        assert not list(store.suites.glob(".*")) and not list(store.history.glob("*/.*.new"))
    assert not killed and line > 100
    assert outcomes == {(False, False), (False, True), (True, False)}


def test_a_new_suite_that_is_killed_anywhere_is_there_with_its_author_or_is_not_there(make_store):
    for line in range(1, 2_000):
        store = make_store(f"killed-{line}")
        killed = killed_at(partial(create, store), line)
        if "other" in store.names():
            assert store.read("other").author == "bob"
        else:
            create(store)
        assert [version.author for version in store.versions("other")] == ["bob"]
        if not killed:
            break
    assert not killed and line > 50


def test_a_disk_that_fails_at_any_write_leaves_no_change_without_its_author(
    make_store, monkeypatch
):
    calls = left = 0

    def failing(real):
        def call(*arguments, **named):
            nonlocal calls, left
            calls, left = calls + 1, left - 1
            if left == 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(*arguments, **named)

        return call

    for name in ("fsync", "link", "replace", "rename"):
        monkeypatch.setattr(os, name, failing(getattr(os, name)))
    for position in range(1, 100):
        left = 0
        store = make_store(f"full-{position}")
        calls, left = 0, position
        try:
            save(store, 2)
        except OSError:
            failed = True
        else:
            failed = False
        left = 0
        now = store.read(NAME)
        assert (now.author, now.text) in [
            ("ann", canonical(document(1))),
            ("bob", canonical(document(2))),
        ]
        save(store, 3, "eve")
        assert OUTSIDE not in [version.reason for version in store.versions(NAME)]
        if not failed and calls < position:
            break
    assert position > 6


def test_the_record_is_on_the_disk_before_the_suite_changes(make_store, monkeypatch):
    store, done = make_store("order"), []
    fsync, link, replace = os.fsync, os.link, os.replace

    def synced(descriptor):
        done.append(f"sync {Path(f'/proc/self/fd/{descriptor}').readlink().name}"[:13])
        fsync(descriptor)

    def linked(source, target):
        done.append(f"name {Path(target).suffix}")
        link(source, target)

    def replaced(source, target):
        done.append(f"name {Path(target).suffix} in {Path(target).parent.name}")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "link", linked)
    monkeypatch.setattr(os, "replace", replaced)
    save(store, 2)
    names = [call for call in done if call.startswith("name")]
    assert names == ["name .pending", "name .json in suites", f"name .json in {NAME}"]
    record, suite = done.index("name .pending"), done.index("name .json in suites")
    assert done[record - 1].startswith("sync .") and done[record + 1] == f"sync {NAME}"
    assert done[suite - 1].startswith("sync .bars") and done[suite + 1] == "sync suites"


def test_a_file_that_is_edited_by_hand_while_a_save_is_being_checked_is_not_overwritten(make_store):
    store = make_store("by-hand")
    by_hand = canonical(document(7))

    def slow(raw: bytes, name: str) -> tuple[str, ...]:
        (store.suites / f"{NAME}.json").write_text(by_hand)
        return ()

    store.check = slow
    with pytest.raises(SuiteConflictError):
        save(store, 2)
    assert store.read(NAME).text == by_hand


def test_a_file_that_was_put_back_to_the_bytes_before_does_not_undo_who_saved(make_store):
    store = make_store("put-back")
    first = store.read(NAME).text
    save(store, 2)
    (store.suites / f"{NAME}.json").write_text(first)
    save(store, 3, "eve")
    versions = store.versions(NAME)
    assert [version.author for version in versions] == ["eve", "", "bob", "ann"]
    assert versions[1].reason == OUTSIDE
    assert store.interrupted(NAME) == []


def test_a_clock_that_was_set_back_does_not_bring_a_version_before_its_predecessor(make_store):
    store = make_store("clock")
    (record,) = (store.history / NAME).glob("*.json")
    ahead = record.with_name("29990101T000000.000000Z" + record.name[-14:])
    kept = json.loads(record.read_text()) | {"time": "2999-01-01T00:00:00.000000+00:00"}
    record.unlink()
    ahead.write_text(json.dumps(kept))
    save(store, 2)
    assert [version.author for version in store.versions(NAME)] == ["bob", "ann"]
    assert store.read(NAME).author == "bob"


def test_a_damaged_record_is_named_and_nothing_is_saved_over_it(make_store):
    store = make_store("damaged")
    (record,) = (store.history / NAME).glob("*.json")
    record.write_text("{ oops")
    with pytest.raises(HistoryError, match=record.name):
        store.read(NAME)
    with pytest.raises(HistoryError, match=record.name):
        store.save(NAME, document(2), base_sha256="", author="bob", reason="x")
    assert json.loads((store.suites / f"{NAME}.json").read_text()) == document(1)
