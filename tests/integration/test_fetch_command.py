"""`gate fetch` in a terminal: what it says, and that Ctrl-C ends it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dags.run.settings import ROOT
from tests.desk import free_ports
from tests.ib_gateway import Rule, demo_bars, gateway

FEED = """
source: {schema: feed, table: bars}
suite: stock_data
calendar: XNYS
symbols: "*"
publish: fed
fetch: {since: 2026-01-02, contracts: [{symbol: AAA}, {symbol: BBB}]}
"""


# The command, with the datasets of a folder.
GATE = """
import sys
from pathlib import Path
from gx import project
project.DATASETS = Path(sys.argv.pop(1))
from dags.local.__main__ import main
sys.exit(main())
"""


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a dataset, and room for what the command makes."""
    folder = tmp_path_factory.mktemp("fetch")
    (folder / "feed.yml").write_text(FEED)
    return folder


def fetching(var: Path, port: int, *options: str) -> subprocess.Popen[str]:
    command = (sys.executable, "-c", GATE, str(var), "--var", str(var / "var"))
    return subprocess.Popen(
        [*command, "fetch", "--dataset", "feed", *options],
        cwd=ROOT,
        env={**os.environ, "IB_PORT": str(port)},
        stderr=subprocess.PIPE,
        text=True,
    )


def test_ctrl_c_ends_the_wait_for_a_gateway_without_a_trace(var: Path):
    (port,) = free_ports(1)
    with fetching(var, port, "--wait", "1") as begun:
        assert begun.stderr is not None
        said = begun.stderr.readline()
        assert f"no TWS or IB Gateway at 127.0.0.1:{port}: nobody listens there. Start it" in said
        assert "trying again for " in said
        begun.send_signal(signal.SIGINT)
        assert begun.stderr.read() == "stopped\n"
    assert begun.returncode == 130


def test_ctrl_c_ends_a_fetch_without_a_trace(var: Path):
    """Pressed twice, while requests are open."""
    silent = gateway(demo_bars(("AAA", "BBB"), years=1), script=[Rule("silence")])
    with silent as running, fetching(var, running.port) as begun:
        while not running.history():
            assert begun.poll() is None
            time.sleep(0.05)
        begun.send_signal(signal.SIGINT)
        begun.send_signal(signal.SIGINT)
        assert begun.stderr is not None
        assert begun.stderr.read() == "stopped\n"
    assert begun.returncode == 130
