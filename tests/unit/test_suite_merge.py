"""Merging what two people made of one suite."""

import copy
from typing import Any

import pytest

from gx.editing.merge import merge, told
from gx.suite.diff import compare

Document = dict[str, Any]


def check(column: str, **kwargs: Any) -> Document:
    given = {"column": column, "min_value": 0, "max_value": 10, **kwargs}
    return {"type": "expect_between", "kwargs": given, "severity": "critical"}


BASE: Document = {
    "name": "s",
    "meta": {"ended": {"AAA": "2025-01-01"}},
    "expectations": [check("open"), check("high"), check("low"), check("close")],
}


def changed(*steps) -> Document:
    document = copy.deepcopy(BASE)
    for step in steps:
        step(document["expectations"], document)
    return document


def put(at: int, **fields: Any):
    return lambda entries, _: entries[at].update(copy.deepcopy(fields))


def ask(at: int, **kwargs: Any):
    return lambda entries, _: entries[at]["kwargs"].update(kwargs)


def gone(at: int):
    return lambda entries, _: entries.pop(at)


def add(*new: Document):
    return lambda entries, _: entries.extend(copy.deepcopy(new))


def move(at: int, to: int):
    return lambda entries, _: entries.insert(to, entries.pop(at))


def head(**fields: Any):
    return lambda _, document: document.update(fields)


def columns(document: Document) -> list[str]:
    return [entry["kwargs"].get("column") for entry in document["expectations"]]


VOLUME, SPLITS = check("volume"), {"type": "expect_no_gross", "kwargs": {"splits": {"A": 2}}}

APART = {
    "other entries": (ask(0, max_value=5), ask(3, max_value=6)),
    "severity and parameters of one": (put(0, severity="info"), ask(0, max_value=5)),
    "notes and severity of one": (put(0, notes="why"), put(0, severity="info")),
    "an edit and an addition": (ask(0, max_value=5), add(VOLUME)),
    "two additions": (add(VOLUME), add(SPLITS)),
    "an edit and a removal": (ask(0, max_value=5), gone(3)),
    "two removals": (gone(0), gone(1)),
    "an edit and a move of one": (ask(0, max_value=5), move(0, 3)),
    "two moves": (move(0, 2), move(3, 1)),
    "a move and a removal of one": (move(0, 2), gone(0)),
    "an edit and the symbols that ended": (
        ask(0, max_value=5),
        head(meta={"ended": {"AAA": "2025-01-01", "BBB": "2025-02-02"}}),
    ),
    "two symbols that ended": (
        head(meta={"ended": {"AAA": "2025-01-01", "BBB": "2025-02-02"}}),
        head(meta={"ended": {"AAA": "2025-01-01", "CCC": "2025-03-03"}}),
    ),
    "meta of the suite and of an entry": (put(1, meta={"a": 1}), head(notes="n")),
    "two keys of an entry's meta": (put(1, meta={"a": 1}), put(1, meta={"b": 2})),
}


@pytest.mark.parametrize("what", APART)
def test_what_was_changed_apart_is_all_there_whoever_saves_first(what):
    one, other = APART[what]
    mine, theirs = changed(one), changed(other)
    there = merge(BASE, mine, theirs)
    back = merge(BASE, theirs, mine)
    assert not there.conflicts and not back.conflicts
    both = [compare(BASE, version) for version in (mine, theirs)]
    for merged in (there.document, back.document):
        now = {(c.name, d.field, str(d.after)) for c in compare(BASE, merged) for d in c.details}
        wanted = {(c.name, d.field) for changes in both for c in changes for d in c.details}
        assert {(name, field) for name, field, _ in now} == wanted
        assert len(merged["expectations"]) == 4 + sum(
            {"added": 1, "removed": -1}.get(c.kind, 0) for changes in both for c in changes
        )
    one, other = (
        sorted(merged.document["expectations"], key=lambda entry: str(entry["kwargs"]))
        for merged in (there, back)
    )
    assert one == other


TOGETHER = {
    "the same number": (ask(0, max_value=5), ask(0, max_value=6), "parameters (you max_value"),
    "numbers of one": (ask(0, max_value=5), ask(0, min_value=1), "you max_value; they min_value"),
    "a severity": (
        put(0, severity="info"),
        put(0, severity="warning"),
        "severity of between(open)",
    ),
    "a removal of what was edited": (gone(0), ask(0, max_value=5), "you removed between(open)"),
    "an edit of what was removed": (ask(0, max_value=5), gone(0), "they removed between(open)"),
    "another column": (ask(0, column="volume"), put(0, severity="info"), "changed between(open)"),
    "another condition": (
        ask(0, row_condition='symbol == "A"'),
        put(0, severity="info"),
        "changed between(open)",
    ),
    "an addition of the same check": (add(VOLUME), add(check("volume", max_value=9)), "both added"),
    "moves of one": (move(0, 3), move(0, 1), "you both moved"),
    "an ended symbol's day": (
        head(meta={"ended": {"AAA": "2025-02-02"}}),
        head(meta={"ended": {"AAA": "2025-03-03"}}),
        "the suite's meta ended AAA",
    ),
    "the suite's notes": (head(notes="a"), head(notes="b"), "the suite's notes"),
}


