"""The command of `airflow-init`: python -m dags.deployed init."""

import sys


def main(arguments: list[str]) -> int:
    """Prepare the deployment, saying each step; exit status 2 for a mistake in the settings."""
    from psycopg2 import OperationalError
    from pydantic import ValidationError

    from dags.deployed.errors import DeploymentError
    from dags.deployed.prepare import prepare
    from dags.deployed.settings import DeploymentSettings
    from dags.run.settings import Settings

    if arguments != ["init"]:
        print("usage: python -m dags.deployed init", file=sys.stderr)
        return 2
    try:
        deployment, settings = DeploymentSettings(), Settings()
        prepare(deployment, settings, lambda step: print(f"init: {step}", flush=True))
    except ValidationError as error:
        for fault in error.errors():
            name = "".join(str(part).upper() for part in fault["loc"])
            print(f"error: setting {name}: {fault['msg']}", file=sys.stderr)
        return 2
    except (DeploymentError, OperationalError) as error:
        print(f"error: {str(error).strip()}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
