"""Where PyTorch is absent or broken, everything but GFlowNets works."""

import subprocess
import sys

import pytest

PROGRAM = """
import builtins, importlib.util, sys
absent = {absent}
plain, found = builtins.__import__, importlib.util.find_spec

def without(name, *rest, **more):
    if name.split(".")[0] == "torch":
        raise {error}
    return plain(name, *rest, **more)

builtins.__import__ = without
importlib.util.find_spec = lambda name, *rest: None if absent and name == "torch" else found(name, *rest)
import numpy as np
import dag_gfn
from dag_gfn.fitting.method_choice import method_for
print(method_for(40, 1000).name)
data = dag_gfn.simulate(3, 50, rng=np.random.default_rng(0))
dag_gfn.fit(data, progress=False).save("kept")
print(dag_gfn.load("kept").probability("edge(x0, x1)").source)
try:
    dag_gfn.fit(data, method="gflownet", progress=False)
except dag_gfn.OptionError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("absent", "error", "method", "reason"),
    [
        (True, 'ImportError("No module named torch")', "mcmc", "(No module named torch)"),
        (False, 'OSError("libtorch.so: cannot open shared object file")', "gflownet", "cannot open shared"),
    ],
    ids=["absent", "broken"],
)
def test_all_but_gflownets_works(tmp_path, absent, error, method, reason):
    program = PROGRAM.format(absent=absent, error=error)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    chosen, source, message = done.stdout.splitlines()
    assert chosen == method
    assert source == "exact"
    assert "GFlowNets need PyTorch, which cannot be loaded" in message
    assert reason in message
    assert "--method mcmc" in message
