"""The compose file run for real: `make compose-test`. Plain pytest does not collect this file.

The tests run in the order in which they stand here, on one deployment.
"""

import json
import os
import re
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from dags.local.desk.airflow_api import fetch
from dags.local.env_file import DISTRIBUTED, SECRETS, fernet_key, password
from dags.run.settings import ROOT
from tests.compose.stack import Deployment, wait_until

README = ROOT / "dags" / "README.md"
SERVICES = (
    "postgres",
    "s3",
    "mlflow-server",
    "airflow-apiserver",
    "airflow-scheduler",
    "airflow-dag-processor",
    "airflow-triggerer",
)
SUITE = "/api/suites/stock_data"
SESSIONS = "expect_bars_on_trading_sessions"  # the sample fails it, as a warning


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    return Deployment(Path(os.environ["GATE_CHECKOUT"]), os.environ["GATE_PROJECT"])


def test_every_service_is_well_and_the_preparation_ended(deployment: Deployment):
    containers = deployment.containers()

    assert set(containers) == {*SERVICES, "airflow-init"}
    assert containers["airflow-init"].attrs["State"]["ExitCode"] == 0
    assert deployment.health() == dict.fromkeys(SERVICES, "healthy")
    for service in SERVICES:
        bindings = containers[service].attrs["HostConfig"]["PortBindings"] or {}
        assert {b["HostIp"] for found in bindings.values() for b in found} <= {"127.0.0.1"}


def test_nothing_of_ours_runs_as_root(deployment: Deployment):
    users = {
        service: deployment.exec(service, "id", "-u")
        for service in SERVICES
        if service not in ("postgres", "s3")
    }
    assert set(users.values()) == {deployment.settings["GATE_UID"]}


def test_a_run_is_published_and_tracked_with_its_artifacts_in_s3(deployment: Deployment):
    run_id, state = deployment.run()

    assert state == "success"
    published = f"select count(*) from stock_data_enriched where run_id = '{run_id}'"
    assert deployment.sql(published) == "46"
    tracked = _mlflow_run(deployment, run_id)
    assert tracked["info"]["status"] == "FINISHED"
    objects = _objects(deployment)
    stored = {
        key.partition("/artifacts/")[2] for key in objects if tracked["info"]["run_id"] in key
    }
    assert {"validation/report.html", "data_sample.csv", "data_docs/index.html"} <= stored
    report = deployment.page(f"/runs/{run_id}")
    assert "Published 46 bars of 2 symbols; 2 remarks." in report


def test_each_database_has_a_user_who_sees_no_other(deployment: Deployment):
    names = {"gate": "POSTGRES_PASSWORD", "airflow": "AIRFLOW_DB_PASSWORD"}
    names |= {"mlflow": "MLFLOW_DB_PASSWORD", "bars_owner": "BARS_OWNER_PASSWORD"}
    own = {"gate": "bars", "airflow": "airflow", "mlflow": "mlflow", "bars_owner": "bars"}
    for user, secret in names.items():
        for database in ("bars", "airflow", "mlflow"):
            let_in = _psql(deployment, user, secret, database, "select 1")
            assert let_in == (database == own[user]), (user, database)
    assert _psql(deployment, "gate", names["gate"], "bars", "select from stock_data")
    for forbidden in ("delete from stock_data", "drop table stock_data", "create table mine ()"):
        assert not _psql(deployment, "gate", names["gate"], "bars", forbidden), forbidden


def test_nobody_gets_in_without_a_login(deployment: Deployment):
    for url in (
        f"{deployment.airflow}/api/v2/dags",
        f"{deployment.airflow}/gate/",
        f"{deployment.mlflow}/",
        f"{deployment.mlflow}/api/2.0/mlflow/experiments/search?max_results=1",
    ):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(url, timeout=30)
        assert refused.value.code == 401, url


