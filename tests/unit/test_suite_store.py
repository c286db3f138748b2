"""Saving, keeping and comparing versions of suites."""

import json
import multiprocessing
import os
import shutil
from pathlib import Path

import pytest

from gx.editing.store import OUTSIDE, SuiteStore, canonical, history_changes
from gx.errors import SuiteConflictError, SuiteError, UnknownSuiteError, WeakSuiteError
from gx.project import SUITES
from gx.suite.diff import compare
from gx.suite.read import read_suite


@pytest.fixture
def store(tmp_path: Path) -> SuiteStore:
    (tmp_path / "suites").mkdir()
    shutil.copy(SUITES / "stock_data.json", tmp_path / "suites")
    return SuiteStore(tmp_path / "suites", tmp_path / "history")


def edited(store, **changes):
    """The document in force with its volume bound changed."""
    document = store.read("stock_data").document
    bound = next(e for e in document["expectations"] if e["type"].endswith("values_to_be_between"))
    bound["kwargs"] |= changes
    return document


def save(store, document, base=None, **given):
    base = base or store.read("stock_data").sha256
    given = {"author": "ann", "reason": "tighter", **given}
    return store.save("stock_data", document, base_sha256=base, **given)


def test_the_committed_suite_is_in_the_form_that_saving_gives():
    text = (SUITES / "stock_data.json").read_text()
    assert canonical(json.loads(text)) == text


def test_keys_are_written_in_one_order_whatever_the_order_given(store):
    document = store.read("stock_data").document
    shuffled = dict(reversed(document.items()))
    shuffled["expectations"] = [dict(reversed(e.items())) for e in document["expectations"]]
    assert canonical(shuffled) == canonical(document)


def test_a_browsers_spelling_of_an_unchanged_number_is_no_change(store):
    text = store.read("stock_data").text
    assert "1000000000000000.0" in text
    as_a_browser_sends_it = json.loads(text.replace("1000000000000000.0", "1000000000000000"))
    assert save(store, as_a_browser_sends_it).text == text
    assert len(store.versions("stock_data")) == 1


def test_what_is_saved_is_read_by_the_gate_and_keeps_the_mode_of_the_file(store):
    saved = save(store, edited(store, max_value=5))
    read = read_suite(store.suites / "stock_data.json")
    assert read.sha256 == saved.sha256
    assert (store.suites / "stock_data.json").stat().st_mode & 0o044
    assert [path.name for path in store.suites.iterdir()] == ["stock_data.json"]


def test_every_version_is_kept_with_author_time_and_reason(store):
    first = store.read("stock_data")
    second = save(store, edited(store, max_value=5))
    third = save(store, edited(store, max_value=6), author="bob", reason="not so tight")
    versions = store.versions("stock_data")
    assert [v.sha256 for v in versions] == [third.sha256, second.sha256, first.sha256]
    assert (versions[0].author, versions[0].reason) == ("bob", "not so tight")
    assert versions[0].time > versions[1].time > versions[2].time
    assert versions[2].text == first.text


def test_a_version_edited_by_hand_shows_in_the_history_even_with_an_old_time(store):
    save(store, edited(store, max_value=5))
    path = store.suites / "stock_data.json"
    path.write_text(canonical(edited(store, max_value=7)))
    os.utime(path, (1, 1))
    versions = store.versions("stock_data")
    assert (versions[0].author, versions[0].reason) == ("", OUTSIDE)
    assert '"max_value": 7' in versions[0].text
    save(store, edited(store, max_value=8))
    assert [v.reason for v in store.versions("stock_data")] == ["tighter", OUTSIDE, "tighter", ""]


def test_a_newer_edit_of_somebody_else_is_not_overwritten(store):
    base = store.read("stock_data").sha256
    theirs = save(store, edited(store, max_value=5), author="bob")
    with pytest.raises(SuiteConflictError, match="bob"):
        save(store, edited(store, max_value=6), base=base)
    assert store.read("stock_data").sha256 == theirs.sha256


