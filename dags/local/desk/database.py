"""Keep the embedded PostgreSQL up for as long as this process lives: `… database VAR`.

A process of its own, so that the server goes down however the one that started it ends. It says
`ready` when the databases are there, or why they are not.
"""

import sys
import time
from pathlib import Path

from dags.local.desk.processes.interrupts import Stopped, deferred, stop_on_signals
from dags.local.errors import LocalError
from dags.local.services import services
from sql import embedded, postgres_programs
from sql.errors import BarStoreError

READY = "ready"
LOST, FAILED = 1, 2


def main(var: Path) -> int:
    """Start or join the server, say so, and hold it until told to stop."""
    stop_on_signals()
    try:
        return _hold(var)
    except Stopped:
        return 0
    except (LocalError, BarStoreError) as error:
        print(error, file=sys.stderr)
        return FAILED


def _hold(var: Path) -> int:
    server = None
    try:
        with deferred():  # a start that is broken off would leave a server that nobody owns
            server = embedded.start(var / "postgres")
        # From here on, also when the end was asked for meanwhile, the server is stopped below.
        with services(var):
            print(READY, flush=True)
            while postgres_programs.postmaster(server.folder / "data") is not None:
                time.sleep(1)
        print("PostgreSQL is gone", file=sys.stderr)
        return LOST
    finally:
        if server is not None:
            with deferred():
                server.stop()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
