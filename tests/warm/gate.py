"""What `python -m dags.local` and its run import and build, for a warm interpreter.

Not `dags.local.__main__` and `dags.local.once.dag_run`: these are what Python is asked to run.
"""

import importlib

from airflow.sdk.execution_time.supervisor import in_process_api_server

from dags.local import executor

COMMANDS = (
    *("dags.local.cli", "dags.local.commands", "dags.local.load", "dags.local.messages"),
    *("dags.local.once.run", "gx.files.rows", "sql.load", "airflow.dag_processing.dagbag"),
    *("mlflow.store.tracking.sqlalchemy_store", "mlflow.store.db.utils"),
)

for name in (*COMMANDS, *executor.HEAVY):
    importlib.import_module(name)
executor._rehearse()
# The API that tasks speak to in `dag.test()`: its versions take longer to build than a run takes.
# Built here, it has no thread yet that a fork would lose.
in_process_api_server().app._cadwyn_initialize()