def test_a_broken_draft_is_refused_with_entry_and_field_and_nothing_is_written(store):
    before = store.read("stock_data")
    document = edited(store, max_valu=5)
    with pytest.raises(SuiteError) as caught:
        save(store, document)
    broken = next(n for n, e in enumerate(document["expectations"], 1) if "max_valu" in e["kwargs"])
    assert (caught.value.entry, caught.value.field) == (broken, "max_valu")
    document = store.read("stock_data").document
    document["expectations"][2]["severity"] = "bad"
    with pytest.raises(SuiteError) as caught:
        save(store, document)
    assert (caught.value.entry, caught.value.field) == (3, "severity")
    assert store.versions("stock_data") == [before]


@pytest.mark.parametrize("reason", ["", "  \n", "\u200b\u2060\ufeff", "\u3164 \u2800", "…"])
def test_a_version_needs_a_reason(store, reason):
    with pytest.raises(SuiteError, match="say why") as caught:
        save(store, edited(store, max_value=5), reason=reason)
    assert caught.value.field == "reason"


def test_nan_cannot_be_saved(store):
    with pytest.raises(SuiteError, match="NaN"):
        save(store, edited(store, max_value=float("nan")))


def test_restoring_brings_back_the_very_bytes(store):
    first = store.read("stock_data")
    second = save(store, edited(store, max_value=5))
    given = {"base_sha256": second.sha256, "author": "ann", "reason": "back"}
    assert store.restore("stock_data", first.id, **given).sha256 == first.sha256
    assert len(store.versions("stock_data")) == 3


@pytest.mark.parametrize(
    "name", ["../stock_data", "nope", "", ".", "/etc/passwd", "stock_data.json"]
)
def test_a_name_that_is_no_suite_is_unknown(store, name):
    with pytest.raises(UnknownSuiteError):
        store.read(name)


@pytest.mark.parametrize(
    "version", ["../../suites/stock_data", "nope", "", "20260101T000000.000000Z-"]
)
def test_a_version_that_is_none_is_unknown(store, version):
    with pytest.raises(UnknownSuiteError):
        store.version("stock_data", version)


@pytest.mark.parametrize("name", ["stock_data", "Bad", "a/b", "../x", ""])
def test_a_new_suite_needs_a_free_and_plain_name(store, name):
    document = {**store.read("stock_data").document, "name": name}
    with pytest.raises(SuiteError) as caught:
        store.create(name, document, author="ann", reason="new")
    assert caught.value.field == "name"
    assert store.names() == ["stock_data"]


def test_a_file_that_is_no_json_is_listed_with_its_fault_and_can_be_replaced(store):
    good = store.read("stock_data").document
    (store.suites / "stock_data.json").write_text("{ oops")
    (listed,) = store.listed()
    assert "no JSON" in listed.fault
    assert save(store, good).document == good
    assert store.listed()[0].fault == ""
    assert "{ oops" in [v.text for v in store.versions("stock_data")]


def _save_once(store: SuiteStore, base: str, at_once, number: int, results) -> None:
    document = edited(store, max_value=number)
    at_once.wait()
    try:
        save(store, document, base=base, author=f"a{number}")
        results.put("saved")
    except SuiteConflictError:
        results.put("conflict")


def _pass(raw: bytes, name: str) -> tuple[str, ...]:
    """A check that finds nothing: what is tested is the lock."""
    return ()


def test_of_savers_at_the_same_moment_one_wins(store):
    store.check, spawn = _pass, multiprocessing.get_context("fork")
    at_once, results = spawn.Barrier(4), spawn.Queue()
    base = store.read("stock_data").sha256
    savers = [
        spawn.Process(target=_save_once, args=(store, base, at_once, n, results)) for n in range(4)
    ]
    for saver in savers:
        saver.start()
    outcomes = sorted(results.get(timeout=30) for _ in savers)
    for saver in savers:
        saver.join()
    assert outcomes == ["conflict", "conflict", "conflict", "saved"]
    assert len(store.versions("stock_data")) == 2


