"""Checks before a release that need environments of their own: `nox`, or `nox -s wheel-3.13` for one."""

from pathlib import Path

import nox

nox.options.default_venv_backend = "virtualenv"  # it has pip, which builds the wheel
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
FOOTPRINT = Path(__file__).parent / "packaging" / "footprint.py"
FIRST_FIT = """
import dag_gfn
posterior = dag_gfn.fit(dag_gfn.load_example("wine"), progress=False)
print(posterior.edge_table().head(3))
"""


@nox.session(python=PYTHONS)
def wheel(session: nox.Session) -> None:
    """Fit a table with the wheel alone, then with its extras; tell what it takes beside pgmpy and causal-learn."""
    folder = Path(session.create_tmp()).resolve()
    session.run("python", "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), ".")
    (built,) = folder.glob("dag_gfn-*.whl")
    session.chdir(folder)  # or `dag_gfn` would be the folder of that name
    for extra in ("", "[all]"):
        session.install(f"dag-gfn{extra} @ {built.as_uri()}")
        session.run("python", "-W", "ignore", "-c", FIRST_FIT)
        session.run("dag-gfn", "fit", "--example", "wine", "--out", "posterior", "--overwrite", "--quiet")
    session.install("causal-learn", "packaging")
    session.run("python", str(FOOTPRINT), "dag_gfn=dag-gfn", "pgmpy", "causallearn=causal-learn")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests on one Python."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", "-n", "auto", "--dist", "worksteal", *session.posargs)


@nox.session(python="3.11", venv_backend="uv")
def lowest(session: nox.Session) -> None:
    """Run the tests with the oldest dependencies that pyproject.toml admits."""
    session.run("uv", "pip", "install", "--resolution", "lowest-direct", "-e", ".[test]", external=True)
    session.run("python", "-m", "pytest", "-n", "auto", "--dist", "worksteal", *session.posargs)
