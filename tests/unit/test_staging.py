import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sqlalchemy.exc import OperationalError

from dags.errors import AlteredError, StagingError
from dags.staging.layout import safe_name
from dags.staging.records import Extracted

KEYS = (b"a key of this test",)
pytestmark = pytest.mark.usefixtures("airflow_environment")


def loose(folder: Path) -> Any:
    """Files that no step vouches for."""
    from dags.staging.files import Folder

    made = Folder(f"file://{folder / 'loose'}")
    made.prepare()
    return made


def staging(folder: Path, run_id: str = "manual__1") -> Any:
    from dags.staging.run_folder import Staging

    return Staging.of_run(f"file://{folder}", "dag", run_id, KEYS)


def prepared(folder: Path, run_id: str = "manual__1") -> Any:
    made = staging(folder, run_id)
    made.prepare()
    return made


def test_the_folder_of_a_run_is_safe_for_any_file_system(tmp_path: Path):
    made = prepared(tmp_path, "manual__2025-10-06T00:00:00+00:00/../x")

    (folder,) = (tmp_path / "dag").iterdir()
    assert folder.name.startswith("manual__2025-10-06T00_00_00_00_00_.._x-")
    assert (folder / "steps").is_dir()
    assert str(made).startswith("file://")


GENERATED = "manual__2025-10-06T00:00:00.123+00:00"


@pytest.mark.parametrize(
    "ids",
    [
        ["a:b", "a_b", "a/b", "a b", "a\nb"],
        [GENERATED, GENERATED.replace(":", "_"), GENERATED.replace(":", "_").replace("+", "_")],
        [GENERATED, GENERATED.replace("+", " "), GENERATED + "_x", GENERATED + "+x"],
        [".", "..", "...", "_"],
        ["x" * 250, "x" * 249 + "y", "x" * 200],
        ["é", "è", "e"],
        ["a:b", safe_name("a:b")],
    ],
)
def test_no_two_runs_share_a_folder(tmp_path: Path, ids: list[str]):
    names = {safe_name(run_id) for run_id in ids}

    assert len(names) == len(ids)
    for name in names:
        (tmp_path / "runs" / name).mkdir(parents=True)
    assert len(list((tmp_path / "runs").iterdir())) == len(ids)


def test_a_run_as_airflow_names_it_has_the_folder_that_it_always_had():
    assert safe_name(GENERATED) == "manual__2025-10-06T00_00_00.123_00_00"
    assert safe_name("backfill-2") == "backfill-2"


def test_a_text_that_cannot_be_written_leaves_the_one_before(tmp_path: Path):
    made = loose(tmp_path)
    made.write_text("a.json", "whole")
    with pytest.raises(UnicodeEncodeError):
        made.write_text("a.json", "half \ud800")
    assert made.read_text("a.json") == "whole"
    assert [path.name for path in (tmp_path / "loose").iterdir() if path.is_file()] == ["a.json"]


def test_a_file_that_was_altered_is_refused(tmp_path: Path):
    made = prepared(tmp_path)
    with made.recorded("extract"):
        made.write_frame("f.parquet", pd.DataFrame({"close": [1.5]}))
        assert made.read_table("f.parquet", columns=["close"]).num_rows == 1
    assert made.read_table("f.parquet", columns=["close"]).num_rows == 1
    made.write_frame("f.parquet", pd.DataFrame({"close": [-999.0]}))
    with pytest.raises(AlteredError, match=r"f\.parquet is not what was written there"):
        made.read_table("f.parquet")


def test_a_file_that_no_step_has_sealed_is_refused(tmp_path: Path):
    made = prepared(tmp_path)
    made.write_text("a.json", "{}")
    with pytest.raises(AlteredError, match=r"a\.json has no seal"):
        made.read_json("a.json")
    with made.recorded("extract"):
        made.write_text("a.json", "{}")
        made.remove("a.json")
    assert made.seals() == {}


@pytest.mark.parametrize("document", ["[]", "7", "null", '"x"', "{}", '{"signature": 7}', "{"])
def test_what_is_no_record_is_refused(tmp_path: Path, document: str):
    made = prepared(tmp_path)
    made.write_text("steps/extract.json", document)
    with pytest.raises(AlteredError, match=r"extract\.json is (no JSON|not what this run)"):
        made.records()


def test_a_key_that_is_being_replaced_still_fits(tmp_path: Path):
    from dags.staging.run_folder import Staging

    def signed_by(*keys: bytes) -> Any:
        return Staging.of_run(f"file://{tmp_path}", "dag", "run", keys)

    signed_by(b"old").prepare()
    with signed_by(b"old").recorded("extract"):
        pass
    assert list(signed_by(b"new", b"old").records()) == ["extract"]
    with pytest.raises(AlteredError, match="SEAL_KEY is not the same"):
        signed_by(b"new").records()