@pytest.mark.parametrize("what", TOGETHER)
def test_what_both_changed_is_a_conflict_that_names_it(what):
    one, other, said = TOGETHER[what]
    conflicts = merge(BASE, changed(one), changed(other)).conflicts
    assert len(conflicts) == 1, conflicts
    assert said in conflicts[0]


@pytest.mark.parametrize("step", [ask(0, max_value=5), add(VOLUME), gone(2), move(0, 3)])
def test_the_same_change_of_both_is_made_once(step):
    merged = merge(BASE, changed(step), changed(step))
    assert not merged.conflicts
    assert merged.document == changed(step)


def test_two_ways_to_the_same_check_are_a_conflict():
    mine, theirs = changed(add(VOLUME)), changed(ask(3, column="volume"))
    (said,) = merge(BASE, mine, theirs).conflicts
    assert "you both came to between(volume) with the same parameters" in said


def test_entries_that_cannot_be_told_apart_are_not_merged_by_field():
    twice = {**BASE, "expectations": [check("open", max_value=9), check("open", max_value=7)]}
    mine, theirs = copy.deepcopy(twice), copy.deepcopy(twice)
    mine["expectations"] = [check("open", max_value=3)]  # which of the two is this?
    theirs["expectations"][0]["severity"] = "info"
    assert any("both changed between(open)" in one for one in merge(twice, mine, theirs).conflicts)


def test_a_table_by_symbol_is_merged_by_symbol():
    base = {"name": "s", "expectations": [SPLITS]}
    mine, theirs = copy.deepcopy(base), copy.deepcopy(base)
    mine["expectations"][0]["kwargs"]["splits"]["B"] = 3
    theirs["expectations"][0]["kwargs"]["splits"]["C"] = 4
    theirs["expectations"][0]["kwargs"]["factor"] = 5
    merged = merge(base, mine, theirs)
    assert merged.document["expectations"][0]["kwargs"] == {
        "splits": {"A": 2, "B": 3, "C": 4},
        "factor": 5,
    }
    theirs["expectations"][0]["kwargs"]["splits"] = {"$PARAMETER": "splits"}  # no table
    assert merge(base, mine, theirs).conflicts


def test_a_move_of_mine_and_an_addition_of_theirs_keep_their_places():
    mine, theirs = changed(move(0, 1)), changed(lambda entries, _: entries.insert(3, VOLUME))
    assert columns(merge(BASE, mine, theirs).document) == ["high", "open", "low", "volume", "close"]


def test_an_addition_stands_where_it_was_made_also_behind_what_they_removed():
    mine = changed(lambda entries, _: entries.insert(2, VOLUME))
    assert columns(merge(BASE, mine, changed(gone(1))).document) == [
        "open",
        "volume",
        "low",
        "close",
    ]


@pytest.mark.parametrize("mine_words", [True, False])
def test_a_wording_merged_with_other_parameters_is_marked(mine_words):
    base = changed(put(0, description="at most 10"))
    words, number = copy.deepcopy(base), copy.deepcopy(base)
    words["expectations"][0]["description"] = "never above 10"
    number["expectations"][0]["kwargs"]["max_value"] = 5
    number["expectations"][0]["meta"] = {"worded_for": {"max_value": 10}}
    pair = (words, number) if mine_words else (number, words)
    (entry, *_) = merge(base, *pair).document["expectations"]
    assert entry["description"] == "never above 10"
    assert entry["meta"]["worded_for"] == {"max_value": 10}


@pytest.mark.parametrize("broken", [{}, {"expectations": 3}, {"expectations": [3]}])
def test_what_is_no_suite_is_merged_with_nothing(broken):
    for versions in ((broken, BASE, BASE), (BASE, broken, BASE), (BASE, BASE, broken)):
        assert merge(*versions).conflicts


def test_changes_are_told_in_short():
    changes = compare(BASE, changed(ask(0, max_value=5), gone(3), add(SPLITS)))
    assert (
        told(changes) == "changed between(open) (max_value), added no_gross, removed between(close)"
    )
    many = compare(BASE, changed(*(put(at, severity="info") for at in range(4)), head(notes="n")))
    assert told(many).endswith("between(low) (severity) and 1 more")
