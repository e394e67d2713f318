"""Draws over graphs: which variable is meant, quantiles, and the Markov equivalence class of every draw."""

import difflib
from collections.abc import Iterator, Sequence
from numbers import Integral
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn.errors import OptionError
from dag_gfn.graphs import graph
from dag_gfn.posterior import GraphPosterior

QUANTILES = {"5%": 0.05, "50%": 0.5, "95%": 0.95}
"""The columns that every summary has: the median between the ends of a central 90 % interval."""


class EquivalenceClass(NamedTuple):
    """The draws whose graphs the data alone cannot tell apart.

    Attributes
    ----------
    edges : str
        Of the class: a → b where all its graphs agree, a — b where they do not.
    probability : float
        Share of the draws.
    draws : ndarray, shape (k,), bool
        Which draws these are.
    """

    edges: str
    probability: float
    draws: Bool[np.ndarray, " k"]


def equivalence_classes(
    graphs: Bool[np.ndarray, "k d d"], names: Sequence[str], *, top: int
) -> Iterator[EquivalenceClass]:
    """Yield the Markov equivalence classes of drawn graphs, most probable first, at most `top`.

    Parameters
    ----------
    graphs : ndarray, shape (k, d, d), bool
        `graphs[s, i, j]` is True for the edge i → j (row → column) of draw s.
    names : sequence of str, length d
    top : int
    """
    first, drawn = graph.distinct(graphs)
    classes = graph.cpdag(graphs[first])
    representative, class_of = graph.distinct(classes)
    class_of = class_of[drawn]
    sizes = np.bincount(class_of)
    for c in np.argsort(-sizes, kind="stable")[:top]:
        adjacency = classes[representative[c]]
        edges = [
            f"{names[i]} {'—' if adjacency[j, i] else '→'} {names[j]}"
            for i, j in np.argwhere(adjacency)
            if i < j or not adjacency[j, i]
        ]
        yield EquivalenceClass(", ".join(edges), float(sizes[c] / len(graphs)), class_of == c)


def draw_graphs(
    posterior: GraphPosterior, num_draws: int, rng: np.random.Generator
) -> Bool[np.ndarray, "k d d"]:
    """Return graphs drawn by weight; entry (s, i, j) is True for i → j in draw s."""
    if not (isinstance(num_draws, Integral) and num_draws > 0):
        raise OptionError(f"num_draws must be positive and whole, not {num_draws}")
    return posterior.sample_adjacency(int(num_draws), rng=rng)


def no_path(posterior: GraphPosterior) -> Float64[np.ndarray, "d d"]:
    """Return the probability that j does not descend from i (row i, column j)."""
    return np.clip(1.0 - posterior.marginal("path").values, 0.0, 1.0)


def node_index(names: Sequence[str], name: str) -> int:
    """Return the position of a variable; an unknown one is an error that names those there are."""
    if name in names:
        return list(names).index(name)
    near = difflib.get_close_matches(str(name), names, n=1)
    hint = f"did you mean '{near[0]}'? The columns are" if near else "the columns are"
    raise OptionError(f"there is no column '{name}': {hint} {', '.join(names)}")


def pair_index(names: Sequence[str], source: str, target: str) -> tuple[int, int]:
    """Return the positions of two different variables."""
    pair = node_index(names, source), node_index(names, target)
    if pair[0] == pair[1]:
        raise OptionError(f"an effect is of one column on another, not of '{source}' on itself: name two")
    return pair


def spread(samples: Float64[np.ndarray, " k"]) -> dict[str, float]:
    """Return mean and quantiles of draws, by the names of the summaries' columns."""
    return {
        "mean": float(samples.mean()),
        **dict(zip(QUANTILES, np.quantile(samples, list(QUANTILES.values())).tolist(), strict=True)),
    }


def central_interval(samples: Float64[np.ndarray, " k"], level: float) -> tuple[float, float]:
    """Return the ends of the central interval that holds this share of the draws."""
    if not 0.0 < level < 1.0:
        raise OptionError(f"level must lie between 0 and 1, not {level}")
    low, high = np.quantile(samples, [0.5 - level / 2, 0.5 + level / 2]).tolist()
    return low, high
