import numpy as np
import pytest

from dag_gfn.data import DiscreteSimulator, data_warnings, from_array, simulate
from dag_gfn.data.assumption_checks import TREND_LEVEL


@pytest.fixture
def normal(rng):
    return rng.normal(size=(500, 4))


def warn(values, **options):
    return data_warnings(from_array(values, list("abcd")[: values.shape[1]], **options))


def test_clean_data_are_silent(normal, rng):
    assert warn(normal) == []
    assert data_warnings(from_array(normal).standardize()) == []
    network = DiscreteSimulator.random(
        np.zeros((3, 3), dtype=bool), cardinalities=(2, 3, 3), concentration=50.0, rng=rng
    )
    assert data_warnings(network.sample(500, rng=rng)) == []


@pytest.mark.parametrize("standardize", [False, True])
def test_few_whole_numbers(normal, rng, standardize):
    normal[:, 1] = rng.integers(1, 6, size=500)
    normal[:, 2] = rng.integers(1, 8, size=500)  # 7 values
    normal[:, 3] = rng.integers(0, 3, size=500) / 2  # not whole
    data = from_array(normal, list("abcd"), strict=True)
    (sentence,) = data_warnings(data.standardize() if standardize else data)
    assert "at most 5 distinct whole numbers: 'b';" in sentence
    assert "--discrete b " in sentence


def test_non_normal_columns_are_named_with_their_moments(normal, rng):
    normal[:, 1] = np.exp(1.5 * normal[:, 1])
    normal[7, 2] = 40.0  # an outlier
    normal[:, 3] = rng.uniform(size=500)  # light tails are no harm
    (sentence,) = warn(normal)
    assert "far from normal" in sentence
    assert "'b' (skewness" in sentence
    assert "'c' (skewness" in sentence
    assert "'a'" not in sentence
    assert "'d'" not in sentence


def test_values_set_by_the_experimenter_may_be_far_from_normal(normal):
    mask = np.zeros_like(normal, dtype=bool)
    mask[:5, 0] = True
    normal[:5, 0] = 1000.0
    assert len(warn(normal)) == 1
    assert warn(normal, intervened=mask) == []


def test_trend_over_rows(normal):
    normal[:, 2] -= np.linspace(0, 3, 500)
    (sentence,) = warn(normal)
    assert sentence.startswith("drifting over the rows")
    assert "'c' (-0." in sentence
    assert "'a'" not in sentence
    assert warn(normal, intervened=np.eye(500, 4, dtype=bool)) == []


def test_trend_of_discrete_rows(rng):
    codes = np.stack([np.sort(rng.integers(2, size=200)), rng.integers(2, size=200)], axis=1)
    (sentence,) = warn(codes, discrete="all")
    assert "drifting" in sentence
    assert "'a'" in sentence
    assert "'b'" not in sentence


def test_false_alarms_of_the_trend_are_as_rare_as_said(rng):
    tables = 400
    alarms = sum(bool(data_warnings(simulate(5, 100, edges_per_node=0, rng=rng))) for _ in range(tables))
    assert alarms <= tables * TREND_LEVEL + 4 * np.sqrt(tables * TREND_LEVEL)


def test_nearly_equal_columns(normal, rng):
    normal[:, 3] = -2 * normal[:, 1] + 0.01 * rng.normal(size=500)
    (sentence,) = warn(normal)
    assert "(correlation -0.9999" in sentence or "(correlation -1.0000" in sentence
    assert "'b' and 'd'; drop one" in sentence


def test_a_sum_and_its_parts(normal, rng):
    normal[:, 3] = normal[:, 0] + normal[:, 1] + 0.001 * rng.normal(size=500)
    (sentence,) = warn(normal)
    assert "linear combination" in sentence
    assert "'a', 'b' and 'd'; drop one" in sentence
    assert "'c'" not in sentence


@pytest.mark.parametrize("n", [3, 4, 5, 6])
def test_short_tables_do_not_pass_for_collinear(n, rng):
    assert not any("linear combination" in sentence for sentence in warn(rng.normal(size=(n, 4))))


def test_rare_states_and_sparse_families(rng):
    codes = rng.integers(2, size=(100, 3))
    codes[:, 1] = rng.integers(30, size=100)
    codes[:4, 2] = 2
    rare, sparse = warn(codes, discrete="all")
    assert "fewer than 5 rows" in rare
    assert "'c' (1 of 3)" in rare
    assert "'a'" not in rare
    assert "'b';" in sparse
    assert "--" not in sparse


def test_each_warning_is_one_line(rng):
    values = np.exp(2 * rng.normal(size=(300, 40))) + np.linspace(0, 50, 300)[:, None]
    sentences = data_warnings(from_array(values))
    assert any("and 32 more" in sentence for sentence in sentences)
    assert all(sentence.endswith(".") and "\n" not in sentence for sentence in sentences)
