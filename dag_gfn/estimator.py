"""A scikit-learn estimator around `dag_gfn.fit`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import validate_data

from dag_gfn.data import Dataset, from_array, from_frame
from dag_gfn.data.frames import as_pandas, is_frame
from dag_gfn.fitting.fit import MAX_SEED, fit

_SEEDS = min(MAX_SEED, 2**31 - 1)


class GraphPosteriorEstimator(BaseEstimator):
    """Posterior over causal DAGs with the interface of scikit-learn.

    Parameters
    ----------
    method, prior, iterations, time_budget, num_samples, max_parents, required, forbidden, standardize
        As for `dag_gfn.fit`.
    scoring_method : str, optional
        What `dag_gfn.fit` calls `score`, a name that scikit-learn keeps for a method.
    discrete : sequence of str or "all"
        Columns whose distinct values are states, whatever their type.
    num_graph_samples : int
        Graphs to draw for `graph_samples_`.
    random_state : int, RandomState instance or None
        Seed of training and sampling; an int gives the same result every time.

    Attributes
    ----------
    posterior_ : GraphPosterior
    causal_graph_ : networkx.DiGraph
        The DAG of least expected structural Hamming distance, with `probability` on its edges.
    adjacency_matrix_ : DataFrame, shape (d, d), int
        Of `causal_graph_`: 1 in row i, column j for the edge i → j.
    edge_probs_ : DataFrame, shape (d, d)
        P(i → j | data): row i, column j.
    graph_samples_ : ndarray, shape (num_graph_samples, d, d), bool
        Graphs drawn from the posterior; entry (s, i, j) is True for i → j.
    n_features_in_ : int
    feature_names_in_ : ndarray of str, shape (d,)
        Where X was a data frame with text for column names.

    Examples
    --------
    >>> from dag_gfn.estimator import GraphPosteriorEstimator
    >>> GraphPosteriorEstimator(random_state=0).fit(table).edge_probs_  # doctest: +SKIP
    """

    def __init__(
        self,
        *,
        method: Any = "auto",
        scoring_method: Any = None,
        prior: Any = "uniform",
        iterations: Any = None,
        time_budget: Any = None,
        num_samples: Any = 20_000,
        max_parents: Any = None,
        required: Any = (),
        forbidden: Any = (),
        standardize: Any = None,
        discrete: Any = (),
        num_graph_samples: Any = 1000,
        random_state: Any = None,
    ):
        self.method = method
        self.scoring_method = scoring_method
        self.prior = prior
        self.iterations = iterations
        self.time_budget = time_budget
        self.num_samples = num_samples
        self.max_parents = max_parents
        self.required = required
        self.forbidden = forbidden
        self.standardize = standardize
        self.discrete = discrete
        self.num_graph_samples = num_graph_samples
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> "GraphPosteriorEstimator":
        """Fit the posterior to a table.

        Parameters
        ----------
        X : DataFrame or array, shape (n, d)
            As for `dag_gfn.fit`: numbers are continuous; text, booleans and categories are discrete.
        y : ignored
            For the interface; there is nothing to predict.

        Returns
        -------
        self
        """
        data = self._dataset(X)
        seed = int(check_random_state(self.random_state).randint(_SEEDS))
        self.posterior_ = fit(
            data,
            method=self.method,
            score=self.scoring_method,
            prior=self.prior,
            seed=seed,
            iterations=self.iterations,
            time_budget=self.time_budget,
            num_samples=self.num_samples,
            max_parents=self.max_parents,
            required=self.required,
            forbidden=self.forbidden,
            standardize=self.standardize,
            progress=False,
        )
        names = list(self.posterior_.names)
        self.causal_graph_ = self.posterior_.median_graph()
        edges = {*self.causal_graph_.edges}
        self.adjacency_matrix_ = pd.DataFrame(
            [[int((a, b) in edges) for b in names] for a in names], index=names, columns=names
        )
        self.edge_probs_ = self.posterior_.edge_marginals()
        self.graph_samples_ = self.posterior_.sample_adjacency(self.num_graph_samples, rng=seed)
        return self

    def _dataset(self, X: Any) -> Dataset:
        """Return the table of X, its columns of the same kinds and names as `dag_gfn.fit` gives them."""
        if is_frame(X):
            # scikit-learn's checks of numbers are made where all columns are numbers; booleans are states.
            frame = as_pandas(X)
            is_numeric = all(
                pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)
                for dtype in frame.dtypes
            )
            validate_data(
                self,
                X,
                **(
                    {"dtype": np.float64, "ensure_min_samples": 2, "ensure_min_features": 2}
                    if is_numeric
                    else {"skip_check_array": True}
                ),
            )
            return from_frame(frame, discrete=self.discrete)
        if _has_states(X):
            validate_data(self, X, skip_check_array=True)
            return from_array(X, discrete=self.discrete)
        values = validate_data(
            self, X, dtype=np.float64, ensure_min_samples=2, ensure_min_features=2, copy=True
        )
        return from_array(values, self._names(), discrete=self.discrete)

    def _names(self) -> Sequence[str] | None:
        return list(self.feature_names_in_) if hasattr(self, "feature_names_in_") else None

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn's checks need to know: text is discrete data, and X alone is needed."""
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.non_deterministic = self.random_state is None
        return tags


def _has_states(X: Any) -> bool:
    """Whether an array holds booleans or text, which are states and no numbers."""
    if not isinstance(X, np.ndarray) or X.ndim != 2:
        return False
    if X.dtype == object:
        return any(isinstance(cell, str | bool | np.bool_) for cell in X.flat)
    return X.dtype.kind in "bU"
