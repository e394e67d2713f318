"""From data to a table of scores, as the options say: scale, constraints, score and prior."""

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from dag_gfn.baselines.bootstrap import Resampling
from dag_gfn.data import Dataset, data_doubts, data_warnings, from_array, from_frame, read_file
from dag_gfn.data.doubts import Doubt
from dag_gfn.data.frames import is_frame
from dag_gfn.data.normal_scores import with_normal_margins
from dag_gfn.data.row_weights import can_repeat_rows, repeat_rows
from dag_gfn.errors import DataError, OptionError
from dag_gfn.exact.dag_dp import in_words
from dag_gfn.exact.posterior import MAX_EXACT_NODES, fit_estimate
from dag_gfn.fitting.exact_check import ANNOUNCED_SECONDS, REFERENCE_MEMORY
from dag_gfn.fitting.incomplete import filled_in, require_modelled
from dag_gfn.fitting.known import known_of
from dag_gfn.fitting.options import BASELINES, FitOptions, ModelOptions
from dag_gfn.fitting.own_score import OwnScore, make_own_score, named_or_own, refuse_missing
from dag_gfn.fitting.progress import announce
from dag_gfn.fitting.wide_tables import require_narrow
from dag_gfn.graphs.subsets import MAX_NODES
from dag_gfn.knowledge import ResolvedKnowledge
from dag_gfn.memory import require_memory
from dag_gfn.scores import (
    Constraints,
    GraphPrior,
    LocalScore,
    ScoreTable,
    make_prior,
    make_score,
    needs_completion,
    score_for,
)
from dag_gfn.scores.score_table import MAX_COMPLETE_NODES

WITHOUT_CELLS = ("block", "copula")
"""Scores of discrete columns that fill no contingency tables, so that families need no limit of cells."""


@dataclass(frozen=True)
class Prepared:
    """A table of scores, and what it was made of.

    Parameters
    ----------
    dataset : Dataset
        On the scale that is scored.
    constraints : Constraints
    table : ScoreTable
    doubts : list of Doubt
        About the data, that a verdict weighs.
    unlike : list of str
        Warnings about the data that have no doubt of their own.
    filled : Dataset
        The dataset; where cells are missing, with others in their place (:func:`filled_in`). The table is of it.
    score : LocalScore
        Of `filled`.
    prior : GraphPrior
    known : ResolvedKnowledge
        What was said about the graph. Constraints and prior have it, but for statements about paths.
    score_of : callable
        Makes the same score of other rows of the table.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.fitting.options import FitOptions
    >>> from dag_gfn.fitting.prepare import prepare
    >>> data = dag_gfn.simulate(3, 100, rng=np.random.default_rng(1))
    >>> prepared = prepare(data, FitOptions.from_keywords({}, caller="fit"))
    >>> prepared.dataset.is_standardized, prepared.warnings
    (True, [])
    """

    dataset: Dataset
    constraints: Constraints
    table: ScoreTable
    doubts: list[Doubt]
    unlike: list[str]
    filled: Dataset
    score: LocalScore
    prior: GraphPrior
    known: ResolvedKnowledge
    score_of: Callable[[Dataset], LocalScore]

    @property
    def resampling(self) -> Resampling:
        """What tables of scores of resampled rows are made of."""
        return Resampling(self.dataset, self.score_of, self.prior, self.constraints)

    @property
    def warnings(self) -> list[str]:
        """What to warn of before the work begins."""
        return [*(doubt.warning for doubt in self.doubts), *self.unlike]


def prepare(dataset: Dataset, chosen: FitOptions, *, shown: bool = False) -> Prepared:
    """Return the table of scores of a dataset under the options of a fit.

    Parameters
    ----------
    dataset : Dataset
    chosen : FitOptions
    shown : bool
        Whether it is said beforehand where scoring takes long.

    Raises
    ------
    DataError, OptionError, ConstraintError
        If data and options do not go together.

    Examples
    --------
    >>> import dag_gfn
    >>> from dag_gfn.fitting.options import FitOptions
    >>> from dag_gfn.fitting.prepare import prepare
    >>> chosen = FitOptions.from_keywords({"score": "bic"}, caller="fit")
    >>> prepare(dag_gfn.load_example("iris"), chosen).table.score
    'bic'
    """
    inputs = _ScoreInputs.of(dataset, chosen)
    score = inputs.score()
    storage = "complete" if _is_for_exact_sums(score, dataset, chosen, shown=shown) else "auto"
    table = ScoreTable.build(score, inputs.prior, inputs.constraints, storage=storage)
    return Prepared(
        inputs.scaled,
        inputs.constraints,
        table,
        inputs.doubts(score),
        inputs.unlike,
        inputs.filled,
        score,
        inputs.prior,
        inputs.known,
        inputs.score_of,
    )


