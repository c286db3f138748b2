"""`gate fetch` in a terminal: what it says, and that Ctrl-C ends it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from dags.run.settings import ROOT
from tests.desk import free_ports

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


def test_ctrl_c_ends_the_wait_for_a_gateway_without_a_trace(tmp_path: Path):
    (tmp_path / "feed.yml").write_text(FEED)
    (port,) = free_ports(1)
    command = (sys.executable, "-c", GATE, str(tmp_path), "--var", str(tmp_path / "var"))
    with subprocess.Popen(
        [*command, "fetch", "--dataset", "feed", "--wait", "5"],
        cwd=ROOT,
        env={**os.environ, "IB_PORT": str(port)},
        stderr=subprocess.PIPE,
        text=True,
    ) as fetching:
        assert fetching.stderr is not None
        said = fetching.stderr.readline()
        assert f"no TWS or IB Gateway at 127.0.0.1:{port}: nobody listens there. Start it" in said
        assert "trying again for 300 s" in said
        fetching.send_signal(signal.SIGINT)
        assert fetching.stderr.read() == "stopped\n"
    assert fetching.returncode == 130
