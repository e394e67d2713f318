"""The options that experiments share."""

import argparse
import tempfile
from pathlib import Path


def numbers(text: str) -> list[int]:
    """Read ``3,4,5``."""
    return [int(part) for part in text.split(",") if part]


def budgets(text: str) -> list[float]:
    """Read ``10,60.5,300``."""
    return [float(part) for part in text.split(",") if part]


def names(text: str) -> list[str]:
    """Read ``modified_db,reverse_kl``."""
    return text.split(",")


def seeds(text: str) -> list[int]:
    """Read seeds with commas, ``0,1,2`` or ``7,``; or their count, ``3``."""
    found = numbers(text) if "," in text else list(range(int(text)))
    if not found:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no seed: write '0,' for seed 0 alone, or how many there are"
        )
    return found


def add_run_options(
    parser: argparse.ArgumentParser, out: Path, *, several_budgets: bool = False, timed: bool = True
) -> None:
    """Add what every experiment of several runs takes; ``--seconds`` only where runs are `timed`."""
    if several_budgets:
        parser.add_argument(
            "--seconds", type=budgets, default=[60.0], help="such as 10,60,300: a run for each"
        )
    elif timed:
        parser.add_argument("--seconds", type=float, default=60.0, help="training time of a run")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    parser.add_argument("--out", type=Path, help=f"folder of the runs, tables and figures; default {out}")
    parser.add_argument("--table-only", action="store_true", help="no runs: tables and figures of those done")
    parser.add_argument("--smoke", action="store_true", help="moments of training, to see that it works")


def folder(options: argparse.Namespace, out: Path) -> Path:
    """Return where the results go: smoke runs stay out of the real ones unless told otherwise."""
    if options.out is not None:
        return options.out
    return Path(tempfile.mkdtemp(prefix=f"{out.name}-")) if options.smoke else out


def require_known(parser: argparse.ArgumentParser, option: str, given: list[str], known: list[str]) -> None:
    """End with a message where an option has a value that is not known."""
    unknown = [name for name in given if name not in known]
    if unknown:
        parser.error(f"{option} does not know {', '.join(unknown)}: choose from {', '.join(known)}")
