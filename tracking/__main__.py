"""Compare tracked runs, or close those a killed worker left: python -m tracking diff|reconcile."""

import argparse
import json
import os
import re
import sys
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

from tracking.client import failures_named, open_client
from tracking.errors import TrackingError
from tracking.store import TrackingStore

if TYPE_CHECKING:
    from mlflow import MlflowClient

DONE, COULD_NOT = 0, 2
# Where `make up` has its MLflow server, and what the pipeline calls its experiment.
LOCAL_URI, EXPERIMENT = "http://127.0.0.1:5500", "ibkr-stock-data"
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def main() -> int:
    """Run one command; a person's mistake becomes one line and exit status 2."""
    arguments = _parser().parse_args()
    store = TrackingStore(arguments.tracking_uri, arguments.experiment)
    try:
        client = open_client(store)
        with failures_named(store, "it could not be asked"):
            arguments.command(client, _experiment_id(client, store), arguments)
    except TrackingError as error:
        print(f"error: {error}", file=sys.stderr)
        return COULD_NOT
    except KeyboardInterrupt:
        return COULD_NOT
    return DONE


def _diff(client: "MlflowClient", experiment_id: str, arguments: argparse.Namespace) -> None:
    from tracking.diff import compare
    from tracking.diff_text import difference_lines
    from tracking.evidence import read_account
    from tracking.run_names import find_run

    before, now = (
        read_account(client, find_run(client, experiment_id, name))
        for name in (arguments.before, arguments.now)
    )
    found = compare(before, now)
    if arguments.json:
        print(json.dumps(asdict(found), indent=1))
    else:
        print("\n".join(difference_lines(found)))


def _reconcile(client: "MlflowClient", experiment_id: str, arguments: argparse.Namespace) -> None:
    from tracking.reconcile import close_abandoned

    closed = close_abandoned(client, experiment_id, arguments.older_than, at_most=1000)
    for run in closed:
        print(f"closed {run.run_key}, begun {run.started:%Y-%m-%d %H:%M} UTC ({run.run_id})")
    print(f"{len(closed)} closed; clear the task log_to_mlflow in Airflow to complete one")


def _experiment_id(client: "MlflowClient", store: TrackingStore) -> str:
    found = client.get_experiment_by_name(store.experiment)
    if found is None:
        raise TrackingError(
            f"{store.label} has no experiment '{store.experiment}'; see --experiment"
        )
    return str(found.experiment_id)


def _span(text: str) -> timedelta:
    found = re.fullmatch(r"([1-9]\d{0,5})([mhd])", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no span of time; write 30m, 6h or 2d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tracking", description=__doc__)
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument(
        "--tracking-uri",
        default=os.environ.get("MLFLOW_TRACKING_URI") or LOCAL_URI,
        help="MLflow's server or database; MLFLOW_TRACKING_URI, else the server of `make up`",
    )
    where.add_argument(
        "--experiment",
        default=os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT,
        help="its name; MLFLOW_EXPERIMENT_NAME, else %(default)s",
    )
    commands = parser.add_subparsers(required=True)
    diff = commands.add_parser("diff", parents=[where], help="what is different in the second run")
    run = "a run's id or name, or `latest` or `previous`"
    diff.add_argument("before", metavar="RUN_A", help=run)
    diff.add_argument("now", metavar="RUN_B", help=run)
    diff.add_argument("--json", action="store_true", help="print it as JSON")
    diff.set_defaults(command=_diff)
    reconcile = commands.add_parser(
        "reconcile", parents=[where], help="close runs that a killed worker left RUNNING"
    )
    reconcile.add_argument(
        "--older-than", type=_span, default=timedelta(hours=6), help="30m, 6h, 2d; 6h by default"
    )
    reconcile.set_defaults(command=_reconcile)
    return parser


if __name__ == "__main__":
    sys.exit(main())
