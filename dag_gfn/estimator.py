"""A scikit-learn estimator around `dag_gfn.fit`."""

# ruff: noqa: RUF009  # option() makes a field

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import _num_samples, validate_data

from dag_gfn.data import Dataset, from_array, from_covariance, from_frame
from dag_gfn.data.frames import as_pandas, is_frame
from dag_gfn.fitting.fit import fit
from dag_gfn.fitting.options import FitOptions
from dag_gfn.fitting.reading_options import CovarianceOptions, ReadingOptions
from dag_gfn.options import (
    OptionGroup,
    documented,
    option,
    options_of,
    signature_with,
    unexpected_keyword,
    whole,
)

_SEEDS = 2**31 - 1


@dataclass(frozen=True)
class EstimatorOptions(OptionGroup):
    """Parameters that the estimator has besides the options of a fit."""

    num_graph_samples: int = option(1000, "Graphs to draw for `graph_samples_`.", check=whole(0))
    random_state: Any = option(
        None,
        "Seed of training and sampling: an int, a RandomState instance or None.",
        details="An int gives the same result every time.",
    )


_NAMES = {"score": "scoring_method"}
"""What the estimator calls some options of a fit: scikit-learn keeps `score` for a method."""
_OF_FIT = {name: each for name, each in options_of(FitOptions).items() if name != "seed"}
PARAMETERS = {
    each.name: each
    for each in (
        *(replace(each, name=_NAMES.get(name, name)) for name, each in _OF_FIT.items()),
        *(each for name, each in options_of(ReadingOptions).items() if name not in ("columns", "drop")),
        *options_of(CovarianceOptions).values(),
        *options_of(EstimatorOptions).values(),
    )
}
"""Every parameter of the estimator, as it is declared; `random_state` stands for the seed."""


