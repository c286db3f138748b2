"""Who may log in to the desk: made once, kept where only their owner can read them."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# Role by user, in the form of Airflow's SimpleAuthManager.
USERS = {"admin": "admin", "viewer": "viewer"}


@dataclass(frozen=True)
class Logins:
    """The file that Airflow reads its passwords from, and what is in it."""

    path: Path
    passwords: dict[str, str]


def logins(path: Path) -> Logins:
    """The passwords in ``path``; users that have none yet are given one. The file is mode 0600."""
    kept = json.loads(path.read_text()) if path.exists() else {}
    passwords = {user: kept.get(user) or secrets.token_urlsafe(12) for user in USERS}
    if passwords != kept:
        keep(path, passwords)
    path.chmod(0o600)
    return Logins(path, passwords)


def keep(path: Path, passwords: Mapping[str, str]) -> None:
    """Write the passwords by user, in one go; the file is mode 0600."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(json.dumps(passwords))
    new.rename(path)
