"""MLflow's server of the desk: `… tracking_server VAR --host H --port P`.

It makes the logins that are in VAR's passwords file before it serves: whoever makes them has to
import MLflow, which takes seconds.
"""

import sys
from pathlib import Path

from dags.local.passwords import RUNS, USERS, logins, passwords_file
from tracking.server.accounts import Login, Rank
from tracking.server.serve import main

_RANKS: dict[str, Rank] = {"admin": "admin", "viewer": "reader"}


def accounts(var: Path) -> list[Login]:
    """The desk's users as MLflow's, and the account of its runs."""
    known = logins(passwords_file(var))
    people = [Login(user, known.passwords[user], _RANKS[role]) for user, role in USERS.items()]
    return [*people, Login(RUNS, known.runs, "writer")]


if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], accounts(Path(sys.argv[1]))))
