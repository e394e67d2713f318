"""The point estimate of the PC algorithm of causal-learn: a partly directed graph by tests of independence."""

import importlib
import warnings
from typing import Any

import numpy as np
from jaxtyping import Bool

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.row_weights import can_repeat_rows, repeat_rows
from dag_gfn.errors import DataError, OptionError

TESTS = {"continuous": "fisherz", "discrete": "gsq"}
"""The test of independence for each kind of columns: partial correlations, and the G² of contingency tables."""


def require_pc(data: Dataset) -> None:
    """Raise OptionError where causal-learn is not installed, or PC does not take the data.

    Parameters
    ----------
    data : Dataset

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.baselines.constraint_search import require_pc
    >>> require_pc(dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 3))))
    """
    try:
        importlib.import_module("causallearn")
    except ModuleNotFoundError as error:
        raise OptionError(
            "point_estimator='pc' (--point-estimator pc) is that of causal-learn, which is not installed: pip install "
            "causal-learn, or choose hill_climbing or ges"
        ) from error
    why = None
    if data.kind not in TESTS or data.groups:
        why = "has tests for numbers alone and for categories alone"
    elif data.contexts or data.intervened is not None:
        why = "does not know of experiments"
    elif not can_repeat_rows(data):
        why = "needs rows, whose weights are counts"
    if why is not None:
        raise OptionError(
            f"the PC algorithm {why}: choose point_estimator='hill_climbing' (--point-estimator hill_climbing)"
        )


def constraint_search(
    data: Dataset,
    *,
    significance_level: float | int,
    possible: Bool[np.ndarray, "d d"],
    required: Bool[np.ndarray, "d d"],
) -> Bool[np.ndarray, "d d"]:
    """Return the partly directed graph that PC finds.

    Parameters
    ----------
    data : Dataset
        Numbers alone or categories alone.
    significance_level : float
        Of each test; a link stays where none is below it.
    possible, required : ndarray, shape (d, d), bool
        What is known: ``[i, j]`` is about i → j (row → column). PC is told; whether its graph complies is for the
        caller to see to (:func:`dag_gfn.baselines.extensions.extension`).

    Returns
    -------
    ndarray, shape (d, d), bool
        i → j: only ``[i, j]`` is True. i – j, and edges on which tests contradict each other: both are.

    Raises
    ------
    DataError
        If the tests fail, as where columns are collinear.

    References
    ----------
    Spirtes, Glymour and Scheines, "Causation, prediction, and search", MIT Press 2000, section 5.4.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.baselines.constraint_search import constraint_search
    >>> a, c = np.random.default_rng(0).normal(size=(2, 200))
    >>> data = dag_gfn.from_array(np.column_stack([a, a + c, c]))
    >>> anything, nothing = ~np.eye(3, dtype=bool), np.zeros((3, 3), dtype=bool)
    >>> constraint_search(data, significance_level=0.05, possible=anything, required=nothing).astype(int).tolist()
    [[0, 1, 0], [0, 0, 0], [0, 1, 0]]
    """
    search = importlib.import_module("causallearn.search.ConstraintBased.PC")
    rows = repeat_rows(data).values
    known = _background(possible, required)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about few rows, which fit itself has told
        try:
            found = search.pc(
                rows if data.kind == "continuous" else rows.astype(np.int64),
                significance_level,
                TESTS[data.kind],
                show_progress=False,
                background_knowledge=known,
            ).G.graph
        except (np.linalg.LinAlgError, ValueError) as error:
            raise DataError(f"the PC algorithm fails: {error}") from error
    linked, at_i = found != 0, found == -1  # entry (i, j): the end of the edge at i, -1 a tail and 1 an arrow
    return linked & (at_i | (found.T == 1)) & ~(at_i.T & (found == 1))


def _background(possible: Bool[np.ndarray, "d d"], required: Bool[np.ndarray, "d d"]) -> Any:
    """Return what is known as an object of causal-learn; None where nothing is."""
    d = len(possible)
    if not required.any() and (possible | np.eye(d, dtype=bool)).all():
        return None
    background = importlib.import_module("causallearn.utils.PCUtils.BackgroundKnowledge")
    nodes = importlib.import_module("causallearn.graph.GraphNode")
    variables = [nodes.GraphNode(f"X{i + 1}") for i in range(d)]  # the names that pc gives
    known = background.BackgroundKnowledge()
    for i, j in np.argwhere(required):
        known.add_required_by_node(variables[i], variables[j])
    for i, j in np.argwhere(~possible & ~np.eye(d, dtype=bool)):
        known.add_forbidden_by_node(variables[i], variables[j])
    return known
