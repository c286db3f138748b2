"""What `make run` says when its place, or its database, is taken away."""

from pathlib import Path

import pytest

from dags.local.errors import LocalError
from dags.local.once.summary import Traces, summarise
from dags.local.services import services
from dags.staging.records import Records, StepRecord, Validated
from gx.statuses import COULD_NOT_RUN
from sql import embedded


@pytest.mark.parametrize("folder", ["log", "staging", "quality", "airflow"])
def test_a_folder_that_cannot_be_written_is_named_before_anything_starts(
    tmp_path: Path, folder: str
):
    (tmp_path / folder).write_text("a file")

    with pytest.raises(LocalError) as refused, services(tmp_path):
        pass

    assert str(refused.value).startswith(f"{tmp_path / folder} cannot be written (File exists)")
    assert not (tmp_path / "postgres").exists()


def test_a_server_that_was_taken_away_is_the_reason_of_a_run_without_another():
    outage = "PostgreSQL in var/postgres was stopped or killed meanwhile. Run it again."
    outcome = summarise(Traces(Records(), None, {}, outage), succeeded=False)

    assert outcome.status == COULD_NOT_RUN
    assert outcome.text.startswith(f"The run failed. {outage}")


def test_a_run_that_proposes_repairs_says_how_to_accept_them():
    run_id = "manual__2026-11-05T08:00:00+00:00"
    validated = StepRecord(status="success", found=Validated(open=True, held=(), proposed=2))
    traces = Traces(Records(validate=validated), None, {}, "", run_id=run_id, dataset="raw bars")
    said = summarise(traces, succeeded=True).text
    assert f"gate repair list --run {run_id} --dataset 'raw bars'" in said
    assert f"gate repair accept {run_id} --dataset 'raw bars' --reason 'why'" in said


def test_a_server_knows_whether_it_runs(postgres_server: embedded.EmbeddedServer, tmp_path: Path):
    gone = embedded.EmbeddedServer(tmp_path, tmp_path, -1)
    assert (postgres_server.running, gone.running) == (True, False)