def test_without_a_key_nothing_is_signed(monkeypatch: pytest.MonkeyPatch):
    from airflow.configuration import conf

    from dags.run.seal_keys import seal_keys
    from dags.run.settings import Settings

    by_fernet = seal_keys(Settings())
    monkeypatch.setenv("SEAL_KEY", "k" * 32)
    (key,) = seal_keys(Settings())
    assert key not in (*by_fernet, b"k" * 32)
    monkeypatch.setenv("SEAL_KEY", f"{'n' * 32},{'k' * 32}")
    assert seal_keys(Settings())[1] == key
    monkeypatch.setenv("SEAL_KEY", f"{'n' * 32},")
    with pytest.raises(StagingError, match="no key of 32 letters or more"):
        seal_keys(Settings())
    monkeypatch.setenv("SEAL_KEY", "short")
    with pytest.raises(StagingError, match=r"no key of 32 letters or more .* set SEAL_KEY"):
        seal_keys(Settings())
    monkeypatch.setenv("SEAL_KEY", "")
    monkeypatch.setattr(conf, "get", lambda *_, fallback="", **__: fallback)
    with pytest.raises(StagingError, match=r"no key at all to sign .* set SEAL_KEY"):
        seal_keys(Settings())


def test_what_is_written_is_read_back(tmp_path: Path):
    made = loose(tmp_path)
    frame = pd.DataFrame({"symbol": ["A"], "close": [1.5]})

    made.write_frame("f.parquet", frame)
    made.write_json("a.json", {"é": 1})

    assert made.read_table("f.parquet").to_pylist() == [{"symbol": "A", "close": 1.5}]
    assert made.read_json("a.json") == {"é": 1}
    assert made.exists("a.json") and not made.exists("b.json")


def test_many_rows_are_written_in_groups_that_a_reader_can_hold(tmp_path: Path):
    made = loose(tmp_path)

    made.write_frame("f.parquet", pd.DataFrame({"close": np.arange(300_000.0)}))

    with (made.root / "f.parquet").open("rb") as source:
        metadata = pq.read_metadata(source)
    assert [metadata.row_group(n).num_rows for n in range(2)] == [250_000, 50_000]


def test_a_step_records_what_it_found_and_how_it_failed(tmp_path: Path):
    made = prepared(tmp_path)

    with made.recorded("extract") as record:
        assert made.records()["extract"].status == "running"
        record.found = Extracted(rows=7)
    with pytest.raises(ValueError, match="torn"), made.recorded("validate"):
        raise ValueError("torn")

    records = made.records()
    assert (records["extract"].status, made.found(Extracted).rows) == ("success", 7)
    assert records["validate"].status == "failed"
    assert records["validate"].error == "ValueError: torn"
    assert records["validate"].seconds >= 0


def test_a_full_disk_says_where_to_make_room(tmp_path: Path):
    made = prepared(tmp_path)

    with (
        pytest.raises(OSError, match="No space left"),
        made.recorded("extract"),
        Path("/dev/full").open("wb") as full,
    ):
        full.write(b"bars")

    said = made.records()["extract"].error
    assert said.startswith("OSError: [Errno 28] No space left on device; see that there is room")
    assert "STAGING_URL and RESULTS_DIR" in said


def test_a_step_that_runs_again_forgets_what_followed_it(tmp_path: Path):
    made = prepared(tmp_path)
    for step in ("extract", "validate", "transform", "publish", "log"):
        with made.recorded(step):
            pass
    made.write_text("bars.parquet", "")
    made.write_text("report.html", "")
    made.write_text("enriched.parquet", "")

    with made.recorded("validate"):
        pass

    assert list(made.records()) == ["extract", "validate"]
    assert made.exists("bars.parquet")
    assert not made.exists("report.html")
    assert not made.exists("enriched.parquet")


def test_a_folder_that_cannot_be_written_says_what_to_do(tmp_path: Path):
    (tmp_path / "file").write_text("")

    with pytest.raises(
        StagingError, match=r"cannot be written .*; set STAGING_URL to one that can"
    ):
        staging(tmp_path / "file").prepare()


def test_old_runs_keep_what_was_found_and_lose_their_bars(tmp_path: Path):
    for run_id, age_days in (("old", 8), ("young", 6)):
        made = prepared(tmp_path, run_id)
        with made.recorded("extract"):
            made.write_text("bars.parquet", "")
        for name in ("context.parquet", "enriched.parquet", "failing.parquet", "summary.json"):
            made.write_text(name, "")
        part = tmp_path / "dag" / run_id / "partitions" / "0001"
        part.mkdir(parents=True)
        (part / "bars.parquet").touch()
        (part / "findings.json").touch()
        then = time.time() - age_days * 86_400
        os.utime(tmp_path / "dag" / run_id / "steps" / "extract.json", (then, then))
    (tmp_path / "dag" / "not a run").mkdir()

    cleaned = prepared(tmp_path, "now").clean_others(keep_days=7)

    def kept(run_id: str) -> set[str]:
        return {path.name for path in (tmp_path / "dag" / run_id).iterdir()}

    assert cleaned == ["old"]
    assert kept("old") == {"steps", "partitions", "failing.parquet", "summary.json"}
    assert kept("old/partitions/0001") == {"findings.json"}
    assert kept("young/partitions/0001") == {"bars.parquet", "findings.json"}
    assert kept("young") > {"bars.parquet", "context.parquet", "enriched.parquet"}
    assert prepared(tmp_path, "now").clean_others(keep_days=7) == []


def test_what_a_database_says_is_kept_in_one_line_without_the_statement(tmp_path: Path):
    made = prepared(tmp_path)
    said = Exception("the disk is full\nCONTEXT: COPY")
    with pytest.raises(OperationalError), made.recorded("extract"):
        raise OperationalError("insert into x", {}, said)
    assert made.records()["extract"].error == "OperationalError: the disk is full"
