"""Starting is quick: importing the package, and asking the command for help, load no library that is slow to load."""

import subprocess
import sys

import pytest

import dag_gfn

SLOW = ("numpy", "numba", "pandas", "scipy", "matplotlib", "networkx", "arviz", "sklearn", "pgmpy", "torch")


def loaded_by(code):
    """Return the slow libraries that a new interpreter has loaded after some code."""
    told = f"import sys\n{code}\nprint('loaded:', *[name for name in {SLOW!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("loaded:")[2].split())


def test_importing_the_package_loads_no_library():
    assert loaded_by("import dag_gfn; dag_gfn.__version__; dir(dag_gfn)") == set()


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["fit", "--help"], ["effect", "--help"]])
def test_asking_the_command_for_help_loads_no_library(arguments):
    assert loaded_by(f"from dag_gfn.cli import main\nmain({arguments!r})") == set()


def test_the_check_sees_what_a_first_use_loads():
    assert {"numpy", "pandas"} <= loaded_by("import dag_gfn; dag_gfn.read_csv")


def test_every_public_name_can_be_had():
    assert all(getattr(dag_gfn, name) is not None for name in dag_gfn.__all__)
    assert {*dag_gfn.__all__} <= {*dir(dag_gfn)}
    assert len({*dag_gfn.__all__}) == len(dag_gfn.__all__)


def test_a_wrong_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="fitt"):
        dag_gfn.fitt  # noqa: B018
