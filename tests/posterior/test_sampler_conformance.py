"""The check is passed by a sampler that looks everything up, and by none of those that break a promise."""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import oracles
import pytest

from dag_gfn.errors import ConstraintError, OptionError
from dag_gfn.graphs.graph import is_dag
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.sampler import ConditionalSampler, Sampler, WeightedGraphs
from dag_gfn.posterior.sampler_conformance import check_sampler

NAMES = ("a", "b", "c")
GRAPHS = np.array(oracles.all_dags(3))
LOG_SCORES = np.random.default_rng(3).normal(size=len(GRAPHS)) - 4.0
K = 1500


@dataclass(frozen=True)
class LookUpSampler:
    """Draws each DAG with a probability of a table, which need not be that of the posterior."""

    log_p: np.ndarray

    def sample(self, k, *, seed):
        chosen = np.random.default_rng(seed).choice(len(GRAPHS), k, p=np.exp(self.log_p))
        return WeightedGraphs(GRAPHS[chosen], LOG_SCORES[chosen], (LOG_SCORES - self.log_p)[chosen])

    def log_probability(self, adjacency, *, num_trajectories=100, seed):
        places = [int(np.flatnonzero((one == GRAPHS).all((1, 2)))[0]) for one in adjacency]
        return self.log_p[places], np.zeros(len(adjacency))

    def given(self, edges=(), *, absent=(), tiers=(), num_samples=10_000, seed):
        if any(name not in NAMES for edge in edges for name in edge):
            raise OptionError("no such variable")
        has = np.ones(len(GRAPHS), dtype=bool)
        for source, target in edges:
            has &= GRAPHS[:, NAMES.index(source), NAMES.index(target)]
        back = [
            (b, a) for k, tier in enumerate(tiers) for a in tier for later in tiers[k + 1 :] for b in later
        ]
        for source, target in [*absent, *back]:
            has &= ~GRAPHS[:, NAMES.index(source), NAMES.index(target)]
        if not has.any():
            raise ConstraintError("a cycle")
        log_p = self.log_p[has] - np.logaddexp.reduce(self.log_p[has])
        rng = np.random.default_rng(seed)
        chosen = np.flatnonzero(has)[rng.choice(has.sum(), num_samples, p=np.exp(log_p))]
        log_w = LOG_SCORES[chosen] - self.log_p[chosen] + np.logaddexp.reduce(self.log_p[has])
        estimate = estimated(log_w)
        return GraphPosterior.from_weights(
            NAMES,
            GRAPHS[chosen],
            log_w,
            LOG_SCORES[chosen],
            effective_samples=estimate.ess * num_samples,
            log_evidence=estimate.log_z,
            info={"diagnostics": {"ess": estimate.ess}},
        )

    def log_z(self, *, num_samples=10_000, seed):
        return estimated(self.sample(num_samples, seed=seed).log_weights)

    def log_z_upper(self, exact_draws, *, seed):
        places = [int(np.flatnonzero((one == GRAPHS).all((1, 2)))[0]) for one in exact_draws]
        return float((LOG_SCORES - self.log_p)[places].mean())

    def entropy(self, *, num_samples=10_000, seed):
        drawn = self.sample(num_samples, seed=seed)
        w = np.exp(drawn.log_weights)
        return float(np.log(w.mean()) - w @ drawn.log_scores / w.sum())


def estimated(log_w):
    w, k = np.exp(log_w), len(log_w)
    ess = w.sum() ** 2 / (k * (w**2).sum())
    return SimpleNamespace(
        log_z=float(np.log(w.mean())),
        standard_error=float(np.sqrt(max(1 / ess - 1, 0.0) / k)),
        log_z_lower=float(log_w.mean()),
        ess=float(ess),
    )


def disturbed(size=1.0):
    log_p = LOG_SCORES + size * np.random.default_rng(4).normal(size=len(GRAPHS))
    return log_p - np.logaddexp.reduce(log_p)


@pytest.mark.parametrize("size", [0.0, 1.0])
def test_a_sampler_that_keeps_its_protocol(size):
    sampler = LookUpSampler(disturbed(size))
    assert isinstance(sampler, ConditionalSampler)
    check_sampler(sampler, NAMES, GRAPHS, LOG_SCORES, seed=0, num_samples=K)


class OtherScores(LookUpSampler):
    def sample(self, k, *, seed):
        drawn = super().sample(k, seed=seed)
        return replace(drawn, log_scores=drawn.log_scores + 0.1)


class Cyclic(LookUpSampler):
    def sample(self, k, *, seed):
        drawn = super().sample(k, seed=seed)
        cyclic = drawn.adjacency.copy()
        cyclic[:1, 0, 1] = cyclic[:1, 1, 0] = True
        return replace(drawn, adjacency=cyclic)


