from datetime import UTC, date, datetime

import pytest

from dags.staging.records import (
    Answer,
    Extracted,
    Logged,
    PartValidated,
    Published,
    Question,
    Records,
    StepFindings,
    StepRecord,
    Transformed,
    Validated,
    read_record,
)
from gx.gate.asked import Asked
from sql.published import Gone

NOON = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)
GONE = Gone("AAA", 20, 2, date(2026, 1, 5), date(2026, 1, 6), (date(2026, 1, 5),))
FOUND = [
    Extracted(rows=7, rows_by_symbol={"AAA": 7}, extracted_at=NOON, gone=(GONE,)),
    Validated(
        open=True, held=("AAA",), reasons=("why",), rows=7, asked=Asked(("AAA",), None, None)
    ),
    Validated(
        open=True,
        held=("AAA",),
        question=Question(id="q", digest="d", symbols=("AAA",), bars=1),
        answer=Answer(question="q", choice="publish", who="ann", why="so", at=NOON),
    ),
    PartValidated(rows=7, arrays={"steps": "0" * 64}),
    Transformed(rows=7, columns=("symbol", "date")),
    Published(rows=5, held=2, newer=("run 2",)),
    Logged(mlflow_run_id="abc", mlflow_page="#/1"),
]


@pytest.mark.parametrize("found", FOUND, ids=lambda found: type(found).__name__)
def test_a_record_is_read_as_it_was_written(found: StepFindings):
    record = StepRecord(status="success", attempt="a", on={"run": None}, found=found, seconds=0.5)

    assert read_record(found.step, record.to_json()) == record


def test_what_was_found_lies_beside_how_the_step_went():
    extracted = Extracted(rows=7, rounded_example=None, read_at=NOON, gone=(GONE,))
    record = StepRecord(started="2026-03-02", attempt="a", found=extracted, error="why")

    assert record.to_json() == {
        "status": "running",
        "started": "2026-03-02",
        "attempt": "a",
        "on": {},
        "seals": {},
        "error": "why",
        "rows": 7,
        "rounded_example": None,
        "read_at": "2026-03-02T12:00:00.123456+00:00",
        "gone": [
            {
                "symbol": "AAA",
                "published": 20,
                "bars": 2,
                "first_date": "2026-01-05",
                "last_date": "2026-01-06",
                "dates": ["2026-01-05"],
            }
        ],
    }


def test_a_step_that_broke_off_has_found_nothing():
    broken = read_record("validate", {"status": "failed", "rows": 7, "error": "torn"})

    assert broken.found is None
    assert Records(validate=broken).found(Validated) is None
    assert not Records(validate=broken).succeeded("validate")


def test_what_a_later_version_says_more_is_no_obstacle():
    document = {"status": "success", "rows": 7, "weather": "fine"}

    assert read_record("extract", document).found == Extracted(rows=7)


def test_what_is_no_record_is_no_record():
    with pytest.raises(ValueError, match="status"):
        read_record("extract", {"status": "fine"})
    with pytest.raises(ValueError, match="rows"):
        read_record("extract", {"status": "success", "rows": "many"})
