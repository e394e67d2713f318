"""The bootstrap: graphs that a point estimator finds on rows drawn again, each as often as it is found.

Frequencies are no posterior probabilities. They say how stable the answer of an estimator is when the sample varies; a
posterior says what one sample leaves open under a prior and a score. A resample has about 63 % of the rows, some of
them several times, which a search takes for more evidence than there is: graphs have more edges.

References
----------
Friedman, Goldszmidt and Wyner, "Data analysis with Bayesian networks: a bootstrap approach", UAI 1999.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool

from dag_gfn.baselines.constraint_search import constraint_search, require_pc
from dag_gfn.baselines.equivalence_search import equivalence_search
from dag_gfn.baselines.extensions import extension
from dag_gfn.baselines.hill_climbing import hill_climb
from dag_gfn.budget import TimeBudget
from dag_gfn.data.dataset import Dataset
from dag_gfn.data.resampling import resampled
from dag_gfn.errors import DataError, OptionError
from dag_gfn.mcmc.chains import ChainReport
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.diagnostics import BootstrapDiagnostics
from dag_gfn.posterior.method_result import MethodResult
from dag_gfn.random_streams import RandomStreams
from dag_gfn.scores import Constraints, GraphPrior, LocalScore, ScoreTable

POINT_ESTIMATORS = ("hill_climbing", "ges", "pc")
NO_POSTERIOR = (
    "these are frequencies of graphs that were found on resampled rows, not posterior probabilities: they say how "
    "stable the search is, not how probable a graph is given the data and a prior (Friedman, Goldszmidt and Wyner "
    "1999; docs/baselines.md)"
)
HALF_HALF = (
    "each graph is one member of the class that was found, drawn at random: an edge that can point either way in it "
    "counts for about one half in each direction"
)
_TRIES = 20  # members of a class, until one is allowed


@dataclass(frozen=True, eq=False)
class Resampling:
    """What tables of scores of resampled rows are made of.

    Attributes
    ----------
    data : Dataset
        The rows, on the scale that is scored, which stays that of the whole table.
    score_of : callable
        Makes the score of a dataset.
    prior : GraphPrior
    constraints : Constraints

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.baselines.bootstrap import Resampling
    >>> from dag_gfn.scores import BGe, Constraints, make_prior
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 3)))
    >>> again = Resampling(data, BGe, make_prior("uniform", 3), Constraints.none(3))
    >>> again.table_of(again.drawn(seed=0, index=1)).is_complete
    False
    """

    data: Dataset
    score_of: Callable[[Dataset], LocalScore]
    prior: GraphPrior
    constraints: Constraints

    def drawn(self, *, seed: int, index: int) -> Dataset:
        """Return the rows of one resample (:func:`dag_gfn.data.resampling.resampled`)."""
        return resampled(self.data, seed, index)

    def table_of(self, drawn: Dataset) -> ScoreTable:
        """Return the scores of a resample, each computed when it is needed."""
        return ScoreTable.build(self.score_of(drawn), self.prior, self.constraints, storage="lazy")


def fit_bootstrap(
    table: ScoreTable,
    resampling: Resampling,
    *,
    seed: int,
    num_resamples: int,
    point_estimator: str = "hill_climbing",
    significance_level: float | int = 0.05,
    budget: TimeBudget | None = None,
    on_report: Callable[[ChainReport], None] | None = None,
) -> MethodResult:
    """Return the graphs that an estimator finds on resampled rows, with their frequencies as weights.

    Parameters
    ----------
    table : ScoreTable
        Of all rows: the scores that are told of the graphs.
    resampling : Resampling
    seed : int
        Resample b has the rows of this seed and b, whatever the estimator is.
    num_resamples : int
    point_estimator : {"hill_climbing", "ges", "pc"}
        See `hill_climb`, `equivalence_search` and `constraint_search`. Of classes a member is drawn.
    significance_level : float
        Of the tests of ``pc``.
    budget : TimeBudget, optional
        When it is over, the graphs that were found so far are the result. So they are after Ctrl-C.
    on_report : callable, optional
        Called with a report after each resample, whose iterations are the resamples.

    Raises
    ------
    OptionError
        If the estimator does not go with the data, the score or what is known.
    DataError
        If no resample has a graph.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.baselines.bootstrap import Resampling, fit_bootstrap
    >>> from dag_gfn.scores import BGe, Constraints, ScoreTable, make_prior
    >>> a, c = np.random.default_rng(0).normal(size=(2, 100))
    >>> data = dag_gfn.from_array(np.column_stack([a, a + c + 0.1 * np.roll(a, 1), c]))
    >>> again = Resampling(data, BGe, make_prior("uniform", 3), Constraints.none(3))
    >>> result = fit_bootstrap(ScoreTable.build(BGe(data)), again, seed=0, num_resamples=20)
    >>> result.diagnostics.resamples, result.posterior.marginal("edge").source
    (20, 'samples')
    """
    budget = TimeBudget() if budget is None else budget
    find = _Estimator.of(point_estimator, table, resampling, significance_level)
    streams, began = RandomStreams(seed), budget.elapsed()
    graphs: list[Bool[np.ndarray, "d d"]] = []
    done, failed, inconsistent, told, interrupted = 0, 0, 0, "", False
    try:
        for index in range(num_resamples):
            if graphs and budget.is_over():
                break
            rng = streams.generator(f"point estimate {index}")
            found = None
            try:
                found = find(resampling.drawn(seed=seed, index=index), rng)
                told = "no member of the class that was found is allowed"
            except DataError as error:  # as where tests meet columns that are collinear in this resample
                told = f"{error}"
            done += 1
            if found is None:
                failed += 1
                continue
            graphs.append(found.adjacency)
            inconsistent += not found.consistent
            if on_report is not None:
                seconds = budget.elapsed() - began
                on_report(ChainReport(done, num_resamples, seconds, done / num_resamples))
    except KeyboardInterrupt:
        if not graphs:
            raise
        interrupted = True
    if not graphs:
        raise DataError(
            f"the point estimator {point_estimator!r} finds no graph on any resample of the rows: {told}"
        )
    cut_short = done < num_resamples and not interrupted
    if cut_short:
        budget.cuts.append(f"{done:,} of {num_resamples:,} resamples are drawn")
    adjacency = np.stack(graphs)
    scores = table.log_reward_of(adjacency)
    return MethodResult(
        posterior=GraphPosterior.from_samples(
            table.names, adjacency, np.where(np.isfinite(scores), scores, np.nan)
        ),
        diagnostics=BootstrapDiagnostics(
            point_estimator=point_estimator,
            resamples=len(graphs),
            resamples_without_graph=failed,
            inconsistent_graphs=inconsistent,
            cut_short_by_time_budget=cut_short,
        ),
        interrupted=interrupted,
        settings={"num_resamples": num_resamples},
    )


class _Found(NamedTuple):
    adjacency: Bool[np.ndarray, "d d"]
    consistent: bool = True


@dataclass(frozen=True, eq=False)
class _Estimator:
    """A point estimator on the rows of a resample; it returns None where no DAG of its class is allowed."""

    name: str
    resampling: Resampling
    significance_level: float | int
    possible: Bool[np.ndarray, "d d"]
    required: Bool[np.ndarray, "d d"]

    @classmethod
    def of(
        cls, name: str, table: ScoreTable, resampling: Resampling, significance_level: float | int
    ) -> "_Estimator":
        if name == "pc":
            require_pc(resampling.data)
        if name == "ges":
            _require_classes(table, resampling)
        known = table.constraints
        return cls(name, resampling, significance_level, known.possible_edges(), known.required_edges)

    def __call__(self, drawn: Dataset, rng: np.random.Generator) -> _Found | None:
        table = self.resampling.table_of(drawn)
        if self.name == "hill_climbing":
            return _Found(table.possible.adjacency_of(hill_climb(table, rng=rng)))
        if self.name == "ges":
            mixed = equivalence_search(table)
        else:
            mixed = constraint_search(
                drawn,
                significance_level=self.significance_level,
                possible=self.possible,
                required=self.required,
            )
        for _ in range(_TRIES):
            dag = extension(mixed, possible=self.possible, required=self.required, rng=rng)
            if np.isfinite(table.log_reward_of(dag.adjacency[None]))[0]:
                return _Found(*dag)
        return None


def _require_classes(table: ScoreTable, resampling: Resampling) -> None:
    """Raise OptionError where equivalent DAGs are told apart, so that no search over classes is possible."""
    data, known, why = resampling.data, table.constraints, None
    if not resampling.score_of(data).is_equivalent:
        why = f"the score {table.score!r} gives equivalent graphs different values"
    elif data.contexts or data.intervened is not None:
        why = "experiments tell equivalent graphs apart"
    elif known.required_edges.any() or known.forbidden_edges.any() or table.graph_prior.log_odds is not None:
        why = "what is known about edges tells equivalent graphs apart"
    if why is not None:
        raise OptionError(
            f"greedy equivalence search goes from class to class, and {why}: choose point_estimator='hill_climbing' "
            "(--point-estimator hill_climbing)"
        )
