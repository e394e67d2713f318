import numpy as np
import pytest

from dag_gfn import ConstraintError, NotConvergedWarning
from dag_gfn.fitting.known_paths import FEW_DRAWS, given_paths
from dag_gfn.knowledge import Knowledge, resolve
from dag_gfn.posterior import GraphPosterior

KNOWN = resolve(Knowledge(required_paths=(("a", "b"),)), ("a", "b"))


def draws(with_edge, without):
    graphs = np.zeros((with_edge + without, 2, 2), dtype=bool)
    graphs[:with_edge, 0, 1] = True
    return GraphPosterior.from_samples(("a", "b"), graphs)


def test_without_paths_the_posterior_is_the_same():
    posterior = draws(5, 5)
    assert given_paths(posterior, resolve(Knowledge(roots=("a",)), ("a", "b"))) is posterior


def test_few_draws_left_are_a_doubt():
    enough, few = int(FEW_DRAWS), int(FEW_DRAWS) - 1
    assert not given_paths(draws(enough, 1000), KNOWN).info.get("doubts")
    with pytest.warns(NotConvergedWarning, match="graphs worth 399 independent draws are left"):
        found = given_paths(draws(few, 1000), KNOWN)
    assert found.info["doubts"][0]["code"] == "few_draws_left"
    assert "num_samples" in found.info["warnings"][0]


def test_nothing_left_is_refused_with_what_to_do():
    with pytest.raises(ConstraintError, match="none of 1 sampled graphs has path\\(a, b\\)"):
        given_paths(draws(0, 100), KNOWN)
