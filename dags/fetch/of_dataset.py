"""A fetch as the settings say: where the gateway is, and where the bars go."""

from collections.abc import Callable, Sequence

from dags.fetch.gateway import Address
from dags.fetch.work import Fetched, Progress, fetch
from dags.run.settings import Settings
from gx.dataset.model import Dataset
from sql.connection import connected


def fetch_dataset(
    dataset: Dataset,
    symbols: Sequence[str],
    settings: Settings,
    *,
    run_id: str,
    first_minutes: float | None = None,
    told: Callable[[Progress], None] = lambda _: None,
) -> Fetched:
    """Bring these symbols (none: all) up to date; raises as `fetch` does, and DatabaseLostError.

    ``first_minutes``: how long a gateway is waited for that is not there; None: IB_RETURN_MINUTES.
    """
    address = Address(
        settings.ib_host,
        settings.ib_port,
        settings.ib_client_id,
        settings.ib_answer_seconds,
        60 * settings.ib_return_minutes,
        None if first_minutes is None else 60 * first_minutes,
    )
    with connected(settings.bars()) as engine:
        return fetch(dataset, symbols, engine=engine, address=address, run_id=run_id, told=told)