def _is_for_exact_sums(score: LocalScore, dataset: Dataset, chosen: FitOptions, *, shown: bool) -> bool:
    """Return whether the exact posterior needs a complete table of more columns than there is one of without asking."""
    d = score.d
    if chosen.method.method != "exact" or not MAX_COMPLETE_NODES < d <= MAX_EXACT_NODES:
        return False
    if score.needs_completion(dataset) or fit_estimate(d, chosen.method.num_samples).bytes > REFERENCE_MEMORY:
        return False
    families = d << (d - 1)
    seconds = families / score.families_per_second
    if seconds > ANNOUNCED_SECONDS:
        announce(
            f"scoring all {families / 1e6:.0f} million families of {d} columns takes up to {in_words(seconds)}",
            shown=shown,
        )
    return True


def doubts_and_warnings(
    dataset: Dataset, chosen: FitOptions, *, with_score: bool = True
) -> tuple[list[Doubt], list[str]]:
    """Return the doubts about a dataset under the options of a fit, and the warnings without a doubt of their own.

    Nothing is fitted, but data and options that do not go together raise the errors of `prepare`.

    Parameters
    ----------
    dataset : Dataset
    chosen : FitOptions
    with_score : bool
        Whether the score is made, which needs a table without missing cells, for its own doubts and errors.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.fitting.options import FitOptions
    >>> from dag_gfn.fitting.prepare import doubts_and_warnings
    >>> data = dag_gfn.simulate(3, 100, rng=np.random.default_rng(1))
    >>> doubts_and_warnings(data, FitOptions.from_keywords({}, caller="fit"))
    ([], [])
    """
    inputs = _ScoreInputs.of(dataset, chosen)
    return inputs.doubts(inputs.score() if with_score else None), inputs.unlike


@dataclass(frozen=True)
class _ScoreInputs:
    """What the score of a dataset is made of under the options of a fit.

    Parameters
    ----------
    scaled, filled : Dataset
        On the scale that is scored, as it is and without missing cells (:func:`filled_in`).
    z_scored : Dataset
        With standardized numbers, on which doubts about the data are looked for.
    constraints : Constraints
    prior : GraphPrior
    score_name : str
    hyperparameters : dict
        Of the score.
    unlike : list of str
        Warnings about the data that have no doubt of their own.
    known : ResolvedKnowledge
    own : OwnScore or None
        In place of the score of a name.
    """

    scaled: Dataset
    filled: Dataset
    z_scored: Dataset
    constraints: Constraints
    prior: GraphPrior
    score_name: str
    hyperparameters: dict[str, Any]
    unlike: list[str]
    known: ResolvedKnowledge
    own: OwnScore | None

    @classmethod
    def of(cls, dataset: Dataset, chosen: FitOptions) -> "_ScoreInputs":
        """Return them, or raise the errors of `prepare`."""
        model = chosen.model
        asked, own = named_or_own(model.score)
        refuse_missing(own, dataset)
        score_name = "own" if own is not None else score_for(dataset).name if asked is None else asked
        _require_order(score_name, dataset)
        _require_complete_beside_contexts(dataset)
        if len(dataset.nodes) > MAX_NODES:
            if chosen.method.method in BASELINES:
                raise OptionError(
                    f"method '{chosen.method.method}' takes at most {MAX_NODES} columns, and there are "
                    f"{len(dataset.nodes)}: choose method='mcmc' (--method mcmc), or keep fewer (--columns, --drop)"
                )
            is_trained = chosen.method.method in ("auto", "gflownet")
            require_narrow(score_name, dataset, chosen.training.resolved()[0] if is_trained else None)
        if dataset.weights is not None and needs_completion(score_name, dataset) and can_repeat_rows(dataset):
            dataset = repeat_rows(dataset)  # each of them is completed on its own
        # graphs, their masks, packed bits
        bytes_of_graph = 4 * len(dataset.nodes) * (len(dataset.nodes) + 25)
        require_memory("num_samples", chosen.method.num_samples, bytes_of_graph)
        z_scored = dataset if dataset.kind == "discrete" else dataset.standardize()
        require_modelled(asked, dataset)
        margins = margins_of(model, score_name, dataset)
        ranks = margins == "normal_scores" or score_name == "copula"
        unlike = data_warnings(filled_in(dataset), ranks=ranks)
        if margins == "normal_scores":
            dataset = with_normal_margins(dataset)
            z_scored = dataset.standardize()
        scaled = _scaled(dataset, z_scored, model)
        filled = filled_in(scaled)
        known = known_of(scaled, chosen)
        constraints = known.constraints(model.max_parents)
        if scaled.kind == "discrete" and score_name not in WITHOUT_CELLS and model.sparse_families == "drop":
            constraints = constraints.without_sparse_families(filled)
        prior = known.prior(make_prior(model.prior, len(scaled.nodes), **chosen.prior.values()))
        hyperparameters = {
            name: np.asarray(value) if isinstance(value, Collection) else value
            for name, value in chosen.score.values().items()
        }
        return cls(
            scaled, filled, z_scored, constraints, prior, score_name, hyperparameters, unlike, known, own
        )

    def score(self) -> LocalScore:
        """Return the score of the filled table."""
        return self.score_of(self.filled)

    def score_of(self, data: Dataset) -> LocalScore:
        """Return the score of rows that are complete."""
        if self.own is not None:
            return make_own_score(self.own, data, self.hyperparameters)
        return make_score(self.score_name, data, **self.hyperparameters)

    def doubts(self, score: LocalScore | None) -> list[Doubt]:
        """Return the doubts about the data, and those of the score if there is one."""
        return [*data_doubts(filled_in(self.z_scored)), *([] if score is None else score.doubts())]


