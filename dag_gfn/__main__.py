"""python -m dag_gfn is the command dag-gfn."""

from dag_gfn.cli import run

run()
