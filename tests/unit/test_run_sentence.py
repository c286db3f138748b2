"""The sentence that everything which tells of a run says alike: first what was published."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from dags.reporting.verdict import run_sentence
from dags.staging.records import (
    Answer,
    Extracted,
    Published,
    Question,
    Records,
    StepFindings,
    StepRecord,
    Validated,
)
from gx.report.model import QualityReport, SymbolVerdict
from gx.report.waived import WaiverUse
from tests.staged_runs import DOUBT, NOON, daily_bars, judged, outcome

BARS = daily_bars(["AAPL", "MSFT"], days=20)
GOOD = judged(BARS, outcome(BARS, []), outcome(BARS, [], "warning", "open"))
WARNED = judged(BARS, outcome(BARS, []), outcome(BARS, [3], "warning", "open"))
BAD = judged(BARS, outcome(BARS, [3, 4]), outcome(BARS, [], "warning", "open"))
PASSED = Validated(open=True, held=())
HELD = Validated(open=True, held=("AAPL",))
ALL_HELD = Validated(open=False, held=("AAPL", "MSFT"))
CLOSED = Validated(open=False, held=())
ASKED = Question(id="q", digest="d", symbols=("AAPL",), bars=2)
LATE = Answer(question="q", choice="hold", who=None, why="nobody answered within 12 h", at=NOON)
REFUSED = Answer(question="q", choice="fail", who="ann", why="", at=NOON)
WHY = "1 of 2 expectations failed critically"


def steps(*found: StepFindings) -> Records:
    return Records({one.step: StepRecord(status="success", found=one) for one in found})


@pytest.mark.parametrize(
    ("report", "found", "error", "sentence"),
    [
        (
            GOOD,
            [PASSED, Published(rows=40)],
            None,
            "Published 40 bars of 2 symbols; 2 expectations met.",
        ),
        (
            GOOD,
            [PASSED, Published(rows=0, removed=40)],
            None,
            "Nothing published: no bar was there; 2 expectations met.",
        ),
        (
            GOOD,
            [Validated(open=True, held=(), suite="a", instead_of="b"), Published(rows=40)],
            None,
            "Published 40 bars of 2 symbols; 2 expectations met. Judged by a instead of b.",
        ),
        (WARNED, [PASSED, Published(rows=40)], None, "Published 40 bars of 2 symbols; 1 remark."),
        (
            BAD,
            [HELD, Published(rows=20)],
            None,
            f"Published 20 bars of 1 symbol; 1 held: AAPL ({WHY}).",
        ),
        (BAD, [HELD], None, f"To be published: 20 bars of 1 symbol; 1 held: AAPL ({WHY})."),
        (
            BAD,
            [HELD.model_copy(update={"question": ASKED})],
            None,
            f"Waits for a decision: 1 held: AAPL ({WHY}); 20 bars of 1 symbol passed.",
        ),
        (
            BAD,
            [HELD.model_copy(update={"question": ASKED, "answer": LATE}), Published(rows=20)],
            None,
            f"Published 20 bars of 1 symbol; 1 held: AAPL ({WHY}). "
            "Held by the time limit: nobody answered within 12 h.",
        ),
        (
            BAD,
            [CLOSED.model_copy(update={"question": ASKED, "answer": REFUSED})],
            "GateClosed: …",
            f"Nothing published: gate closed, {WHY}, on 2 bars of 40. ann decided to fail the run.",
        ),
        (
            BAD,
            [HELD],
            "DatabaseLostError: gone.",
            f"Not all published: 20 bars of 1 symbol passed; 1 to be held: AAPL ({WHY}); then: "
            "DatabaseLostError: gone.",
        ),
        (
            BAD,
            [ALL_HELD, Published(rows=0, held=40)],
            "GateClosed: …",
            f"Nothing published: gate closed, 2 held: AAPL, MSFT ({WHY}).",
        ),
        (
            BAD,
            [CLOSED],
            "GateClosed: …",
            f"Nothing published: gate closed, {WHY}, on 2 bars of 40.",
        ),
        (
            GOOD,
            [PASSED, Published(rows=0, superseded=40, newer=("later",))],
            "Superseded: …",
            "Nothing published: 40 bars stay as the newer run later has published them.",
        ),
        (
            GOOD,
            [PASSED, Published(rows=1, superseded=39, newer=("later",))],
            "Superseded: …",
            "Published 1 bar; 39 bars stay as the newer run later has published them.",
        ),
    ],
)
def test_a_sentence_begins_with_what_was_published(
    report: QualityReport, found: list[StepFindings], error: str | None, sentence: str
):
    assert run_sentence(steps(*found), report.document(every_row=False), error) == sentence


def test_a_run_that_was_not_judged_says_why():
    said = run_sentence(Records(), None, "NoBarsError: there are no bars.")
    assert said == "Nothing published, not judged: NoBarsError: there are no bars."


def test_what_else_is_to_be_known_follows():
    symbols = {**GOOD.symbols, "NOPE": SymbolVerdict("missing", 0, 0)}
    report = replace(GOOD, symbols=symbols, doubtful=(DOUBT,))
    said = run_sentence(steps(PASSED, Published(rows=40)), report.document())
    assert said == (
        "Published 40 bars of 2 symbols; 2 expectations met. 1 symbol is missing: NOPE. "
        "1 bar published before is now doubtful."
    )


def test_what_is_waived_is_told_and_not_called_met():
    met, other = GOOD.outcomes
    report = replace(GOOD, outcomes=(met, replace(other, status="waived", waived_count=3)))
    said = run_sentence(steps(PASSED, Published(rows=40)), report.document())
    assert said == (
        "Published 40 bars of 2 symbols; 1 of 2 expectations met. 3 failures are waived."
    )


@pytest.mark.parametrize(
    ("report", "found"),
    [(GOOD, [PASSED, Published(rows=40)]), (BAD, [HELD]), (BAD, [CLOSED])],
)
def test_that_accepted_bars_have_changed_is_told_whatever_became_of_the_run(
    report: QualityReport, found: list[StepFindings]
):
    use = WaiverUse(
        id="0123abcd",
        expectation="between(close)",
        symbol="AAPL",
        first_date="2025-01-02",
        last_date=None,
        reason="news",
        author="ann",
        expires="2026-01-02",
        state="changed",
        changed=2,
    )
    said = run_sentence(steps(*found), replace(report, waivers=(use,)).document(every_row=False))
    assert "Accepted bars of AAPL have changed since, and count again." in said


def test_of_many_held_symbols_five_are_named():
    names = tuple("ABCDEFG")
    bars = daily_bars(list(names), days=4)
    report = judged(bars, outcome(bars, [0, 4, 8, 12, 16, 20]))
    said = run_sentence(
        steps(Validated(open=True, held=names[:6]), Published(rows=4)), report.document()
    )
    assert "; 6 held: A, B, C, D, E, … (" in said


ONE = "HL of 2025-07-28 (sign), accepted by root"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"repaired": 1, "repaired_by": {"root": 1}}, f"1 bar repaired: {ONE}."),
        (
            {"repaired": 1, "dropped": 2, "repaired_by": {"root": 3}},
            f"3 bars repaired: {ONE}, and 2 more.",
        ),
        (
            {"repaired": 81, "repaired_by": {"root": 6, "admin": 75}},
            f"81 bars repaired: {ONE}, and 80 more; accepted by admin (75), root (6).",
        ),
        (
            {"void": 75, "void_blocks": 1},
            "75 accepted repairs void (right or wrong together), the source has another bar: "
            f"{ONE}.",
        ),
        (
            {"void": 3, "void_blocks": 3},
            f"3 accepted repairs void, the source has another bar: {ONE}, and 2 more.",
        ),
    ],
)
def test_repairs_are_told_with_an_example_and_with_whose_all_of_them_are(
    found: dict[str, object], said: str
):
    read = Extracted.model_validate(
        {"rows": 90, "repaired_example": ONE, "void_example": ONE, **found}
    )
    sentence = run_sentence(steps(read, PASSED, Published(rows=40)), GOOD.document())
    assert said in sentence


@pytest.mark.parametrize(
    ("found", "error", "unpublished"),
    [
        ([PASSED, Published(rows=40)], None, False),
        ([PASSED, Published(rows=40)], "TrackingError: no answer", False),
        ([PASSED], None, False),
        ([PASSED], "PublishError: no", True),
        ([HELD], "PublishError: no", True),
        ([CLOSED], "GateClosed: …", False),
    ],
)
def test_a_run_that_passed_and_could_not_publish_is_told_from_one_that_did(
    airflow_environment: object, found: list[StepFindings], error: str | None, unpublished: bool
):
    from dags.reporting.summary import summarise  # it knows Airflow

    identity = SimpleNamespace(run_id="r", dag_id="d", started=NOON, trigger_type="manual")
    run: Any = SimpleNamespace(
        identity=identity,
        request=SimpleNamespace(start=None, end=None, symbols=()),
        staging=SimpleNamespace(read_table=lambda name: pa.table({"row": []})),
    )

    short = summarise(run, steps(*found), WARNED.document(every_row=False), error)

    assert short.unpublished is unpublished
