"""Every score keeps the contract, and the check finds those that do not."""

from functools import partial

import numpy as np
import pytest
from score_data import continuous, correlated, dependent_codes, discrete, mixed

from dag_gfn.errors import OptionError
from dag_gfn.graphs.subsets import popcount
from dag_gfn.scores import PRIORS, BDeu, BGe, GraphPrior, LocalScore, make_prior, make_score
from dag_gfn.scores.conformance import check_prior, check_score
from dag_gfn.scores.registry import SCORE_CLASSES

STATES = (2, 3, 2, 4)

OTHER_OPTIONS = [
    ("bge", {"alpha_mu": 2.5, "alpha_w": 9, "mean_obs": 0.5}),
    ("linear_gaussian", {"noise_variance": 2, "weight_variance": 0.5}),
    ("bdeu", {"equivalent_sample_size": 7}),
    ("bde", {"equivalent_sample_size": 0.01}),
    ("block", {"alpha_mu": 2.5, "alpha_w": 9}),
]


def data_of(kind, rng):
    if kind == "continuous":
        return continuous(correlated(rng, 40, 4))
    if kind == "mixed":
        return mixed(
            np.column_stack([correlated(rng, 40, 2), dependent_codes(rng, 40, (3, 2))]), (0, 0, 3, 2)
        )
    return discrete(dependent_codes(rng, 40, STATES), STATES)


@pytest.mark.parametrize(
    ("score", "kind"),
    [(score, kind) for score in SCORE_CLASSES for kind in score.kinds()],
    ids=lambda each: each if isinstance(each, str) else each.__name__,
)
def test_every_score_keeps_the_contract(score, kind, rng):
    check_score(score, data_of(kind, rng))


@pytest.mark.parametrize(("name", "options"), OTHER_OPTIONS)
def test_with_other_options_too(name, options, rng):
    kind = next(score.kind for score in SCORE_CLASSES if score.name == name)
    check_score(partial(make_score, name, **options), data_of(kind, rng))


class Constant(LocalScore):
    """A score that keeps the contract; each class below breaks one clause of it."""

    name, kind, is_equivalent = "constant", "continuous", True

    def local_scores(self, node, parents):
        return np.zeros(len(parents))


def test_a_score_that_says_nothing_keeps_it(rng):
    check_score(Constant, data_of("continuous", rng))


class NotFinite(Constant):
    def local_scores(self, node, parents):
        return np.where(popcount(parents) > 2, np.inf, 0.0)


class BatchDependent(Constant):
    def local_scores(self, node, parents):
        return np.full(len(parents), float(len(parents)))


class OtherTable(Constant):
    def complete_table(self):
        return super().complete_table() + 1.0


class OtherWithin(Constant):
    def scores_within(self, node, candidates):
        return super().scores_within(node, candidates) + 1.0


class RowDependent(Constant):
    def local_scores(self, node, parents):
        return np.full(len(parents), self.data.values[0, node])


class ColumnDependent(Constant):
    def local_scores(self, node, parents):
        return np.full(len(parents), float(node))


class NotDecomposable(Constant):
    def local_scores(self, node, parents):
        return np.full(len(parents), np.linalg.slogdet(np.cov(self.data.values.T))[1])


class NotEquivalent(Constant):
    def local_scores(self, node, parents):
        return self.data.values[:, node].var() * popcount(parents).astype(np.float64)


class AcceptsInterventions(Constant):
    honours_interventions = True

    def local_scores(self, node, parents):
        return np.full(len(parents), self.data.values.sum(axis=0)[node])


class OtherOptions(Constant):
    def __init__(self, data, *, weight=1.0):
        super().__init__(data)


class AnyKind(Constant):
    def __init__(self, data):
        if data.intervened is not None:
            raise OptionError("no interventions")
        self.data = data


class AnyMask(Constant):
    def __init__(self, data):
        self.data = data


class IgnoresWeights(Constant):
    def local_scores(self, node, parents):
        return np.full(len(parents), np.log(self.data.values[:, node].var()) * self.data.n)


class AnyRows(BDeu):
    """Counts rows for a node in which it was set."""

    def __init__(self, data):
        super().__init__(data)
        self.tables = BDeu(discrete(data.values, data.cardinalities)).tables

    @property
    def hyperparameters(self):
        return {}


@pytest.mark.parametrize(
    ("score", "said"),
    [
        (NotFinite, "not finite"),
        (BatchDependent, "local_scores differs|one by one"),
        (OtherTable, "differs from complete_table"),
        (OtherWithin, "scores_within differs"),
        (RowDependent, "the order of the rows"),
        (ColumnDependent, "the order of the columns"),
        (NotDecomposable, "outside the family"),
        (NotEquivalent, "score differently"),
        (AcceptsInterventions, "rows in which a node was set count for it"),
        (OtherOptions, r"hyperparameters are \[\], the constructor's keywords \['weight'\]"),
        (AnyKind, "for continuous tables accepts one that is discrete"),
        (IgnoresWeights, "whole weights differ from repeated rows"),
        (AnyMask, "does not honour interventions accepts them"),
        (AnyRows, "rows in which a node was set count for it"),
    ],
)
def test_what_breaks_it_is_found(score, said, rng):
    with pytest.raises(AssertionError, match=said):
        check_score(score, data_of(score.kind, rng))


def test_data_with_interventions_are_no_ground_for_the_check(rng):
    values = correlated(rng, 30, 3)
    with pytest.raises(AssertionError, match="without interventions"):
        check_score(BGe, continuous(values, values > 1.0))


@pytest.mark.parametrize("name", PRIORS)
def test_every_prior_keeps_its_contract(name):
    check_prior(partial(make_prior, name))


@pytest.mark.parametrize(
    ("by_size", "said"),
    [
        (lambda d: np.zeros(d + 1), "has shape"),
        (lambda d: np.log1p(-np.arange(d) / 2), "not finite for 3 nodes"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_a_prior_that_breaks_it_is_found(by_size, said):
    with pytest.raises(AssertionError, match=said):
        check_prior(lambda d: GraphPrior("other", by_size(d)))