def margins_of(model: ModelOptions, score: str, dataset: Dataset) -> str:
    """Return whether numbers are scored as they are or by their normal scores, where nothing was asked for too.

    Examples
    --------
    >>> import dag_gfn
    >>> from dag_gfn.fitting.options import ModelOptions
    >>> from dag_gfn.fitting.prepare import margins_of
    >>> wine = dag_gfn.load_example("wine")
    >>> margins_of(ModelOptions(), "bge", wine), margins_of(ModelOptions(), "additive", wine)
    ('as_is', 'normal_scores')
    """
    if model.margins is not None:
        return model.margins
    has_ranks = dataset.kind != "discrete" and not dataset.moments_only
    return "normal_scores" if score == "additive" and has_ranks else "as_is"


def _require_order(score_name: str, dataset: Dataset) -> None:
    """Raise OptionError where the copula is asked for and no column has an order."""
    if score_name == "copula" and dataset.kind == "discrete" and not dataset.has_ordinal:
        raise OptionError(
            "score 'copula' is for numbers and ordered categories, and no column of these data has an order: say which "
            "with --ordinal rating:low<mid<high (ordinal=...), or choose bdeu or block"
        )


def _require_complete_beside_contexts(dataset: Dataset) -> None:
    """Raise OptionError where cells are missing beside contexts."""
    if dataset.contexts and dataset.has_missing:
        raise OptionError(
            f"{int(dataset.missing.any(1).sum())} of {dataset.n} rows have missing cells, which are not drawn where "
            "there are contexts (--context): leave these rows out with --missing drop (missing='drop'), or make a "
            "level of the missing cells of categories with --missing level"
        )


def as_dataset(data: Any) -> Dataset:
    """Return data of any kind that `dag_gfn.fit` takes as a dataset.

    Raises
    ------
    DataError
        If it is of another kind, or cannot be used as it is.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.fitting.prepare import as_dataset
    >>> as_dataset(np.eye(3)).names
    ('x0', 'x1', 'x2')
    """
    if isinstance(data, Dataset):
        return data
    if is_frame(data):
        return from_frame(data)
    if isinstance(data, np.ndarray):
        return from_array(data)
    if isinstance(data, str | os.PathLike):
        return read_file(data)
    kind = f"{type(data).__module__.split('.')[0]}.{type(data).__name__}".removeprefix("builtins.")
    raise DataError(f"expected a Dataset, a DataFrame, an array or the path of a file, not {kind}")


def _scaled(dataset: Dataset, z_scored: Dataset, model: ModelOptions) -> Dataset:
    """Return the dataset on the scale that is scored."""
    if (
        model.standardize is None
        and named_or_own(model.score)[0] == "linear_gaussian"
        and dataset.kind == "continuous"
    ):
        return dataset.center()
    return dataset if model.standardize is not None and not model.standardize else z_scored
