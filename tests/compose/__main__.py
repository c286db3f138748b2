"""`make compose-test`: build the deployment, start it, test it, take it down.

It uses Docker's engine; where there is none, the harness that brings one of its own, if it lies
beside the project. Everything happens in a copy of the checkout, with a .env and ports of its own.
Exit status: pytest's; 3 when there is neither engine nor a harness that brings one up.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from dags.local.env_file import filled, write_env
from dags.run.settings import ROOT
from tests.compose.stack import Deployment, compose_command, wait_until
from tests.desk import free_ports

PROJECT = "market-gate-test"
HARNESS = ROOT.parent / "shared" / "compose-harness" / "harness.sh"
READY_SECONDS, LIMIT_SECONDS = 600, 40 * 60
NO_ENGINE = 3
BROKER_IMAGE = "redis:7"
TESTS = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/compose/deployment.py")


def main() -> int:
    """Run on whichever engine there is."""
    with tempfile.TemporaryDirectory(prefix="compose-test-") as folder:
        checkout = Path(folder) / PROJECT
        copy(checkout)
        if _succeeds("docker", "info"):
            return on_engine(checkout)
        if HARNESS.is_file():
            return on_harness(checkout)
    print("compose-test needs Docker's engine, and there is none", file=sys.stderr)
    return NO_ENGINE


def copy(checkout: Path) -> None:
    """What git knows of or would take, with a .env as `make env` writes it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        **{"cwd": ROOT, "check": True, "capture_output": True, "text": True},
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


def on_harness(checkout: Path) -> int:
    """The harness builds, starts, runs the tests in a copy of its own, and takes all down."""
    # It prepares the images of services that start at once; a test starts this one later.
    if subprocess.run(["bash", str(HARNESS), "bases", BROKER_IMAGE], check=False).returncode:
        print("compose-test is LEFT OUT: the harness brought up no engine here", file=sys.stderr)
        return NO_ENGINE
    tests = f'GATE_CHECKOUT="$PWD"; export GATE_CHECKOUT; cd "{ROOT}"; exec "$@"'
    command = ["bash", str(HARNESS), "all", str(checkout), "--", "sh", "-c", tests, "sh", *TESTS]
    process = subprocess.Popen(command, env=_environment(checkout), start_new_session=True)
    try:
        return process.wait(LIMIT_SECONDS)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(300)
        subprocess.run(["bash", str(HARNESS), "stop"], check=True)
        raise


def on_engine(checkout: Path) -> int:
    """The same on an engine that is there already."""
    compose = [*compose_command(), "-p", PROJECT]
    environment = _environment(checkout)
    try:
        for step in (["build"], ["up", "-d"]):
            subprocess.run([*compose, *step], cwd=checkout, check=True)
        wait_until(
            "every service is healthy", READY_SECONDS, Deployment(checkout, PROJECT).all_well
        )
        return subprocess.run(TESTS, cwd=ROOT, env=environment, check=False).returncode
    finally:
        subprocess.run([*compose, "down", "-v", "--remove-orphans"], cwd=checkout, check=True)
        subprocess.run(["docker", "image", "rm", "market-data-gate:test"], check=False)


def _environment(checkout: Path) -> Mapping[str, str]:
    ours = {"GATE_CHECKOUT": str(checkout), "GATE_PROJECT": PROJECT}
    return {**os.environ, **ours, "WAIT_SECS": str(READY_SECONDS)}


def _succeeds(*command: str) -> bool:
    return shutil.which(command[0]) is not None and not _status(command)


def _status(command: Sequence[str]) -> int:
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.run(command, check=False, timeout=60, **quiet).returncode


if __name__ == "__main__":
    sys.exit(main())
