"""The sufficient statistics of the block score, which effects and fitted parameters are computed from."""

import numpy as np
from jaxtyping import Shaped

from dag_gfn.data.dataset import Dataset
from dag_gfn.scores.block_design import BlockDesign


def block_statistics(design: BlockDesign, data: Dataset) -> dict[str, Shaped[np.ndarray, "..."]]:
    """Return the statistics of a design as arrays that an npz file can hold without pickle.

    Cells, features and design columns are three things: see :class:`BlockDesign`. A category at level l has the
    features e_l (1 at the level, 0 elsewhere), and these the design columns ``(e_l - feature_means) @ whitening``. At a
    point z of the design the linear model gives the features, so the probabilities of the levels,
    ``feature_means + z @ feature_map``.

    Parameters
    ----------
    design : BlockDesign
        Without NaN.
    data : Dataset
        The table that the design came from: of it the names, states and units of the columns are taken.

    Returns
    -------
    dict
        With d nodes, D design columns, F features and c columns of the table:

        - `num_rows` (d,), int64, or float64 where rows have weights: rows in which each node was not set;
        - `block_widths` (d,), int64: the design columns of the nodes stand side by side in the order of the nodes;
        - `block_means` (D,), or (d, D) with interventions: means over the rows of each node (0 if it has none);
        - `block_scatter` (D, D), or (d, D, D): the sums of products about these means;
        - `feature_nodes`, `feature_columns`, `feature_levels` (F,), int64: the node and the column of the table that a
          feature belongs to, and the code of its level, -1 for a numeric column;
        - `feature_means` (F,), `whitening` (F, D), `feature_map` (D, F), float64: the maps above;
        - `table_columns` (c,), str; `table_means`, `table_scales` (c,), float64: original value = value · scale + mean;
        - `table_cardinalities` (c,), int64, 0 for a numeric column; `table_states` (c, r), str: the labels of each
          column's codes, "" beyond its cardinality.

    Examples
    --------
    >>> import pandas as pd
    >>> import dag_gfn
    >>> from dag_gfn.scores import BlockBGe
    >>> table = pd.DataFrame({"job": ["cook", "nurse", "cook", "nurse"], "age": [30.0, 41.0, 52.0, 35.0]})
    >>> statistics = BlockBGe(dag_gfn.from_frame(table).standardize()).statistics()
    >>> statistics["block_widths"].tolist(), statistics["feature_levels"].tolist(), statistics["table_states"].tolist()
    ([1, 1], [0, 1, -1], [['cook', 'nurse'], ['', '']])
    """
    moments = design.moments()
    per_node = design.intervened is not None
    rows = np.array([each.num_rows for each in moments])
    means, scatter = np.stack([each.mean for each in moments]), np.stack([each.scatter for each in moments])
    longest = max(1, *data.cardinalities) if data.cardinalities else 1
    return {
        "num_rows": rows if per_node else np.repeat(rows, len(design.names)),
        "block_widths": design.widths,
        "block_means": means if per_node else means[0],
        "block_scatter": scatter if per_node else scatter[0],
        "feature_nodes": design.feature_nodes,
        "feature_columns": design.feature_columns,
        "feature_levels": design.feature_levels,
        "feature_means": design.feature_means,
        "whitening": design.whitening,
        "feature_map": design.feature_map,
        "table_columns": np.array(data.names, dtype=np.str_),
        "table_means": data.means,
        "table_scales": data.scales,
        "table_cardinalities": np.array(data.cardinalities, dtype=np.int64),
        "table_states": np.array([[*s, *[""] * (longest - len(s))] for s in data.states], dtype=np.str_),
    }
