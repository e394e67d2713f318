"""A score of a user's own, through every method."""

from functools import partial

import numpy as np
import pytest

import dag_gfn
from dag_gfn import OptionError
from dag_gfn.graphs import graph
from dag_gfn.graphs.subsets import unpack
from dag_gfn.parameters.from_posterior import parameter_tables
from dag_gfn.scores import BGe, LocalScore
from dag_gfn.scores.conformance import check_score
from dag_gfn.views.wording import assumptions

pytestmark = [
    pytest.mark.usefixtures("short_chains"),
    pytest.mark.filterwarnings("ignore::dag_gfn.errors.NotConvergedWarning"),
]


class Penalised(LocalScore):
    """Least squares with a price for each parent; rows count as often as their weight says."""

    name, kind = "penalised", "continuous"

    def __init__(self, data, *, price=1.0):
        super().__init__(data)
        self.price = price

    @property
    def hyperparameters(self):
        return {"price": self.price}

    def local_scores(self, node, parents):
        weights = np.ones(self.data.n) if self.data.weights is None else self.data.weights
        return np.array(
            [self._score(node, members, weights) for members in unpack(parents, self.d)], dtype=float
        )

    def _score(self, node, members, weights):
        x = np.column_stack([np.ones(self.data.n), self.data.values[:, members]])
        y = self.data.values[:, node]
        rest = y - x @ np.linalg.solve(x.T * weights @ x, x.T * weights @ y)
        return -0.5 * weights.sum() * np.log(weights @ rest**2) - self.price * members.sum()


@pytest.fixture(scope="module")
def data():
    return dag_gfn.simulate(4, 60, rng=np.random.default_rng(0))


def enumerated(score):
    """Return the edge probabilities over all DAGs of four nodes, from the score of each family."""
    sets = np.array(np.meshgrid(*[[False, True]] * 12, indexing="ij")).reshape(12, -1).T
    graphs = np.zeros((len(sets), 4, 4), dtype=bool)
    graphs[:, ~np.eye(4, dtype=bool)] = sets
    graphs = graphs[graph.is_dag(graphs)]
    masks = graph.parent_masks(graphs)
    table = {
        (j, m): score.local_scores(j, np.array([m]))[0] for j in range(4) for m in np.unique(masks[:, j])
    }
    scores = np.array([sum(table[j, m] for j, m in enumerate(of)) for of in masks])
    weights = np.exp(scores - np.logaddexp.reduce(scores))
    return np.tensordot(weights, graphs, axes=1)


def test_it_keeps_the_contract_of_a_score():
    check_score(Penalised, dag_gfn.from_array(np.random.default_rng(0).normal(size=(30, 4))))


@pytest.mark.parametrize(
    ("options", "tolerance"),
    [
        ({"method": "exact"}, 1e-9),
        ({"method": "mcmc", "iterations": 20_000}, 0.1),
        ({"method": "gflownet", "environment": "layers", "iterations": 40}, 0.1),
        ({"method": "gflownet", "environment": "edges", "iterations": 60}, 0.1),
    ],
    ids=lambda option: option.get("environment", option["method"]) if isinstance(option, dict) else "",
)
def test_every_method_takes_it(data, options, tolerance):
    made = partial(Penalised, price=2.0)
    posterior = dag_gfn.fit(data, score=made, num_samples=2_000, exact_check=False, progress=False, **options)
    assert (posterior.info["score"], posterior.info["score_options"]) == ("penalised", {"price": 2.0})
    assert posterior.info["own_score"].endswith("Penalised")
    expected = enumerated(Penalised(data.standardize(), price=2.0))
    assert np.abs(posterior.edge_marginals() - expected).to_numpy().max() < tolerance


def test_a_class_a_function_and_a_score_give_the_same(data):
    ready = Penalised(data.standardize())
    found = [
        dag_gfn.fit(data, score=each, progress=False) for each in (Penalised, lambda of: Penalised(of), ready)
    ]
    assert len({posterior.log_evidence for posterior in found}) == 1
    by_name, by_class = (dag_gfn.fit(data, score=each, progress=False) for each in ("bge", BGe))
    assert by_class.log_evidence == by_name.log_evidence
    assert "own_score" not in by_class.info


def test_graphs_come_back_and_parameters_say_what_to_do(data, tmp_path):
    posterior = dag_gfn.fit(data, score=Penalised, progress=False)
    posterior.save(tmp_path / "out")
    loaded = dag_gfn.load(tmp_path / "out")
    np.testing.assert_array_equal(loaded.edge_marginals(), posterior.edge_marginals())
    assert "the score's relations" in assumptions(loaded.info)
    with pytest.raises(OptionError, match=r"'penalised' has no prior over parameters.*score='bge'"):
        parameter_tables(loaded)


class Unnamed(LocalScore):
    kind = "continuous"

    def local_scores(self, node, parents):
        return np.zeros(len(parents))


class Taken(Unnamed):
    name = "bge"


class Unrecorded(Unnamed):
    name, hyperparameters = "unrecorded", {"matrix": np.eye(2)}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"score": 3}, "unknown score '3'"),
        ({"score": Penalised, "alpha_mu": 2.0}, "functools.partial"),
        ({"score": lambda data: 4}, "not one that returns int"),
        ({"score": Unnamed}, "has no name"),
        ({"score": Taken}, "called 'bge', as one of this package is"),
        ({"score": partial(BGe, alpha_mu=2.0)}, "called 'bge', as one of this package is"),
        ({"score": Unrecorded}, "cannot be recorded"),
    ],
)
def test_what_is_no_score_of_its_own_is_refused(data, options, said):
    with pytest.raises(OptionError, match=said):
        dag_gfn.fit(data, progress=False, **options)


def test_a_score_of_other_columns_or_of_incomplete_rows_is_refused(data):
    with pytest.raises(OptionError, match="the columns are"):
        dag_gfn.fit(
            data, score=Penalised(dag_gfn.simulate(3, 60, rng=np.random.default_rng(0))), progress=False
        )
    frame = data.to_frame()
    frame.iloc[0, 0] = np.nan
    with pytest.raises(OptionError, match=r"1 missing cells: .*missing='drop'"):
        dag_gfn.fit(frame, score=Penalised, progress=False)
    dropped = dag_gfn.from_frame(frame, missing="drop")
    assert dag_gfn.fit(dropped, score=Penalised, progress=False).info["n"] == 59
