"""The command dag-gfn, a file for each of its commands."""

from dag_gfn.cli.program import main, run

__all__ = ["main", "run"]
