"""The keys that steps sign their records with (see dags.staging.run_folder)."""

import hmac

from airflow.configuration import conf

from dags.errors import StagingError
from dags.run.settings import Settings

SHORTEST = 32
_PURPOSE = b"market data gate: records of steps"


def seal_keys(settings: Settings) -> tuple[bytes, ...]:
    """Keys made of SEAL_KEY or, without it, of Airflow's Fernet key, which its workers share.

    Either may be `NEW,OLD` while it is being replaced. Raises StagingError when there is neither,
    or it could be guessed.
    """
    given = settings.seal_key.get_secret_value() or conf.get("core", "fernet_key", fallback="")
    secrets = [secret.strip() for secret in given.split(",")]
    if min(map(len, secrets)) < SHORTEST:
        found = f"of {SHORTEST} letters or more" if given else "at all"
        raise StagingError(
            f"there is no key {found} to sign the records of steps with: set SEAL_KEY, or "
            "Airflow's core.fernet_key, to the same secret on all workers"
        )
    return tuple(hmac.digest(secret.encode(), _PURPOSE, "sha256") for secret in secrets)
