r"""Local scores of a Gaussian DAG model whose nodes own blocks of columns, straight from the moments of a table.

With D columns, a set S of l columns and :math:`N = n + \alpha_w - D`, :math:`N_0 = \alpha_w - D`,

.. math::
    \log m(S) = \tfrac l2 \log\tfrac{\alpha_\mu}{n + \alpha_\mu}
      + \log\frac{\Gamma_l(\frac12(N + l))}{\Gamma_l(\frac12(N_0 + l))} - \tfrac{l n}2 \log\pi
      + \tfrac12 (N_0 + l)\, l \log t - \tfrac12 (N + l) \log|R_S|

and local(j, P) = log m(B_j and B_P) - log m(B_P). With one column for each node it is BGe. The chains of this package
score one table after the other, so nothing here outlives its table: a small one takes a tenth of the time of
:class:`dag_gfn.scores.BlockBGe`, with the same scores.
"""

from copy import copy
from typing import no_type_check

import numpy as np
from jaxtyping import Float64, Int64
from numba import njit
from scipy.special import gammaln

from dag_gfn.completion.normal_wishart import BlockLayout, TableMoments, factor_columns
from dag_gfn.scores.local_score import without_and_with


class BlockScores:
    """Local scores of one complete table.

    Parameters
    ----------
    moments : TableMoments
    layout : BlockLayout
        At most 63 nodes.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.completion.block_scores import BlockScores
    >>> from dag_gfn.completion.normal_wishart import BlockLayout, NormalWishartPrior
    >>> values = np.random.default_rng(0).normal(size=(20, 2))
    >>> scores = BlockScores(NormalWishartPrior.of(2).after(values), BlockLayout([[0], [1]]))
    >>> forwards = scores.local_scores(np.array([0, 1]), np.array([0b00, 0b01])).sum()
    >>> backwards = scores.local_scores(np.array([0, 1]), np.array([0b10, 0b00])).sum()
    >>> bool(np.isclose(forwards, backwards)), bool(np.isclose(forwards, scores.log_saturated()))
    (True, True)
    """

    def __init__(self, moments: TableMoments, layout: BlockLayout):
        prior, n = moments.prior, moments.totals[:, None]
        size = np.arange(prior.num_columns + 1, dtype=np.float64)
        before = prior.alpha_w - prior.num_columns + size
        gammas = _log_multigamma(0.5 * (n + before)) - _log_multigamma(0.5 * before[None])
        self._constants = (
            0.5 * size * np.log(prior.alpha_mu / (n + prior.alpha_mu))
            + gammas
            - 0.5 * size * n * np.log(np.pi)
            + 0.5 * before * size * np.log(prior.t)
        )
        self._factors = -0.5 * (n + before)  # of log det R of l columns
        self.layout = layout
        self._line = moments.line_of(layout.d)
        self._matrices = moments.matrices

    def of_table(self, moments: TableMoments) -> "BlockScores":
        """Return the scores of another table with the same numbers of rows, which has the same constants."""
        other = copy(self)
        other._matrices = moments.matrices
        return other

    def local_scores(
        self, nodes: Int64[np.ndarray, " m"], parents: Int64[np.ndarray, " m"]
    ) -> Float64[np.ndarray, " m"]:
        """Return local(j, P) of each pair of a node and a parent set (bitmask)."""
        found = np.empty(len(nodes))
        tables = self._matrices, self._constants, self._factors, self._line
        _local_scores(*tables, self.layout.columns, self.layout.widths, nodes, parents, found)
        return found

    def complete_table(self) -> Float64[np.ndarray, "d sets"]:
        """Return local(j, P) of every node and parent set, in the form of `ScoreTable.complete`."""
        d = self.layout.d
        table = np.empty((d, 1 << (d - 1)))
        for own in range(len(self._matrices)):
            log_m = np.zeros(1 << d)
            tables = self._matrices[own], self._constants[own], self._factors[own]
            _all_log_m(*tables, self.layout.columns, self.layout.widths, log_m)
            for node in np.flatnonzero(self._line == own):
                without, with_node = without_and_with(log_m, int(node))
                np.subtract(with_node, without, out=table[node])
        return table

    def log_saturated(self) -> float:
        """Return log m of all columns, the log score of a complete graph.

        Raises
        ------
        ValueError
            If nodes were set in some rows: then each node has rows of its own.
        """
        if len(self._matrices) > 1:
            raise ValueError("expected one set of rows for all nodes; nodes were set in some rows")
        log_det = float(np.linalg.slogdet(self._matrices[0])[1])
        return float(self._constants[0, -1] + self._factors[0, -1] * log_det)