def test_a_suite_edited_on_its_page_lands_in_the_checkout_and_rules_the_next_run(
    deployment: Deployment,
):
    saved = deployment.page(SUITE)
    document = json.loads(saved["text"])
    (entry,) = [e for e in document["expectations"] if e["type"] == SESSIONS]
    entry["severity"] = "critical"
    edit = {"document": document, "base_sha256": saved["sha256"], "reason": "no bars on a Sunday"}
    with pytest.raises(urllib.error.HTTPError, match="403"):
        deployment.page(SUITE, edit, user="viewer")
    with pytest.raises(urllib.error.HTTPError, match="422") as refused:
        deployment.page(SUITE, edit)
    effects = json.loads(refused.value.read())["weaknesses"]
    assert any("On the bars of the last run" in effect for effect in effects)

    deployment.page(SUITE, {**edit, "accepted_weaknesses": effects})
    run_id, state = deployment.run()

    assert state == "failed"
    assert deployment.tasks(run_id)["validate_data"] == "failed"
    assert _mlflow_run(deployment, run_id)["data"]["params"]
    path = deployment.checkout / "gx" / "expectations" / "stock_data.json"
    assert deployment.exec("airflow-scheduler", "cat", "gx/expectations/stock_data.json") == (
        path.read_text().strip()
    )
    assert path.stat().st_uid == int(deployment.settings["GATE_UID"])
    entry["severity"] = "warning"
    base = deployment.page(SUITE)["sha256"]
    deployment.page(SUITE, {"document": document, "base_sha256": base, "reason": "as it was"})


@pytest.mark.parametrize("service", SERVICES)
def test_a_run_completes_though_a_service_is_restarted_meanwhile(
    deployment: Deployment, service: str
):
    run_id = deployment.trigger()
    deployment.started(run_id)
    deployment.containers()[service].restart(timeout=30)

    assert deployment.ended(run_id) == "success"
    deployment.wait_well(service)
    counted = "select count(*), count(distinct (symbol, date)) from stock_data_enriched"
    assert deployment.sql(f"{counted} where run_id = '{run_id}'") == "46|46"
    assert _mlflow_run(deployment, run_id)["info"]["status"] == "FINISHED"


def test_workers_take_over_and_hand_files_on_through_s3(deployment: Deployment):
    deployment.configure(DISTRIBUTED)
    deployment.shell("docker compose up -d --scale airflow-worker=2")
    wait_until("every service is healthy", 300, deployment.all_well)

    run_id, state = deployment.run()

    assert state == "success"
    counted = "select count(*), count(distinct (symbol, date)) from stock_data_enriched"
    assert deployment.sql(f"{counted} where run_id = '{run_id}'") == "46|46"
    workers = {one.short_id for one in deployment.every() if "worker" in one.name}
    assert len(workers) == 2
    hosts = deployment.hosts(run_id)
    assert hosts
    assert hosts <= workers
    assert any(key.startswith("staging/") and run_id in key for key in _objects(deployment))
    assert _mlflow_run(deployment, run_id)["info"]["status"] == "FINISHED"


def test_what_was_backed_up_is_restored_as_the_readme_says(deployment: Deployment):
    count = "select count(*) from stock_data_enriched"
    published, stored = deployment.sql(count), _objects(deployment)
    for command in readme("back up"):
        deployment.shell(command)
    deployment.sql("delete from stock_data_enriched")
    deployment.exec("s3", "rm", "-r", f"/data/{deployment.settings['S3_BUCKET']}/mlflow")

    for command in readme("restore"):
        deployment.shell(command)

    wait_until("every service is healthy", 300, deployment.all_well)
    assert deployment.sql(count) == published
    assert set(_objects(deployment)) >= set(stored)
    assert deployment.run()[1] == "success"


def test_it_is_upgraded_as_the_readme_says(deployment: Deployment):
    """To the version that it has: the commands, not what a newer version would bring."""
    count = "select count(*) from stock_data_enriched"
    published = deployment.sql(count)

    for command in readme("upgrade"):
        deployment.shell(command)

    wait_until("every service is healthy", 300, deployment.all_well)
    assert deployment.sql(count) == published
    assert deployment.run()[1] == "success"


def test_secrets_are_rotated_as_the_readme_says(deployment: Deployment):
    own_rows = {"POSTGRES_SUPERUSER_PASSWORD", "AIRFLOW_FERNET_KEY"}
    before = dict(deployment.settings)
    deployment.configure({name: make() for name, make in SECRETS.items() if name not in own_rows})

    for command in readme("rotate a secret"):
        deployment.shell(command)

    wait_until("every service is healthy", 300, deployment.all_well)
    assert deployment.run()[1] == "success"
    old = {"username": "admin", "password": before["AIRFLOW_ADMIN_PASSWORD"]}
    with pytest.raises(urllib.error.HTTPError, match="401"):
        fetch("POST", f"{deployment.airflow}/auth/token", old)
    for user, name in (("gate", "POSTGRES_PASSWORD"), ("mlflow", "MLFLOW_DB_PASSWORD")):
        assert _let_in(deployment, user, deployment.settings[name]), user
        assert not _let_in(deployment, user, before[name]), user


