"""What a database, a folder or a dataset's file can say, as what a page says."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from sqlalchemy.exc import SQLAlchemyError

from dags.errors import RequestError, StagingError
from gx.errors import DatasetError, GateError
from sql.errors import BarStoreError


@contextmanager
def refusals_as(
    error: type[GateError], *, first: type[BarStoreError], conflict: type[GateError]
) -> Iterator[None]:
    """Raise ``error`` for whatever goes wrong, and ``conflict`` where somebody was ``first``."""
    try:
        yield
    except first as found:
        raise conflict(str(found)) from None
    except (BarStoreError, RequestError, DatasetError, StagingError) as found:
        raise error(str(found)) from None
    except (SQLAlchemyError, psycopg2.Error) as found:
        said = str(getattr(found, "orig", found)).strip().partition("\n")[0]
        raise error(f"the database refuses this: {said}") from None
