"""Checks before a release that need environments of their own: `nox`, or `nox -s wheel-3.13` for one."""

from pathlib import Path

import nox

nox.options.default_venv_backend = "uv|virtualenv"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
FOOTPRINT = Path(__file__).parent / "packaging" / "footprint.py"
FIRST_FIT = """
import dag_gfn
posterior = dag_gfn.fit(dag_gfn.load_example("wine"), progress=False)
print(posterior.edge_table().head(3))
"""


@nox.session(python=PYTHONS)
def wheel(session: nox.Session) -> None:
    """Install only the wheel, fit a table, and tell what it takes beside pgmpy and causal-learn; then its extras."""
    folder = session.create_tmp()
    session.install("build", "packaging", "causal-learn")
    session.run("python", "-m", "build", "--wheel", "--outdir", folder)
    (built,) = Path(folder).glob("*.whl")
    session.install(str(built))
    session.chdir(folder)  # or `dag_gfn` would be the folder of that name
    for extra in ("", "[all]"):
        session.install(f"dag-gfn{extra} @ {built.resolve().as_uri()}")
        session.run("python", "-W", "ignore", "-c", FIRST_FIT)
        session.run("dag-gfn", "fit", "--example", "wine", "--out", "posterior", "--overwrite", "--quiet")
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
