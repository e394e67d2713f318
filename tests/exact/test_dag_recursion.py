import numpy as np
import pytest
from exact_tables import Table, random_table

from dag_gfn.errors import ConstraintError, NotTractable
from dag_gfn.exact.dag_recursion import DagRecursion, complete_of
from dag_gfn.exact.enumeration import enumerate_dags, exact_posterior


@pytest.mark.parametrize(("d", "dags"), [(1, 1), (4, 543), (6, 3_781_503), (10, 4_175_098_976_430_598_143)])
def test_counts_dags_when_all_weights_are_one(d, dags):
    recursion = DagRecursion(np.zeros((d, 1 << (d - 1))))
    recursion.solve(with_sources=False)
    assert recursion.log_evidence == pytest.approx(np.log(float(dags)), abs=1e-13)


@pytest.mark.parametrize("d", [1, 3, 5])
def test_closed_and_sole_source_probabilities_are_those_of_enumerated_dags(d):
    table = random_table(d, seed=d, scale=2.0)
    recursion = DagRecursion(table.complete)
    recursion.solve(with_sources=True)
    closed = recursion.closed_probabilities()
    probabilities = np.exp(exact_posterior(table).log_probabilities)
    parents = enumerate_dags(d).astype(np.int64)
    for s in range(1 << d):
        members = [j for j in range(d) if s >> j & 1]
        no_edge_enters = (parents[:, members] & ~s == 0).all(axis=1)
        assert closed[s] == pytest.approx(probabilities[no_edge_enters].sum(), abs=1e-12)
    for v in range(d):  # all others descend from v: v is the only root
        only_root = (parents[:, v] == 0) & (np.delete(parents, v, axis=1) != 0).all(axis=1)
        assert recursion.sole_source[v, 0] == pytest.approx(probabilities[only_root].sum(), abs=1e-12)


def test_cancellation_is_that_of_the_number_of_roots():
    """With empty parent sets only, the k-th term is C(d, k): the sum of absolute values is 2^d - 1."""
    d = 6
    weights = np.full((d, 1 << (d - 1)), -np.inf)
    weights[:, 0] = 0.0
    recursion = DagRecursion(weights)
    recursion.solve(with_sources=False)
    assert recursion.cancellation[-1] == pytest.approx(2**d - 1)
    assert recursion.log_evidence == pytest.approx(0.0, abs=1e-14)


def test_no_dag():
    weights = np.zeros((3, 4))
    weights[:, 0] = -np.inf  # every DAG has a root
    with pytest.raises(ConstraintError, match="no DAG on the 3 nodes"):
        DagRecursion(weights).solve(with_sources=False)
    weights[1] = -np.inf
    with pytest.raises(ConstraintError, match="node 1 has no parent set"):
        DagRecursion(weights)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_scores_must_be_numbers(bad):
    weights = np.zeros((2, 2))
    weights[0, 1] = bad
    with pytest.raises(ValueError, match="below infinity"):
        DagRecursion(weights)


def test_a_lazy_table_is_refused_with_the_remedy():
    table = Table(np.zeros((2, 2)))
    table.complete = None
    with pytest.raises(NotTractable, match="storage='complete'"):
        complete_of(table)


def test_interruption_between_chunks():
    recursion = DagRecursion(random_table(12, seed=0).complete)
    shares = []

    def interrupt(share):
        shares.append(share)
        if share > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        recursion.solve(with_sources=True, progress=interrupt)
    assert 0.3 < shares[-1] < 0.9
    assert recursion.mantissa[-1] == 0.0  # the last set was not reached
