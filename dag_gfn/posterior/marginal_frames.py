"""Marginal probabilities of a posterior as pandas tables with the variables' names."""

from abc import ABC, abstractmethod

import numpy as np
import pandas as pd

from dag_gfn.posterior.marginal import Marginal


class MarginalFrames(ABC):
    """Tables of all that has names and marginals: `GraphPosterior` inherits them.

    Attributes
    ----------
    names : tuple of str, length d

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.posterior import GraphPosterior
    >>> posterior = GraphPosterior.from_weights(("rain", "wet"), np.zeros((1, 2, 2), dtype=bool), np.zeros(1))
    >>> list(posterior.edge_marginals().columns)
    ['rain', 'wet']
    """

    names: tuple[str, ...]

    @abstractmethod
    def marginal(self, feature: str) -> Marginal:
        """Return a feature's probabilities with source and standard error."""

    def edge_marginals(self) -> pd.DataFrame:
        """Return P(i → j | data): row i, column j, the edge pointing from row to column.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.posterior import GraphPosterior
        >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
        >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
        >>> round(float(posterior.edge_marginals().loc["rain", "wet"]), 2)
        0.75
        """
        return self._frame(self.marginal("edge").values)

    def linked_marginals(self) -> pd.DataFrame:
        """Return P(i → j or j → i | data): symmetric.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.posterior import GraphPosterior
        >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
        >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
        >>> round(float(posterior.linked_marginals().loc["wet", "rain"]), 2)
        1.0
        """
        return self._frame(self.marginal("linked").values)

    def path_marginals(self) -> pd.DataFrame:
        """Return P(i ⇝ j | data): row i, column j, a directed path leading from row to column.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.posterior import GraphPosterior
        >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
        >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
        >>> round(float(posterior.path_marginals().loc["wet", "rain"]), 2)
        0.25
        """
        return self._frame(self.marginal("path").values)

    def markov_blanket_marginals(self) -> pd.DataFrame:
        """Return P(i is a parent, child or co-parent of j | data): symmetric.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.posterior import GraphPosterior
        >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
        >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
        >>> round(float(posterior.markov_blanket_marginals().loc["wet", "rain"]), 2)
        1.0
        """
        return self._frame(self.marginal("markov_blanket").values)

    def compelled_marginals(self) -> pd.DataFrame:
        """Return P(i → j, and in every DAG of the same Markov equivalence class): row → column.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.posterior import GraphPosterior
        >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
        >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
        >>> round(float(posterior.compelled_marginals().loc["rain", "wet"]), 2)  # the data cannot tell the direction
        0.0
        """
        return self._frame(self.marginal("compelled").values)

    def reversible_marginals(self) -> pd.DataFrame:
        """Return P(i and j are linked in a direction that their equivalence class leaves open): symmetric.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.posterior import GraphPosterior
        >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
        >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
        >>> round(float(posterior.reversible_marginals().loc["rain", "wet"]), 2)
        1.0
        """
        return self._frame(self.marginal("reversible").values)

    def standard_errors(self, feature: str = "edge") -> pd.DataFrame:
        """Return Monte-Carlo standard errors of a feature's probabilities, row → column.

        Zero for exact probabilities; nan where the error is not known. They tell how far the probabilities
        are from those of infinitely many draws by the same method, not whether the method is right.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.posterior import GraphPosterior
        >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
        >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.zeros(2), effective_samples=100)
        >>> round(float(posterior.standard_errors().loc["rain", "wet"]), 3)
        0.05
        """
        return self._frame(self.marginal(feature).errors())

    def edge_table(self) -> pd.DataFrame:
        """Return source, target, probability and standard_error of all d(d-1) edges source → target.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.posterior import GraphPosterior
        >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
        >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
        >>> posterior.edge_table()[["source", "target", "probability"]].round(2).to_numpy().tolist()
        [['rain', 'wet', 0.75], ['wet', 'rain', 0.25]]
        """
        source, target = np.nonzero(~np.eye(len(self.names), dtype=bool))
        names = np.array(self.names, dtype=object)
        return pd.DataFrame(
            {
                "source": names[source],
                "target": names[target],
                "probability": self.marginal("edge").values[source, target],
                "standard_error": self.standard_errors("edge").to_numpy()[source, target],
            }
        )

    def pair_table(self) -> pd.DataFrame:
        """Return a row for every pair of variables, the likeliest link first and its likelier direction as a → b.

        Columns: a, b, a_to_b, b_to_a and linked, the probabilities of a → b, of b → a, and of either;
        standard_error, that of linked.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.posterior import GraphPosterior
        >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
        >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.25, 0.75]))
        >>> posterior.pair_table()[["a", "b", "a_to_b", "linked"]].round(2).to_numpy().tolist()
        [['wet', 'rain', 0.75, 1.0]]
        """
        edge, linked = self.marginal("edge").values, self.marginal("linked").values
        first, second = np.triu_indices(len(self.names), k=1)
        swapped = edge[second, first] > edge[first, second]
        a, b = np.where(swapped, second, first), np.where(swapped, first, second)
        names = np.array(self.names, dtype=object)
        table = pd.DataFrame(
            {
                "a": names[a],
                "b": names[b],
                "a_to_b": edge[a, b],
                "b_to_a": edge[b, a],
                "linked": linked[a, b],
                "standard_error": self.standard_errors("linked").to_numpy()[a, b],
            }
        )
        return table.sort_values("linked", ascending=False, kind="stable", ignore_index=True)

    def _frame(self, values: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame(values.copy(), index=list(self.names), columns=list(self.names))
