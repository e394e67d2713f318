import numpy as np

from dag_gfn.knowledge import Belief, Knowledge, resolve
from dag_gfn.scores import make_prior

NAMES = ("a", "b", "c")


def test_nothing_known_leaves_everything_as_it_was():
    known = resolve(Knowledge(), NAMES)
    prior = make_prior("fair", 3)
    assert known.constraints().is_empty()
    assert known.prior(prior) is prior
    assert known.condition is None


def test_constraints_and_prior_have_what_is_known():
    known = resolve(
        Knowledge(required=(("a", "b"),), max_parents={"c": 1}, beliefs=(Belief("a", "c", 0.8),)), NAMES
    )
    constraints = known.constraints(max_parents=2)
    assert constraints.required.tolist() == [0, 1, 0]
    assert constraints.limit(np.arange(3)).tolist() == [2, 2, 1]
    prior = known.prior(make_prior("uniform", 3))
    np.testing.assert_allclose(np.exp(prior.log_prior(2, np.array([0b01, 0b11, 0b10]))), [4.0, 4.0, 1.0])