def entry(column, **rest):
    return {
        "type": "expect_column_values_to_not_be_null",
        "kwargs": {"column": column},
        "severity": "critical",
        **rest,
    }


def suite(*entries):
    return {"name": "s", "expectations": list(entries)}


def kinds(old, new):
    return [(c.kind, c.name.partition("(")[2].rstrip(")")) for c in compare(old, new)]


def test_the_difference_names_what_was_added_removed_changed_and_moved():
    old = suite(entry("a"), entry("b"), entry("c"), entry("d"))
    added = {**entry("e"), "type": "expect_column_values_to_be_unique"}
    new = suite(entry("d"), entry("a"), entry("b", severity="info"), added)
    assert kinds(old, new) == [("moved", "d"), ("changed", "b"), ("added", "e"), ("removed", "c")]


def test_a_changed_kwarg_says_from_what_to_what():
    old = suite({"type": "t", "kwargs": {"column": "a", "max_value": 1}})
    new = suite({"type": "t", "kwargs": {"column": "a", "max_value": 2, "mostly": 0.9}})
    (change,) = compare(old, new)
    assert [(d.field, d.before, d.after) for d in change.details] == [
        ("max_value", 1, 2),
        ("mostly", None, 0.9),
    ]


def test_another_column_of_the_same_check_is_a_change_of_its_column():
    (change,) = compare(suite(entry("a"), entry("b")), suite(entry("a"), entry("c")))
    assert (change.kind, change.details[0].field) == ("changed", "column")


def test_one_moved_entry_is_one_change():
    entries = [entry(column) for column in "abcdef"]
    assert kinds(suite(*entries), suite(*entries[1:], entries[0])) == [("moved", "a")]
    assert kinds(suite(*entries), suite(entries[-1], *entries[:-1])) == [("moved", "f")]


def test_one_and_true_differ_and_one_and_one_point_zero_do_not():
    def holding(value):
        return suite({"type": "t", "kwargs": {"column": "a", "value": value}})

    assert compare(holding(1), holding(1.0)) == ()
    assert len(compare(holding(1), holding(True))) == 1


def test_the_history_says_what_each_version_changed(store):
    save(store, edited(store, max_value=5))
    newest, first = history_changes(store.versions("stock_data"))
    assert [d.field for d in newest.changes[0].details] == ["max_value"]
    assert (first.changes, newest.merged) == ((), "")


def critical(store, column, severity="warning"):
    document = store.read("stock_data").document
    named = (e for e in document["expectations"] if e["kwargs"].get("column") == column)
    next(named)["severity"] = severity
    return document


def test_what_others_saved_elsewhere_is_merged_and_the_history_tells_both(store):
    base = store.read("stock_data").sha256
    mine = edited(store, max_value=6)
    save(store, critical(store, "close"), base=base, author="bob")
    save(store, edited(store, min_value=1), author="cyd")
    with pytest.raises(SuiteConflictError, match=r"cyd .*you both changed parameters"):
        save(store, mine, base=base)
    save(store, edited(store, min_value=0), author="cyd")

    seen: list[bytes] = []

    def check(raw, name):
        seen.append(raw)
        return ()

    store.check = check
    saved = save(store, mine, base=base)
    wanted = critical(store, "close")
    assert saved.document == wanted != mine
    assert seen == [saved.text.encode()], "what is judged is the merged suite"
    (newest, *_, second, _) = history_changes(store.versions("stock_data"))
    assert [d.field for c in newest.changes for d in c.details] == ["max_value"]
    assert (newest.version.base, newest.version.before) == (
        base,
        store.versions("stock_data")[1].sha256,
    )
    assert newest.merged.startswith("bob and cyd changed ")
    assert "(severity)" in newest.merged and not second.merged
    assert store.merged_in(saved)[0] == newest.merged


