"""`make env`: write .env from .env.example, with a secret of its own for everything that needs one.

Nothing is imported but the standard library: it runs before anything is installed.
"""

import base64
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IMAGE_UID = 50_000


def password() -> str:
    """192 random bits, in letters that need no quoting in a URL, a shell or a .env file."""
    return secrets.token_urlsafe(24)


def long_key() -> str:
    """512 random bits: what Airflow asks of the key that it signs tokens with."""
    return secrets.token_urlsafe(64)


def fernet_key() -> str:
    """32 random bytes in the form that Fernet takes."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


SECRETS: Mapping[str, Callable[[], str]] = {
    "POSTGRES_PASSWORD": password,
    "MLFLOW_TRACKING_PASSWORD": password,
    "S3_ACCESS_KEY": lambda: f"gate{secrets.token_hex(8)}",
    "S3_SECRET_KEY": password,
    "AIRFLOW_ADMIN_PASSWORD": password,
    "AIRFLOW_VIEWER_PASSWORD": password,
    "MLFLOW_ADMIN_PASSWORD": password,
    "POSTGRES_SUPERUSER_PASSWORD": password,
    "BARS_OWNER_PASSWORD": password,
    "AIRFLOW_DB_PASSWORD": password,
    "MLFLOW_DB_PASSWORD": password,
    "REDIS_PASSWORD": password,
    "AIRFLOW_FERNET_KEY": fernet_key,
    "AIRFLOW_JWT_SECRET": long_key,
    "AIRFLOW_SECRET_KEY": long_key,
    "MLFLOW_SECRET_KEY": long_key,
}
DISTRIBUTED = {
    "COMPOSE_PROFILES": "distributed",
    "AIRFLOW_EXECUTOR": "CeleryExecutor",
    "STAGING_URL": "s3://market-data-gate/staging",
}


def filled(template: str, values: Mapping[str, str]) -> str:
    """The template with these variables set; raises KeyError for one that it does not have."""
    lines, missing = [], dict(values)
    for line in template.splitlines():
        name, equals, _ = line.partition("=")
        lines.append(f"{name}={missing.pop(name)}" if equals and name in missing else line)
    if missing:
        raise KeyError(f".env.example has no {', '.join(missing)}")
    return "\n".join(lines) + "\n"


def write_env(root: Path, *, distributed: bool = False) -> Path:
    """Write ``root``/.env, mode 0600; raises FileExistsError when there is one: it has secrets."""
    values = {name: make() for name, make in SECRETS.items()}
    values |= DISTRIBUTED if distributed else {}
    values["GATE_UID"] = str(_owner(root))
    text = filled((root / ".env.example").read_text(), values)
    path = root / ".env"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    return path


def _owner(root: Path) -> int:
    """Whom the containers run as: the owner of the checkout. Root's is opened to a plain user."""
    owner = root.stat().st_uid
    if owner:
        return owner
    (root / "gx" / "history").mkdir(exist_ok=True)
    for folder in ("expectations", "history"):
        for path in (root / "gx" / folder, *(root / "gx" / folder).rglob("*")):
            os.chown(path, IMAGE_UID, -1)
    return IMAGE_UID


def main(arguments: list[str]) -> int:
    """Write .env; exit status 2 when there is one."""
    try:
        path = write_env(ROOT, distributed="--distributed" in arguments)
    except FileExistsError:
        print(
            "error: .env is there already, and holds the only copy of its secrets; "
            "move it away to have a new one",
            file=sys.stderr,
        )
        return 2
    print(f"{path} was written; only you can read it. Keep a copy where you keep secrets.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
