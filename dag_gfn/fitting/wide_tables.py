"""What tables of more than 63 columns cannot have, said before the work begins."""

from dag_gfn.data.dataset import Dataset
from dag_gfn.errors import OptionError
from dag_gfn.graphs.possible_parents import PossibleParents
from dag_gfn.graphs.subsets import MAX_NODES
from dag_gfn.scores import needs_completion


def require_narrow(score: str, dataset: Dataset, environment: str | None) -> None:
    """Raise OptionError where so many columns are not possible under a score and an environment.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.fitting.wide_tables import require_narrow
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 64)))
    >>> require_narrow("bge", data, None)
    >>> require_narrow("bge", data, "edges")
    Traceback (most recent call last):
        ...
    dag_gfn.errors.OptionError: graphs of more than 63 columns are not built edge by edge, and there are 64: choose ...
    """
    if len(dataset.nodes) <= MAX_NODES:
        return
    fewer = f"and there are {len(dataset.nodes)}: "
    if environment == "edges":
        raise OptionError(
            f"graphs of more than {MAX_NODES} columns are not built edge by edge, {fewer}choose environment='layers' "
            "(--environment layers), or method='mcmc' (--method mcmc)"
        )
    if dataset.contexts:
        raise OptionError(
            f"tables of more than {MAX_NODES} columns have no contexts yet, {fewer}leave --context out (context), or "
            "keep fewer columns (--columns, --drop)"
        )
    if dataset.has_missing or needs_completion(score, dataset):
        raise OptionError(
            f"cells that were not seen are drawn for at most {MAX_NODES} columns, {fewer}leave incomplete rows out "
            "with --missing drop (missing='drop'), or keep fewer columns (--columns, --drop)"
        )


def impossible_parents_note(possible: PossibleParents) -> str | None:
    """Return what to say of the edges that no graph can have since each node has possible parents; None if it has all.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.fitting.wide_tables import impossible_parents_note
    >>> from dag_gfn.graphs.possible_parents import PossibleParents
    >>> impossible_parents_note(PossibleParents(np.array([[1, 2], [0, 3], [0, 1], [1, 2]])))
    '2 of the 3 other columns can be parents of each column, those that gain most in score; the other 4 edges have ...'
    """
    if possible.is_all:
        return None
    d, size = possible.d, possible.size
    return (
        f"{size} of the {d - 1} other columns can be parents of each column, those that gain most in score; the other "
        f"{d * (d - 1 - size)} edges have probability 0 by this limit, which is no finding"
    )
