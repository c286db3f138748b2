"""Many symbols, in one piece and in partitions: seconds, and memory of all tasks at any time."""

import argparse
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from sql import embedded
from sql.connection import make_engine
from tests.bench.bars import generate_bars, symbol_names
from tests.bench.measure import measure
from tests.bench.partition_run import Usage, bench_run, in_partitions, whole
from tests.bench.pipeline_steps import Server, Work

SESSIONS = 2_000
PARTITION = 500
SIZES = (1_000_000, 5_000_000, 10_000_000)
WORKERS = (1, 2, 4)
DATABASE = "bench"
# What the tasks may hold together, in MB: 10,000,000 bars on one machine, at any time.
LIMIT = 4_000.0


def main(options: Sequence[str] = ()) -> int:
    """Print the table; 1 when tasks in partitions held more than the limit."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench partitions", description=__doc__)
    parser.add_argument("--rows", type=int, action="append", help="bars, 2,000 a symbol")
    parser.add_argument("--workers", type=int, action="append", help="tasks at a time")
    parser.add_argument("--only-partitions", action="store_true", help="leave out the one piece")
    chosen = parser.parse_known_args(list(options))[0]
    print(
        f"Runs in one piece and in partitions of {PARTITION} symbols; memory in MB, shared pages "
        f"counted once.\n{os.cpu_count()} cores; load {os.getloadavg()[0]:.1f}\n"
    )
    print(f"{'':32} {'seconds':>8} {'one task':>9} {'all tasks':>10} {'PostgreSQL':>11}   steps")
    most = 0.0
    for rows in chosen.rows or SIZES:
        most = max(most, _bench(rows, chosen.workers or WORKERS, pieces=not chosen.only_partitions))
    print(f"\nMost memory of all tasks in partitions, on two workers at most: {most:,.0f} MB")
    print(f"  limit {LIMIT:,.0f}   {'FAIL' if most > LIMIT else 'PASS'}")
    return int(most > LIMIT)


def load(server: Server, symbols: int) -> Work:
    """Fill stock_data, 500 symbols at a time."""
    from sql.copy_in import copy_in
    from sql.schema import create_schema
    from tests.bench.pipeline_steps import connect

    engine, names = connect(server), symbol_names(symbols)
    create_schema(engine)

    def work() -> int:
        for begin in range(0, symbols, PARTITION):
            chunk = names[begin : begin + PARTITION]
            frame = generate_bars(len(chunk), SESSIONS, seed=begin + 1)
            frame["symbol"] = np.repeat(chunk, SESSIONS)
            table = pa.Table.from_pandas(frame, preserve_index=False)
            table = table.set_column(1, "date", table["date"].cast(pa.date32()))
            table = table.set_column(6, "volume", table["volume"].cast(pa.int64()))
            with engine.begin() as connection:
                copy_in(connection, "stock_data", table)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("vacuum (analyze) stock_data")
        return symbols * SESSIONS

    return work


def _bench(rows: int, workers: Sequence[int], *, pieces: bool) -> float:
    """Bench one size; returns the most memory of all tasks in partitions on up to two workers."""
    symbols = max(1, rows // SESSIONS)
    # Not under a folder closed to others: as root the server is another user.
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    most = 0.0
    try:
        (folder / "files").mkdir()
        with embedded.start(folder / "server") as server:
            server.ensure_database(DATABASE)
            measure(load, [str(server.socket_dir), DATABASE, embedded.SUPERUSER], symbols)
            print(f"{symbols * SESSIONS:,} bars of {symbols:,} symbols", flush=True)
            if pieces:
                run = bench_run(
                    server, DATABASE, str(folder / "files"), symbols=symbols, partition=symbols
                )
                _report("  in one piece", whole(run, server), run.staging.root.path)
                _empty(server)
            first = None
            size = min(PARTITION, -(-symbols // 4))
            for count in workers:
                run = bench_run(
                    server, DATABASE, str(folder / "files"), symbols=symbols, partition=size
                )
                used = in_partitions(run, server, count)
                first = first or used
                name = f"  {-(-symbols // size)} partitions, {count} workers"
                gain = f"{first.total / used.total:.2f} times as fast as {workers[0]}"
                _report(name, used, run.staging.root.path, gain if used is not first else "")
                _empty(server)
                most = max(most, used.together if count <= 2 else 0.0)
    finally:
        shutil.rmtree(folder)
    return most


def _report(name: str, used: Usage, staged: str, gain: str = "") -> None:
    steps = ", ".join(f"{step} {seconds:.1f}" for step, seconds in used.seconds.items())
    print(
        f"{name:32} {used.total:8.1f} {used.one:9,.0f} {used.together:10,.0f} "
        f"{used.postgres:11,.0f}   {steps}  {gain}",
        flush=True,
    )
    shutil.rmtree(staged)


def _empty(server: embedded.EmbeddedServer) -> None:
    """Publish into an empty table each time."""
    engine = make_engine(server.settings(DATABASE))
    with engine.begin() as connection:
        connection.exec_driver_sql("set local session_replication_role = replica")
        connection.exec_driver_sql("truncate stock_data_enriched, stock_data_quarantine")
    engine.dispose()
