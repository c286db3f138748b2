import json
from datetime import date
from pathlib import Path

import pytest

from tracking.pages import link_artifacts
from tracking.run.tables import write_table


def test_a_table_is_legal_json_whatever_is_in_it(tmp_path: Path):
    row = [float("nan"), float("-inf"), 1.5, date(2025, 10, 5), ["a", "b"], None, True]
    write_table(tmp_path / "new" / "t.json", list("abcdefg"), [row])

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    found = json.loads((tmp_path / "new" / "t.json").read_text(), parse_constant=refuse)
    assert found["columns"] == list("abcdefg")
    assert found["data"] == [[None, "-inf", 1.5, "2025-10-05", "a; b", None, True]]


def test_a_row_of_another_length_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="zip"):
        write_table(tmp_path / "t.json", ["a", "b"], [[1]])


def test_only_links_to_artifacts_are_led_to_the_run():
    text = "[R](artifact:a/b.html) [A](http://x/artifact:a) artifact:a"
    assert link_artifacts(text, "7", "r1") == (
        "[R](#/experiments/7/runs/r1/artifacts/a/b.html?workflowType=machine_learning) "
        "[A](http://x/artifact:a) artifact:a"
    )