class Unweighted(LookUpSampler):
    def sample(self, k, *, seed):
        drawn = super().sample(k, seed=seed)
        return replace(drawn, log_weights=np.full(k, np.logaddexp.reduce(LOG_SCORES)))


class Unseeded(LookUpSampler):
    def sample(self, k, *, seed):
        return super().sample(k, seed=int(np.random.default_rng().integers(2**31)))


class OneStream(LookUpSampler):
    def sample(self, k, *, seed):
        return super().sample(k, seed=0)


class WrongEvidence(LookUpSampler):
    def log_z(self, *, num_samples=10_000, seed):
        estimate = super().log_z(num_samples=num_samples, seed=seed)
        return SimpleNamespace(**vars(estimate) | {"log_z": estimate.log_z + 0.3})


class WrongEntropy(LookUpSampler):
    def entropy(self, *, num_samples=10_000, seed):
        return super().entropy(num_samples=num_samples, seed=seed) + 0.3


class OtherProbabilities(LookUpSampler):
    def log_probability(self, adjacency, *, num_trajectories=100, seed):
        log_p, error = super().log_probability(adjacency, seed=seed)
        return log_p[::-1].copy(), error


class TooMuchProbability(LookUpSampler):
    def log_probability(self, adjacency, *, num_trajectories=100, seed):
        log_p, error = super().log_probability(adjacency, seed=seed)
        return log_p + 0.01, error


class LowBound(LookUpSampler):
    def log_z_upper(self, exact_draws, *, seed):
        return super().log_z_upper(exact_draws, seed=seed) - 0.5


class EstimatedLowBound(LowBound):
    def log_probability(self, adjacency, *, num_trajectories=100, seed):
        return super().log_probability(adjacency, seed=seed)[0], np.full(len(adjacency), 1e-3)


class GivenNothing(LookUpSampler):
    def given(self, edges=(), *, absent=(), tiers=(), num_samples=10_000, seed):
        super().given(edges, num_samples=num_samples, seed=seed)
        return super().given([], num_samples=num_samples, seed=seed)


class AnyName(LookUpSampler):
    def given(self, edges=(), *, absent=(), tiers=(), num_samples=10_000, seed):
        known = [edge for edge in edges if set(edge) <= set(NAMES)]
        return super().given(known, absent=absent, tiers=tiers, num_samples=num_samples, seed=seed)


class NoTiers(LookUpSampler):
    def given(self, edges=(), *, absent=(), tiers=(), num_samples=10_000, seed):
        return super().given(edges, absent=absent, num_samples=num_samples, seed=seed)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (OtherScores, "a draw has another score"),
        (Cyclic, "a draw has a directed cycle"),
        (Unweighted, "weighted edge probabilities: off by"),
        (Unseeded, "the seed does not decide"),
        (OneStream, "two seeds give the same draws"),
        (WrongEvidence, "log_z: off by"),
        (WrongEntropy, "entropy: off by"),
        (OtherProbabilities, "is not drawn with its probability"),
        (TooMuchProbability, "the sum of all probabilities"),
        (LowBound, "the upper bound: off by"),
        (EstimatedLowBound, "the upper bound .* is too low"),
        (GivenNothing, "given a -> b, a graph does not comply"),
        (AnyName, "there is no OptionError"),
        (NoTiers, "given tiers, a graph does not comply"),
    ],
)
def test_a_broken_promise_is_found(kind, said):
    with pytest.raises(AssertionError, match=said):
        check_sampler(kind(disturbed()), NAMES, GRAPHS, LOG_SCORES, seed=0, num_samples=K)


class Silent:
    """Draws, and answers nothing."""

    def sample(self, k, *, seed):
        return LookUpSampler(disturbed()).sample(k, seed=seed)


def test_what_lacks_a_method_is_no_sampler():
    assert not isinstance(Silent(), Sampler)


class Unconditional:
    """All methods but `given`."""

    def __init__(self, log_p):
        sampler = LookUpSampler(log_p)
        self.sample, self.log_probability = sampler.sample, sampler.log_probability
        self.log_z, self.log_z_upper, self.entropy = sampler.log_z, sampler.log_z_upper, sampler.entropy


def test_a_sampler_need_not_draw_given_edges():
    sampler = Unconditional(disturbed())
    assert isinstance(sampler, Sampler)
    assert not isinstance(sampler, ConditionalSampler)
    check_sampler(sampler, NAMES, GRAPHS, LOG_SCORES, seed=0, num_samples=K)


def test_all_graphs_are_dags():
    assert len(GRAPHS) == 25
    assert is_dag(GRAPHS).all()