def test_a_change_that_others_have_saved_already_is_saved_once(store):
    base = store.read("stock_data").sha256
    mine = edited(store, max_value=6)
    theirs = save(store, mine, author="bob")
    assert save(store, mine, base=base) == theirs
    assert len(store.versions("stock_data")) == 2


def test_a_base_that_was_never_in_force_is_merged_with_nothing(store):
    mine = critical(store, "close")
    save(store, edited(store, max_value=6), author="bob")
    with pytest.raises(SuiteConflictError, match="bob"):
        save(store, mine, base="0" * 64)


def test_a_fault_is_told_by_the_number_that_the_entry_has_for_its_author(store):
    base = store.read("stock_data").sha256
    broken = edited(store, max_valu=5)
    number = next(n for n, e in enumerate(broken["expectations"], 1) if "max_valu" in e["kwargs"])
    shorter = store.read("stock_data").document
    shorter["expectations"] = shorter["expectations"][1:]
    store.check, strict = _pass, store.check
    save(store, shorter, author="bob")
    store.check = strict
    with pytest.raises(SuiteError) as caught:
        save(store, broken, base=base)
    assert (caught.value.entry, caught.value.field) == (number, "max_valu")


def test_what_only_the_merged_suite_has_is_a_conflict(store):
    base = store.read("stock_data").sha256
    mine = edited(store, max_value=6)
    save(store, critical(store, "close"), author="bob")

    def check(raw, name):
        if b"6" in raw and json.loads(raw) != mine:
            raise SuiteError("this never fits together")
        return ()

    store.check = check
    with pytest.raises(SuiteConflictError, match="merged with theirs, this never fits together"):
        save(store, mine, base=base)


def test_an_older_version_is_restored_as_it_was_or_not_at_all(store):
    first = store.read("stock_data")
    second = save(store, edited(store, max_value=5))
    save(store, critical(store, "close"), author="bob")
    given = {"base_sha256": second.sha256, "author": "ann", "reason": "back"}
    with pytest.raises(SuiteConflictError, match="bob"):
        store.restore("stock_data", first.id, **given)


def test_a_weakness_is_asked_for_once_and_not_at_each_save(store):
    without = store.read("stock_data").document
    kept = [e for e in without["expectations"] if e["type"] != "expect_no_market_wide_holes"]
    without["expectations"] = kept
    with pytest.raises(WeakSuiteError, match="accept each one") as caught:
        save(store, without)
    (holes,) = caught.value.weaknesses
    with pytest.raises(WeakSuiteError):
        save(store, without, accepted=["another"])
    assert save(store, without, accepted=[holes]).accepted == (holes,)

    assert save(store, edited(store, max_value=5)).accepted == ()
    fewer = edited(store, max_value=6)
    fewer["expectations"] = [e for e in kept if e["type"] != "expect_no_future_bars"]
    with pytest.raises(WeakSuiteError) as caught:
        save(store, fewer)
    assert "dated in the future" in caught.value.weaknesses[0]

    whole = store.versions("stock_data")[-1].document
    with pytest.raises(WeakSuiteError, match="others by now"):
        save(store, whole, accepted=[holes])
    assert save(store, whole)


@pytest.mark.parametrize(
    ("size", "depth", "said"),
    [
        (99_000, 9, ""),
        (101_000, 1, "its meta has 101,0[0-9]+ characters; 100,000 is the most"),
        (1, 11, "its meta is nested deeper than 10 levels; write it flatter"),
    ],
)
@pytest.mark.parametrize("entry", [None, 1])
def test_a_meta_that_nobody_would_write_is_refused(store, entry, size, depth, said):
    document = store.read("stock_data").document
    meta = {"a": "x" * size}
    for _ in range(depth - 1):
        meta = {"a": meta}
    (document["expectations"][0] if entry else document)["meta"] = meta
    if not said:
        assert save(store, document).document == document
        return
    where = "entry 1" if entry else "the suite"
    with pytest.raises(SuiteError, match=f"{where}: {said}") as caught:
        save(store, document)
    assert (caught.value.entry, caught.value.field) == (entry, "meta")
