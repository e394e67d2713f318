"""What was set and which contexts there were, and what that changes, in words."""

import math
from typing import NamedTuple

from dag_gfn.data.messages import listed, one_line
from dag_gfn.posterior import GraphPosterior
from dag_gfn.views.pairs import LIKELY, UNLIKELY, Pair, pairs

MAX_SETS = 12
"""Sets of variables that were set together which are named; others are counted."""


class Change(NamedTuple):
    """How probable it is that a context changes the mechanism of a variable.

    Attributes
    ----------
    context, variable : str
    probability, error : float
        With its Monte-Carlo standard error; nan where not known.

    Examples
    --------
    >>> from dag_gfn.views.experiments import Change
    >>> Change("batch", "weight", 0.97, 0.0).probability
    0.97
    """

    context: str
    variable: str
    probability: float
    error: float


def changes(posterior: GraphPosterior) -> list[Change]:
    """Return for each context, in order, its changes of all variables, the most probable first.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> from dag_gfn.views.experiments import changes
    >>> graphs = np.array([[[False, True], [False, False]], [[False, False], [False, False]]])
    >>> info = {"contexts": ["batch"]}
    >>> posterior = GraphPosterior.from_weights(("batch", "x"), graphs, np.log([0.75, 0.25]), info=info)
    >>> [(change.variable, round(change.probability, 2)) for change in changes(posterior)]
    [('x', 0.75)]
    """
    contexts, marginal = posterior.experiments.contexts, posterior.marginal("edge")
    errors = marginal.errors()
    found = []
    for context in contexts:
        i = posterior.names.index(context)
        of_context = [
            Change(context, name, float(marginal.values[i, j]), float(errors[i, j]))
            for j, name in enumerate(posterior.names)
            if name not in contexts
        ]
        found += sorted(of_context, key=lambda change: -change.probability)
    return found


def variable_pairs(posterior: GraphPosterior) -> list[Pair]:
    """Return the pairs of variables, without contexts, most likely linked first; see `pairs`.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> from dag_gfn.views.experiments import variable_pairs
    >>> graphs, info = np.zeros((1, 3, 3), dtype=bool), {"contexts": ["batch"]}
    >>> len(variable_pairs(GraphPosterior.from_samples(("batch", "x", "y"), graphs, info=info)))
    1
    """
    contexts = {posterior.names.index(name) for name in posterior.experiments.contexts}
    return [pair for pair in pairs(posterior) if not {pair.a, pair.b} & contexts]


def experiment_sentences(posterior: GraphPosterior) -> list[str]:
    """Return what was set in how many rows, and what each context changes; empty without experiments.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> from dag_gfn.views.experiments import experiment_sentences
    >>> info = {"interventions": [{"nodes": ["a"], "rows": 80}, {"nodes": [], "rows": 200}]}
    >>> posterior = GraphPosterior.from_samples(("a", "b"), np.zeros((2, 2, 2), dtype=bool), info=info)
    >>> experiment_sentences(posterior)[0]
    "Experiments: 'a' was set in 80 rows; nothing was set in 200 rows."
    """
    experiments, told = posterior.experiments, []
    if experiments.targets:
        sets = [(nodes, rows) for nodes, rows in experiments.targets if nodes]
        free = sum(rows for nodes, rows in experiments.targets if not nodes)
        named = [
            f"{_names(nodes)} {'was' if len(nodes) == 1 else 'were'} set in {_rows(rows)}"
            for nodes, rows in sets
        ]
        without = f"nothing was set in {_rows(free)}" if free else "there is no row without"
        told.append(f"Experiments: {listed(named, MAX_SETS)}; {without}.")
        text = (
            "A row in which a variable was set says nothing about the causes of this variable. An edge between a "
            "variable that was set and one that was not is oriented by the experiment."
        )
        always = [name for name in posterior.names if all(name in nodes for nodes, _ in experiments.targets)]
        if always:
            text += (
                f" {_names(always)} {'was' if len(always) == 1 else 'were'} set in every row: what acts on "
            )
            text += f"{'it' if len(always) == 1 else 'them'}, these data cannot say."
        told.append(text)
    every = changes(posterior)
    for context in experiments.contexts:
        of_context = [change for change in every if change.context == context]
        likely = [_likely(change) for change in of_context if change.probability >= LIKELY]
        unsure = [_likely(change) for change in of_context if UNLIKELY <= change.probability < LIKELY]
        text = f"Context '{one_line(context, 40)}': "
        text += (
            f"changes how {listed(likely, 30)} {'come' if len(likely) > 1 else 'comes'} about"
            if likely
            else "no variable is likely to come about otherwise"
        )
        if unsure:
            text += f"; possibly {listed(unsure, 30)}"
        rest = len(of_context) - len(likely) - len(unsure)
        if rest:
            text += f"; {'the others' if likely or unsure else 'all'} less than {UNLIKELY:g}"
        told.append(text + ".")
    if experiments.contexts:
        told.append(
            "A probability beside a variable is that of a direct change: that given its causes it comes about "
            "otherwise in some level of the context. A change that causes pass on is none."
        )
    return told


def _likely(change: Change) -> str:
    error = f" ± {change.error:.1g}" if change.error > 0 and not math.isnan(change.error) else ""
    return f"'{one_line(change.variable, 40)}' ({change.probability:.3f}{error})"


def _names(nodes: tuple[str, ...] | list[str]) -> str:
    return listed([f"'{one_line(name, 40)}'" for name in nodes])


def _rows(count: int) -> str:
    return f"{count:,} row{'s' if count != 1 else ''}"