def test_the_superusers_password_is_rotated_as_the_readme_says(deployment: Deployment):
    before, new = deployment.settings["POSTGRES_SUPERUSER_PASSWORD"], password()
    ask, restart = readme("rotate the superuser's password")

    deployment.shell(ask.replace("exec postgres", "exec -T postgres"), typed=f"{new}\n{new}\n")
    deployment.configure({"POSTGRES_SUPERUSER_PASSWORD": new})
    deployment.shell(restart)

    wait_until("every service is healthy", 300, deployment.all_well)
    assert deployment.containers()["airflow-init"].attrs["State"]["ExitCode"] == 0
    assert _let_in(deployment, "postgres", new)
    assert not _let_in(deployment, "postgres", before)


def test_the_fernet_key_is_rotated_as_the_readme_says(deployment: Deployment):
    old, new = deployment.settings["AIRFLOW_FERNET_KEY"], fernet_key()
    both, rotate, alone = readme("rotate the Fernet key")

    deployment.configure({"AIRFLOW_FERNET_KEY": f"{new},{old}"})
    deployment.shell(both)
    wait_until("every service is healthy", 300, deployment.all_well)
    deployment.shell(rotate)
    deployment.configure({"AIRFLOW_FERNET_KEY": new})
    deployment.shell(alone)

    wait_until("every service is healthy", 300, deployment.all_well)
    assert deployment.run()[1] == "success"


def readme(row: str) -> list[str]:
    """The commands of a row of the README's table on deploying."""
    (text,) = re.findall(rf"^\| {row} \| (.+) \|$", README.read_text(), re.MULTILINE)
    return [span for span in re.findall(r"`([^`]+)`", text) if "docker compose" in span]


def test_no_secret_shows_in_labels_logs_or_stored_files(deployment: Deployment):
    shown = {}
    for service, container in deployment.containers().items():
        shown[f"the log of {service}"] = container.logs().decode(errors="replace")
        shown[f"the labels of {service}"] = str(container.labels)
    for name, secret in deployment.secrets.items():
        for where, text in shown.items():
            assert secret not in text, f"{name} in {where}"
        search = 'grep -rlF -e "$SECRET" logs staging quality || true'
        volumes = ("sh", "-c", f"cd /var/lib/gate && {search}")
        assert deployment.exec("airflow-scheduler", *volumes, SECRET=secret) == "", name


def _mlflow_run(deployment: Deployment, run_id: str) -> dict[str, Any]:
    name = deployment.settings["MLFLOW_EXPERIMENT_NAME"]
    experiment = deployment.tracked(f"/experiments/get-by-name?experiment_name={name}")
    number = experiment["experiment"]["experiment_id"]
    wanted = f"tags.airflow_run_id = '{run_id}'"
    body = {"experiment_ids": [number], "filter": wanted}
    (found,) = deployment.tracked("/runs/search", body)["runs"]
    return found


def _objects(deployment: Deployment) -> list[str]:
    program = (
        "import boto3, sys; pages = boto3.client('s3').get_paginator('list_objects_v2')"
        ".paginate(Bucket=sys.argv[1]); "
        "print(*(o['Key'] for page in pages for o in page.get('Contents', [])), sep='\\n')"
    )
    bucket = deployment.settings["S3_BUCKET"]
    return deployment.exec("airflow-scheduler", "python", "-c", program, bucket).splitlines()


def _let_in(deployment: Deployment, user: str, secret: str) -> bool:
    """Whether PostgreSQL takes this password by the network, the way that asks for one."""
    address = deployment.exec("postgres", "hostname", "-i").split()[0]
    command = ["psql", "-h", address, "-U", user, "-d", "postgres", "-qc", "select 1"]
    container = deployment.containers()["postgres"]
    code, output = container.exec_run(command, environment={"PGPASSWORD": secret})
    assert code == 0 or b"authentication failed" in output or b"permission denied" in output, output
    return b"authentication failed" not in output


def _psql(deployment: Deployment, user: str, secret: str, database: str, query: str) -> bool:
    """Whether the server does this for this user, who comes by the network."""
    command = ["psql", "-h", "127.0.0.1", "-U", user, "-d", database, "-qc"]
    command.append(f"begin; {query}; rollback")
    environment = {"PGPASSWORD": deployment.settings[secret]}
    container = deployment.containers()["postgres"]
    code, output = container.exec_run(command, environment=environment)
    refused = b"permission denied" in output or b"must be owner" in output
    assert code == 0 or refused, output.decode()
    return bool(code == 0)
