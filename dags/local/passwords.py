"""Who may log in to the desk: made once, kept where only their owner can read them."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dags.local.errors import LocalError
from gx.atomic import replace_file

# Role by user, in the form of Airflow's SimpleAuthManager. MLflow knows the same users.
USERS = {"admin": "admin", "viewer": "viewer"}
# The account that runs log with. It is MLflow's alone.
RUNS = "gate"
# The ones made here have 16 letters. MLflow takes no shorter ones, nor what it once shipped itself.
SHORTEST, WELL_KNOWN = 12, "password1234"


@dataclass(frozen=True)
class Logins:
    """The file that Airflow reads its passwords from, and what is in it."""

    path: Path
    passwords: dict[str, str] = field(repr=False)  # people's, by user
    runs: str = field(repr=False)  # of RUNS


def passwords_file(var: Path) -> Path:
    """Where a desk keeps its passwords."""
    return var / "airflow" / "passwords.json"


def logins(path: Path) -> Logins:
    """The passwords in ``path``; users that have none yet are given one. The file is mode 0600.

    Raises LocalError for a password that somebody wrote there and that is easily guessed.
    """
    stored = json.loads(path.read_text()) if path.exists() else {}
    passwords = {user: stored.get(user) or secrets.token_urlsafe(12) for user in (*USERS, RUNS)}
    if passwords != stored:
        write_secrets(path, passwords)
    path.chmod(0o600)
    for user, password in passwords.items():
        if len(password) < SHORTEST or password == WELL_KNOWN:
            raise LocalError(
                f"the password of {user} in {path} is easily guessed: write one of {SHORTEST} "
                "letters or more there, or remove the entry, and one is made"
            )
    return Logins(path, {user: passwords[user] for user in USERS}, passwords[RUNS])


def write_secrets(path: Path, passwords: Mapping[str, str]) -> None:
    """Write passwords (or other secrets) by name, in one go; the file is mode 0600."""
    replace_file(path, json.dumps(passwords).encode(), mode=0o600)
