"""What a sweep varies: its options, on the command line, in Python or in a file."""

# ruff: noqa: RUF009  # option() makes a field

import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dag_gfn import files
from dag_gfn.errors import OptionError, shortened
from dag_gfn.fitting.options import MAX_SEED, FitOptions
from dag_gfn.fitting.reading_options import ReadingOptions
from dag_gfn.options import (
    Names,
    Numbers,
    Option,
    OptionGroup,
    Settings,
    one_of,
    option,
    options_of,
    settings,
    unexpected_keyword,
    whole,
)

MAX_GRID_BYTES = 1_000_000
NOT_VARIED = {
    "seed": "seeds",
    "score": "scores",
    "prior": "priors",
    "n_jobs": "--jobs of dag-gfn sweep run",
    "exact_check": "nothing: it changes no probability",
}
"""Options of a fit that `vary` does not take, and what is said instead."""
NOTHING = {"default", "null", "none", "None", "~"}
"""How an option's default is written among values on the command line."""


@dataclass(frozen=True)
class GridOptions(OptionGroup, panel="The sweep"):
    """What a sweep varies. What is None is chosen by the table.

    Examples
    --------
    >>> from dag_gfn.sweep.grid import GridOptions
    >>> GridOptions(scores=["bge", "bic"], vary={"max_parents": [None, 3]}).bootstraps_of
    'base'
    """

    grid: str | None = option(
        None,
        "YAML file of the grid.",
        details="Its keys are those of this group, and `base` for options of every fit.",
        metavar="FILE",
        first=True,
    )
    scores: Names | None = option(
        None, "Scores to compare; default those that go with the table.", first=True
    )
    priors: Names | None = option(
        None, "Priors over graphs to compare; default uniform, erdos_renyi and fair.", first=True
    )
    vary: Settings | None = option(
        None,
        "Option of fit and its values, as alpha_w=20,40 or missing=impute,drop.",
        details="The word default stands for the option's own default.",
        check=settings,
        metavar="NAME=A,B,..",
        first=True,
    )
    bootstraps: int | None = option(
        None,
        "Resamples of the rows; default 20, or 10 where fits are long.",
        check=whole(0, 100_000),
        first=True,
    )
    bootstraps_of: str = option(
        "base", "What is fitted to the resamples: the base setting or all.", check=one_of("base", "all")
    )
    bootstrap_seed: int = option(0, "Seed of the resamples.", check=whole(0, MAX_SEED))
    seeds: Numbers | None = option(None, "Seeds of the fits, where these draw.")
    design: str | None = option(
        None,
        "Every combination, or one change of the base at a time.",
        details="By default every combination where something was asked for.",
        check=one_of("product", "one_at_a_time"),
    )


def read_grid(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what a grid file holds, by the names of `GridOptions`, and `base`.

    Raises
    ------
    OptionError
        If it cannot be read, holds nothing, or has a key that is no option.

    Examples
    --------
    >>> from pathlib import Path
    >>> from dag_gfn.sweep.grid import read_grid
    >>> _ = Path("grid.yaml").write_text("scores: [bge, bic]\\nvary:\\n  max_parents: [null, 3]\\n")
    >>> read_grid("grid.yaml")
    {'scores': ['bge', 'bic'], 'vary': {'max_parents': [None, 3]}}
    """
    import yaml

    if not os.path.lexists(path):
        raise OptionError(f"there is no grid file '{path}'")
    try:
        content = yaml.safe_load(files.read_text(Path(path), MAX_GRID_BYTES))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        told = " ".join(str(getattr(error, "strerror", None) or error).split())
        raise OptionError(f"the grid file '{path}' cannot be read: {shortened(told)}") from error
    known = [*options_of(GridOptions), "base"]
    known.remove("grid")
    if not isinstance(content, Mapping) or not content:
        raise OptionError(
            f"the grid file '{path}' has no grid in it: expected keys such as scores, priors, vary, bootstraps"
        )
    for key in content:
        if key not in known:
            said = unexpected_keyword("grid", str(key), known).partition(": ")[2]
            raise OptionError(
                f"the grid file '{path}' has the key '{shortened(str(key), 60)}', which is none of "
                f"{', '.join(known)}: {said.partition(';')[0]}"
                if said.startswith("did")
                else f"the grid file '{path}' has the key '{shortened(str(key), 60)}': expected {', '.join(known)}"
            )
    return dict(content)


def varied_options() -> dict[str, Option]:
    """Return the options that a sweep can vary: those of a fit, and of how its table is read.

    Examples
    --------
    >>> from dag_gfn.sweep.grid import varied_options
    >>> {"alpha_w", "max_parents", "missing", "margins"} <= set(varied_options())
    True
    """
    known = options_of(FitOptions) | options_of(ReadingOptions)
    return {name: each for name, each in known.items() if name not in NOT_VARIED}


def values_of(name: str, given: Any) -> list[Any]:
    """Return the values of one option that a sweep varies, without repetitions; None is the option's default.

    Parameters
    ----------
    name : str
        Of an option of `dag_gfn.fit`, or of how a table is read.
    given : object
        A text of values separated by commas, a collection of values, or one value.

    Raises
    ------
    OptionError
        If there is no such option, no value, or one that the option cannot have.

    Examples
    --------
    >>> from dag_gfn.sweep.grid import values_of
    >>> values_of("alpha_w", "default,20,40"), values_of("missing", ["impute", "drop"])
    ([None, 20, 40], ['impute', 'drop'])
    """
    known = varied_options()
    if name in NOT_VARIED:
        raise OptionError(f"vary (--vary) does not take '{name}': use {NOT_VARIED[name]}")
    if name not in known:
        told = unexpected_keyword("vary", name, known).rpartition(": ")[2]
        advice = told if told.startswith("did you") else "dag-gfn fit --help lists the options"
        raise OptionError(f"vary (--vary) names '{shortened(name, 60)}', which is no option of fit: {advice}")
    if isinstance(given, str):
        values = [_word(part.strip()) for part in given.split(",") if part.strip()]
    elif isinstance(given, Collection) and not isinstance(given, Mapping):
        values = list(given)
    else:
        values = [given]
    found: list[Any] = []
    for value in values:
        if isinstance(value, str) and value in NOTHING and value not in known[name].choices:
            value = None
        if value is not None:
            known[name].validate(value)
        if not any(_same(value, other) for other in found):
            found.append(value)
    if not found:
        raise OptionError(f"vary (--vary) names '{name}' without a value: give some, as {name}=A,B")
    return found


def _word(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one == other
