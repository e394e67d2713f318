"""The mask of interventions: which cells of a table the experimenter set."""

import numpy as np
from jaxtyping import Bool, Shaped

from dag_gfn.data.dataset import Dataset
from dag_gfn.errors import DataError


def intervention_mask(
    intervened: Shaped[np.ndarray, "..."], shape: tuple[int, int]
) -> Bool[np.ndarray, "n d"]:
    """Return a mask of interventions as bool, after its shape and values are checked.

    Parameters
    ----------
    intervened : ndarray
        True, or 1, where the experimenter set the value.
    shape : (int, int)
        Rows and columns of the table.

    Raises
    ------
    DataError
        If the mask has another shape, or other values than true and false.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.data.interventions import intervention_mask
    >>> intervention_mask(np.array([[0, 1], [0, 0]]), (2, 2)).tolist()
    [[False, True], [False, False]]
    """
    if intervened.shape != shape:
        raise DataError(
            f"intervened has shape {intervened.shape}, but the table {shape}: one entry per cell is needed."
        )
    if not np.isin(intervened, (0, 1)).all():
        raise DataError(
            "intervened holds values other than True and False: it marks the cells the experimenter set."
        )
    return intervened.astype(bool)


def set_nodes(data: Dataset) -> Bool[np.ndarray, "n nodes"] | None:
    """Return which nodes were set in each row, a group if any of its columns was; None where nothing was set.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.data.interventions import set_nodes
    >>> mask = np.array([[True, False], [False, False], [False, False]])
    >>> data = dag_gfn.from_array(np.array([[1.0, 2.0], [0.5, 1.0], [2.0, 2.5]]), intervened=mask)
    >>> set_nodes(data).sum(axis=0).tolist()
    [1, 0]
    """
    if data.intervened is None:
        return None
    return np.stack([data.intervened[:, list(owned)].any(axis=1) for owned in data.node_columns], axis=1)
