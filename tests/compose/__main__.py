"""`make compose-test`: build the deployment, start it, test it, take it down.

It uses Docker's engine; where there is none, the harness that brings one of its own, if it lies
beside the project. Everything happens in a copy of the checkout, with a .env and ports of its own:
all tests with Compose 2, and the first ones with docker-compose 1.29, where both are there.
``--seconds`` says how long that may take. Exit status: pytest's; 3 when there is neither engine nor
a harness that brings one up.
"""

import argparse
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dags.local.env_file import filled, write_env
from dags.run.settings import ROOT
from tests.compose.stack import Deployment, compose_command, implementations, wait_until
from tests.desk import free_ports

PROJECT = "market-gate-test"
HARNESS = ROOT.parent / "shared" / "compose-harness" / "harness.sh"
READY_SECONDS, LIMIT_SECONDS = 600, 40 * 60
# What the first tests take with the images at hand; with less time left they are left out.
SHORT_SECONDS = 600
NO_ENGINE = 3
BROKER_IMAGE, STORE_IMAGE = "redis:7", "rclone/rclone"
TESTS = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/compose/deployment.py")
FIRST_TESTS = ("-k", "every_service_is_well or a_run_is_published")


def main(arguments: Sequence[str]) -> int:
    """Run on whichever engine there is."""
    parser = argparse.ArgumentParser(prog="python -m tests.compose")
    parser.add_argument("--seconds", type=int, default=LIMIT_SECONDS)
    deadline = time.monotonic() + parser.parse_args(arguments).seconds
    if _succeeds("docker", "info"):
        return each(implementations(), deadline, on_engine)
    if HARNESS.is_file():
        if not harness_is_ready():
            print("compose-test is LEFT OUT: the harness brought up no engine", file=sys.stderr)
            return NO_ENGINE
        return each(("v2", "v1"), deadline, on_harness)
    print("compose-test needs Docker's engine, and there is none", file=sys.stderr)
    return NO_ENGINE


def each(found: Sequence[str], deadline: float, run: Callable[[Path, float], int]) -> int:
    """All tests with the first implementation of Compose, the first ones with any other."""
    for implementation in found:
        left = deadline - time.monotonic()
        if implementation != found[0] and left < SHORT_SECONDS:
            print(f"LEFT OUT: compose {implementation}; {left:.0f} s are left", file=sys.stderr)
            continue
        os.environ["COMPOSE_IMPL"] = implementation
        os.environ["PYTEST_ADDOPTS"] = "" if implementation == found[0] else shlex.join(FIRST_TESTS)
        print(f"---- compose {implementation}", flush=True)
        with tempfile.TemporaryDirectory(prefix="compose-test-") as folder:
            checkout = Path(folder) / PROJECT
            copy(checkout)
            if status := run(checkout, left):
                return status
    return 0


def copy(checkout: Path) -> None:
    """What git knows of or would take, with a .env as `make env` writes it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            target = checkout / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
    env = write_env(checkout)
    airflow, mlflow = free_ports(2)
    values = {
        "AIRFLOW_PORT": str(airflow),
        "AIRFLOW_URL": f"http://localhost:{airflow}",
        "MLFLOW_PORT": str(mlflow),
        "MLFLOW_URL": f"http://localhost:{mlflow}",
        "GATE_VERSION": "test",
        "RETRY_DELAY_SECONDS": "10",
        "TASK_RETRIES": "5",
    }
    env.write_text(filled(env.read_text(), values))


def harness_is_ready() -> bool:
    """Whether it brings up an engine, with the image of a service that a test starts later."""
    with tempfile.TemporaryDirectory(prefix="compose-test-") as folder:
        checkout = Path(folder) / PROJECT
        copy(checkout)
        # Its first call installs the client that the next ones look for.
        for step in (["needs", str(checkout)], ["bases", BROKER_IMAGE]):
            if subprocess.run(["bash", str(HARNESS), *step], check=False).returncode:
                return False
    return True


def on_harness(checkout: Path, seconds: float) -> int:
    """The harness builds, starts, runs the tests in a copy of its own, and takes all down."""
    build_the_store(checkout)
    tests = f'GATE_CHECKOUT="$PWD"; export GATE_CHECKOUT; cd "{ROOT}"; exec "$@"'
    command = ["bash", str(HARNESS), "all", str(checkout), "--", "sh", "-c", tests, "sh", *TESTS]
    process = subprocess.Popen(command, env=_environment(checkout), start_new_session=True)
    try:
        return process.wait(seconds)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(300)
        subprocess.run(["bash", str(HARNESS), "stop"], check=True)
        raise


def build_the_store(checkout: Path) -> None:
    """Let compose build the S3 server, whose image the harness cannot make: the same program."""
    text = (checkout / "docker-compose.yml").read_text()
    (version,) = re.findall(rf"{STORE_IMAGE}:([\d.]+)", text)
    build = {"context": "tests/compose/s3", "args": {"VERSION": version}}
    override = {"services": {"s3": {"build": build}}}
    (checkout / "docker-compose.override.yml").write_text(json.dumps(override))


def on_engine(checkout: Path, seconds: float) -> int:
    """The same on an engine that is there already."""
    compose = [*compose_command(), "-p", PROJECT]
    environment = _environment(checkout)
    try:
        for step in (["build"], ["up", "-d"]):
            subprocess.run([*compose, *step], cwd=checkout, check=True)
        wait_until(
            "every service is healthy", READY_SECONDS, Deployment(checkout, PROJECT).all_well
        )
        ran = subprocess.run(TESTS, cwd=ROOT, env=environment, check=False, timeout=seconds)
        return ran.returncode
    finally:
        subprocess.run([*compose, "down", "-v", "--remove-orphans"], cwd=checkout, check=True)
        subprocess.run(["docker", "image", "rm", "market-data-gate:test"], check=False)


def _environment(checkout: Path) -> Mapping[str, str]:
    ours = {"GATE_CHECKOUT": str(checkout), "GATE_PROJECT": PROJECT}
    return {**os.environ, **ours, "WAIT_SECS": str(READY_SECONDS)}


def _succeeds(*command: str) -> bool:
    return shutil.which(command[0]) is not None and not _status(command)


def _status(command: Sequence[str]) -> int:
    quiet = subprocess.DEVNULL
    ended = subprocess.run(command, check=False, timeout=60, stdout=quiet, stderr=quiet)
    return ended.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
