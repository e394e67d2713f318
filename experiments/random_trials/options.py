"""Options of a fit, drawn at random: mostly sensible, some of them wrong."""

import csv
import io
from dataclasses import dataclass, field

import numpy as np

from random_trials.contents import Wanted
from random_trials.tables import Table

MOST_EXACT = 12
"""Columns up to which a fit without a method is quick."""

ODD_OPTIONS: tuple[tuple[str, ...], ...] = (
    ("--num-samples", "0"),
    ("--num-samples", "1000000000000"),
    ("--num-samples", "many"),
    ("--time-budget", "inf"),
    ("--time-budget", "nan"),
    ("--time-budget", "-1"),
    ("--time-budget", "1e308"),
    ("--seed", "-1"),
    ("--seed", "99999999999999999999"),
    ("--iterations", "-3"),
    ("--max-parents", "-1"),
    ("--max-parents", "100"),
    ("--equivalent-sample-size", "0"),
    ("--equivalent-sample-size", "-1"),
    ("--equivalent-sample-size", "nan"),
    ("--equivalent-sample-size", "inf"),
    ("--equivalent-sample-size", "1e-300"),
    ("--equivalent-sample-size", "1e300"),
    ("--score", "aic"),
    ("--method", "bootstrap"),
    ("--prior", "sparse"),
    ("--missing", "impute"),
    ("--required", "a"),
    ("--required", "a:a"),
    ("--required", "a:nowhere"),
    ("--forbidden", ":::"),
    ("--columns", ""),
    ("--columns", "nowhere"),
    ("--drop", "z" * 400),
    ("--discrete", "nowhere"),
    ("--device", "quantum"),
    ("--objective", "best"),
    ("--train-option", "learning_rate"),
    ("--train-option", "learning_rate=nan"),
    ("--objective-option", "x=1"),
    ("--resume",),
    ("--no-such-option",),
    ("--example", "wine"),
    ("--max-parents", "1e3"),
)


@dataclass
class Options:
    """Arguments after `fit TABLE --out OUT`, and what they ask for."""

    arguments: list[str] = field(default_factory=list)
    wanted: Wanted = field(default_factory=Wanted)
    quiet: bool = False
    plain: bool = False


def clean_options(rng: np.random.Generator, table: Table) -> Options:
    """Return options under which other code can score a clean table: an exact fit, BGe or BDeu."""
    arguments = ["--method", "exact"] if rng.random() < 0.5 else []
    if table.kind == "discrete" and rng.random() < 0.4:
        arguments += ["--equivalent-sample-size", str(rng.choice(["0.5", "3", "10"]))]
    if rng.random() < 0.3:
        arguments += ["--prior", "fair"]
    arguments += ["--num-samples", "50"]
    required, forbidden, max_parents = _constraints(rng, table.names, 0.3)
    arguments += _constraint_arguments(required, forbidden, max_parents)
    return Options(arguments, Wanted(required, forbidden, max_parents), plain=True)


def any_options(rng: np.random.Generator, table: Table) -> Options:
    """Return options for a table of any kind."""
    arguments = ["--num-samples", str(rng.choice(["1", "7", "50", "50", "200", "2000"]))]
    names = [name for name in table.names if name.strip()]
    wanted = Wanted()
    wide = table.width > MOST_EXACT
    if wide and len(names) > 5 and rng.random() < 0.85:
        chosen = rng.choice(len(names), size=4, replace=False)
        arguments += ["--columns", _as_list([names[k] for k in chosen])]
        arguments += ["--max-parents", "2"] if rng.random() < 0.5 else []
    elif wide:
        arguments += ["--method", "mcmc", "--iterations", "200", "--max-parents", "2"]
    else:
        arguments += _method(rng)
        required, forbidden, max_parents = _constraints(rng, names, 0.2)
        arguments += _constraint_arguments(required, forbidden, max_parents)
        wanted = Wanted(required, forbidden, max_parents)
    for chance, choices in (
        (0.15, ("bge", "bdeu", "bde", "bic", "linear_gaussian")),
        (0.2, ("uniform", "edge", "erdos_renyi", "fair")),
    ):
        if rng.random() < chance:
            arguments += ["--score" if "bge" in choices else "--prior", str(rng.choice(choices))]
    if names and not wide:
        for option, chance in (("--columns", 0.05), ("--drop", 0.08), ("--discrete", 0.08)):
            if rng.random() < chance:
                size = int(rng.integers(1, len(names) + 1))
                arguments += [
                    option,
                    _as_list([names[k] for k in rng.choice(len(names), size, replace=False)]),
                ]
    if "--discrete" not in arguments and rng.random() < (0.7 if table.labelled else 0.05):
        arguments += ["--discrete", "all"]
    arguments += ["--missing", "drop"] if rng.random() < 0.35 else []
    arguments += [str(rng.choice(["--standardize", "--no-standardize"]))] if rng.random() < 0.2 else []
    arguments += ["--seed", str(rng.integers(2**31))] if rng.random() < 0.3 else []
    arguments += ["--order-modular"] if rng.random() < 0.04 else []
    if rng.random() < 0.05:
        arguments += ["--equivalent-sample-size", str(rng.choice(["0.01", "1", "100"]))]
    report = rng.random() < 0.04
    arguments += ["--report"] if report else []
    arguments += ["--overwrite"] if rng.random() < 0.2 else []
    quiet = bool(rng.random() < 0.3)
    arguments += ["--quiet"] if quiet else []
    if rng.random() < 0.06:
        arguments += ODD_OPTIONS[rng.integers(len(ODD_OPTIONS))]
    wanted = Wanted(wanted.required, wanted.forbidden, wanted.max_parents, report)
    return Options(arguments, wanted, quiet)


def _method(rng: np.random.Generator) -> list[str]:
    luck = rng.random()
    if luck < 0.012:
        return ["--method", "gflownet", "--iterations", str(rng.choice([1, 5])), "--no-exact-check"]
    if luck < 0.06:
        return ["--method", "mcmc", "--iterations", str(rng.choice([1, 50, 500]))]
    return ["--method", str(rng.choice(["exact", "auto"]))] if luck < 0.4 else []


Pairs = tuple[tuple[str, str], ...]


def _constraints(
    rng: np.random.Generator, names: list[str], chance: float
) -> tuple[Pairs, Pairs, int | None]:
    """Return required and forbidden edges, which may contradict one another, and a largest number of parents."""
    pairs = [(a, b) for a in names for b in names if a != b]
    found: list[Pairs] = []
    for _ in range(2):
        size = int(rng.integers(1, 3)) if pairs and rng.random() < chance else 0
        found.append(tuple(pairs[k] for k in rng.choice(len(pairs), size, replace=True)) if size else ())
    max_parents = int(rng.integers(0, 4)) if rng.random() < chance else None
    return found[0], found[1], max_parents


def _constraint_arguments(required: Pairs, forbidden: Pairs, max_parents: int | None) -> list[str]:
    arguments = [] if max_parents is None else ["--max-parents", str(max_parents)]
    for option, pairs in (("--required", required), ("--forbidden", forbidden)):
        for source, target in pairs:
            arguments += [option, f"{source}:{target}"]
    return arguments


def _as_list(names: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(names)
    return text.getvalue()
