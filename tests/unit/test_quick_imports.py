"""A short command imports late what it seldom uses, and nobody can tell but by the clock."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SETTING = """
import gc, sys
from gx.engine.quick_imports import LATE, quick_imports
with quick_imports():
    import great_expectations.expectations as gxe
    from gx.gate.checkpoint import run_in_memory
assert 'gx.engine.quick_imports' not in {type(f).__module__ for f in sys.meta_path}
assert gc.isenabled()
def loaded():
    late = {name: sys.modules[name] for name in LATE if name in sys.modules}
    return {name for name, module in late.items() if type(module).__name__ != "_LazyModule"}
"""


def in_a_process(*lines: str) -> str:
    script = "\n".join([SETTING, *lines])
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_judging_a_file_loads_none_of_the_late_modules():
    lines = [
        "import pandas as pd",
        "from gx.suite.named import suite_path",
        "from gx.suite.read import read_suite",
        "bars = pd.read_csv('sql/sample/stock_data.csv', parse_dates=['date'])",
        "report = run_in_memory(bars, read_suite(suite_path('stock_data')), as_of='2025-11-04')",
        "assert report.rows == 46",
        "assert set(LATE) <= sys.modules.keys() and not loaded()",
        "assert 'scipy.optimize' not in sys.modules and 'altair.vegalite' not in sys.modules",
    ]
    in_a_process(*lines)


def test_whoever_uses_a_late_module_has_all_of_it():
    lines = [
        "import scipy.stats, altair, boto3",
        "from scipy.stats import norm",
        "import scipy.optimize, altair.vegalite",
        "assert norm.cdf(0) == 0.5 and scipy.stats is sys.modules['scipy.stats']",
        "assert altair.Chart is altair.vegalite.Chart and boto3.Session",
        "import scipy; assert scipy.stats.norm is norm",
        "assert loaded() == set(LATE)",
    ]
    in_a_process(*lines)


def test_the_expectation_that_needs_scipy_finds_the_same():
    lines = [
        "import json, pandas as pd",
        "from gx.engine.batches import FrameBatch, suite_of",
        "partition = {'values': ['a', 'b'], 'weights': [0.5, 0.5]}",
        "asked = gxe.ExpectColumnKLDivergenceToBeLessThan(",
        "    column='x', partition_object=partition, threshold=0.5)",
        "frame = pd.DataFrame({'x': ['a', 'a', 'a', 'b']})",
        "(found,) = FrameBatch(frame).validate(suite_of('kl', [asked])).results",
        "print(json.dumps(found.to_json_dict(), sort_keys=True))",
        "assert 'scipy.stats' in loaded()",
    ]
    late = in_a_process(*lines)
    load_all = "import importlib; [importlib.import_module(name).__doc__ for name in LATE]"
    at_once = in_a_process(load_all, *lines)
    assert late == at_once
    assert '"success": true' in late