class GraphPosteriorEstimator(BaseEstimator):
    """Posterior over causal DAGs with the interface of scikit-learn.

    Parameters
    ----------
    **options
        Declared in `dag_gfn.fitting.options`; `scoring_method` is what `dag_gfn.fit` calls `score`.

    Attributes
    ----------
    posterior_ : GraphPosterior
    causal_graph_ : networkx.DiGraph
        The DAG of least expected structural Hamming distance, with `probability` on its edges.
    adjacency_matrix_ : DataFrame, shape (d, d), int
        Of `causal_graph_`: 1 in row i, column j for the edge i → j.
    variables_ : list of str, length d
        The variables of the graph, in the order of all matrices here.
    edge_probs_ : DataFrame, shape (d, d)
        P(i → j | data): row i, column j.
    graph_samples_ : ndarray, shape (num_graph_samples, d, d), bool
        Graphs drawn from the posterior; entry (s, i, j) is True for i → j.
    n_features_in_ : int
    feature_names_in_ : ndarray of str, shape (d,)
        Where X was a data frame with text for column names.

    Notes
    -----
    `causal_graph_`, `adjacency_matrix_`, `variables_`, `n_features_in_` and `feature_names_in_` are what the classes of
    `pgmpy.causal_discovery` have after `fit`. What takes these takes the estimator; what asks for a graph of pgmpy's
    own class takes `dag_gfn.posterior.interop.to_pgmpy` of `adjacency_matrix_`.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.estimator import GraphPosteriorEstimator
    >>> table = dag_gfn.simulate(3, 100, rng=np.random.default_rng(1)).to_frame()
    >>> estimator = GraphPosteriorEstimator(random_state=0, max_parents=1).fit(table)
    >>> int(estimator.adjacency_matrix_.sum().max())
    1
    """

    covariance: bool
    rows: float | int | None
    missing: str | None
    strict: bool
    num_graph_samples: int
    random_state: Any

    def __init__(self, **options: Any):
        for name in options:
            if name not in PARAMETERS:
                raise TypeError(unexpected_keyword("GraphPosteriorEstimator", name, PARAMETERS))
        for name, each in PARAMETERS.items():
            setattr(self, name, options.get(name, each.default))

    __init__.__signature__ = signature_with(__init__, PARAMETERS.values())  # type: ignore[attr-defined]  # PEP 362

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "GraphPosteriorEstimator":
        """Fit the posterior to a table.

        Parameters
        ----------
        X : DataFrame or array, shape (n, d)
            As for `dag_gfn.fit`: the rules of roles decide what each column becomes. With `covariance`, the matrix,
            shape (d, d).
        y : ignored
            For the interface; there is nothing to predict.
        sample_weight : array, shape (n,), optional
            How many rows each row stands for; rows of weight 0 are left out. The sum of the weights counts as the
            number of rows, so weights of a survey should have the mean 1.

        Returns
        -------
        self
        """
        data = self._dataset(X, _row_weights(sample_weight, X))
        seed = int(check_random_state(self.random_state).randint(_SEEDS))
        options = {name: getattr(self, _NAMES.get(name, name)) for name in _OF_FIT}
        if options["warm_start"] is False:  # scikit-learn's usual value: a training from the beginning
            options["warm_start"] = None
        self.posterior_ = fit(data, **options, seed=seed, progress=False)
        names = self.variables_ = list(self.posterior_.names)
        self.causal_graph_ = self.posterior_.median_graph()
        edges = {*self.causal_graph_.edges}
        self.adjacency_matrix_ = pd.DataFrame(
            [[int((a, b) in edges) for b in names] for a in names], index=names, columns=names
        )
        self.edge_probs_ = self.posterior_.edge_marginals()
        self.graph_samples_ = self.posterior_.sample_adjacency(self.num_graph_samples, rng=seed)
        return self

    def _dataset(self, X: Any, weights: Any) -> Dataset:
        """Return the table of X, its columns of the same kinds and names as `dag_gfn.fit` gives them."""
        if self.covariance:
            matrix = as_pandas(X) if is_frame(X) else X
            validate_data(self, matrix, dtype=np.float64, ensure_min_samples=2, ensure_min_features=2)
            return from_covariance(matrix, self.rows, None if is_frame(X) else self._names())
        reading = {name: getattr(self, name) for name in options_of(ReadingOptions) if name in PARAMETERS}
        if weights is not None:
            reading["weights"] = weights
        numbers = {
            "dtype": np.float64,
            "ensure_min_samples": 2,
            "ensure_min_features": 2,
            "ensure_all_finite": True if self._refuses_missing() else "allow-nan",
        }
        if is_frame(X):
            # scikit-learn's checks of numbers are made where all columns are numbers; booleans are states.
            frame = as_pandas(X)
            is_numeric = all(
                pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)
                for dtype in frame.dtypes
            )
            validate_data(self, frame, **(numbers if is_numeric else {"skip_check_array": True}))
            return from_frame(frame, **reading)
        if _has_states(X):
            validate_data(self, X, skip_check_array=True)
            return from_array(X, **reading)
        return from_array(validate_data(self, X, **numbers, copy=True), self._names(), **reading)

    def _refuses_missing(self) -> bool:
        return self.missing == "error" or (self.missing is None and self.strict)

    def _names(self) -> Sequence[str] | None:
        return list(self.feature_names_in_) if hasattr(self, "feature_names_in_") else None

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn's checks need to know: text and missing cells are data, and X alone is needed."""
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.input_tags.allow_nan = not self._refuses_missing()
        tags.non_deterministic = self.random_state is None
        return tags


GraphPosteriorEstimator.__doc__ = documented(GraphPosteriorEstimator.__doc__, PARAMETERS.values())


def _row_weights(sample_weight: Any, X: Any) -> np.ndarray | None:
    """Return the weights of rows as numbers; what scikit-learn calls an invalid sample_weight is a ValueError."""
    if sample_weight is None:
        return None
    n, weights = _num_samples(X), np.asarray(sample_weight, dtype=np.float64)
    if weights.shape != (n,):
        raise ValueError(f"sample_weight has shape {weights.shape} for {n} rows: one for each is needed")
    if (weights == 0).all():
        raise ValueError("sample_weight is zero in every row, and rows of weight zero are left out")
    return weights


def _has_states(X: Any) -> bool:
    """Whether an array holds booleans or text, which are states and no numbers."""
    if not isinstance(X, np.ndarray) or X.ndim != 2:
        return False
    if X.dtype == object:
        return any(isinstance(cell, str | bool | np.bool_) for cell in X.flat)
    return X.dtype.kind in "bU"