def _log_multigamma(values: Float64[np.ndarray, "k sizes"]) -> Float64[np.ndarray, "k sizes"]:
    """Return the logarithm of the multivariate gamma function of order l, for l = 0, 1, ... in the last axis."""
    size = np.arange(values.shape[1])
    steps = 0.5 * np.arange(values.shape[1] - 1)  # Gamma_l(a) = pi^(l (l - 1) / 4) prod_i Gamma(a - i / 2)
    arguments = values[:, :, None] - steps
    terms = np.where(steps < 0.5 * size[:, None], gammaln(np.maximum(arguments, 0.25)), 0.0)
    return np.asarray(0.25 * size * (size - 1) * np.log(np.pi) + terms.sum(axis=-1))


# The test run's annotation checker would wrap the functions that Numba compiles; @no_type_check keeps it off.


@njit(cache=True, nogil=True)
@no_type_check
def _local_scores(matrices, constants, factors, line, columns, widths, nodes, parents, found):
    """Write the local score of each family, by a Cholesky factor over its parents' columns and then its own."""
    num_columns = matrices.shape[1]
    factor, members = np.empty((num_columns, num_columns)), np.empty(num_columns, np.int64)
    for f in range(len(nodes)):
        node, size = nodes[f], 0
        own, width = line[node], widths[node]
        for i in range(len(widths)):
            if parents[f] >> i & 1:
                for a in range(widths[i]):
                    members[size] = columns[i, a]
                    size += 1
        for a in range(width):
            members[size + a] = columns[node, a]
        of_parents = factor_columns(matrices[own], members, 0, size, factor)
        of_all = of_parents + factor_columns(matrices[own], members, size, size + width, factor)
        found[f] = (
            constants[own, size + width]
            - constants[own, size]
            + factors[own, size + width] * of_all
            - factors[own, size] * of_parents
        )


@njit(cache=True, nogil=True)
@no_type_check
def _all_log_m(matrix, constants, factors, columns, widths, log_m):
    """Write log m of the columns of every set of nodes, `log_m[0]` being 0.

    Sets come in lexicographic order of their members, so that each adds the columns of its last node to the Cholesky
    factor of a set that came before.
    """
    num_columns, d = len(matrix), len(widths)
    factor, members = np.empty((num_columns, num_columns)), np.empty(num_columns, np.int64)
    stack, sizes, dets = np.empty(d, np.int64), np.zeros(d + 1, np.int64), np.zeros(d + 1)
    depth, node, chosen = 0, 0, np.int64(0)
    while True:
        if node < d:
            size = sizes[depth]
            for a in range(widths[node]):
                members[size + a] = columns[node, a]
            stop = size + widths[node]
            dets[depth + 1] = dets[depth] + factor_columns(matrix, members, size, stop, factor)
            sizes[depth + 1] = stop
            chosen |= np.int64(1) << node
            log_m[chosen] = constants[stop] + factors[stop] * dets[depth + 1]
            stack[depth] = node
            depth += 1
            node += 1
        else:
            if depth == 0:
                break
            depth -= 1
            node = stack[depth]
            chosen ^= np.int64(1) << node
            node += 1
