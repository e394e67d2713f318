import numpy as np
import pytest

import dag_gfn
from dag_gfn.errors import OptionError
from dag_gfn.fitting.site_statistics import Site, as_dataset
from dag_gfn.posterior import GraphPosterior


def test_points_have_the_pooled_moments_of_the_rows(rng):
    rows = rng.normal(size=(90, 3)) @ rng.normal(size=(3, 3)) * [1.0, 100.0, 1e-3] + [0.0, 1e4, 5.0]
    names = ("x0", "x1", "x2")
    sites = [
        Site.of(dag_gfn.fit(part, progress=False), names) for part in (rows[:20], rows[20:50], rows[50:])
    ]
    data = as_dataset(sites)
    np.testing.assert_allclose(data.means, rows.mean(axis=0))
    np.testing.assert_allclose(data.scales, rows.std(axis=0))
    z = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    np.testing.assert_allclose((data.values * data.weights[:, None]).T @ data.values, z.T @ z, atol=1e-9)
    assert data.total_weight == pytest.approx(90)
    assert data.moments_only


def test_fewer_rows_than_columns_are_possible(rng):
    names = tuple(f"x{j}" for j in range(4))
    with pytest.warns(dag_gfn.DataWarning):
        sites = [Site.of(dag_gfn.fit(rng.normal(size=(3, 4)), progress=False), names) for _ in range(2)]
    assert as_dataset(sites).d == 4


def test_a_posterior_without_statistics_is_refused():
    posterior = GraphPosterior.from_samples(("a", "b"), np.zeros((1, 2, 2), dtype=bool))
    with pytest.raises(OptionError, match="must hold the statistics of its data"):
        Site.of(posterior, ("a", "b"))
