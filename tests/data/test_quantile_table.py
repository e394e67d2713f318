import numpy as np
import pytest

from dag_gfn.data.normal_scores import normal_scores
from dag_gfn.data.quantile_table import FEW, MAX_POINTS, QuantileTable


@pytest.mark.parametrize("make", [QuantileTable.of, QuantileTable.smooth])
@pytest.mark.parametrize("n", [2, 15, 300, 5000])
@pytest.mark.parametrize("kind", ["normal", "lognormal", "whole", "half zero", "far"])
def test_both_scales_rise_between_the_ends_of_the_column(make, n, kind, rng):
    x = rng.normal(size=n)
    own = {
        "normal": x,
        "lognormal": np.exp(3 * x),
        "whole": np.round(x),
        "half zero": np.maximum(x, 0),
        "far": np.append(x[1:], 1e200),
    }[kind]
    own[:2] = [own.min() - 1, own.max() + 1]  # no column is constant
    scored = normal_scores(own)
    table = make(own, scored)
    assert len(table.own) <= MAX_POINTS
    for line in table:
        assert (np.diff(line) > 0).all()
    assert table.own[[0, -1]].tolist() == [own.min(), own.max()]
    back = table.to_scored(table.to_own(table.scored))
    assert back == pytest.approx(table.scored, abs=1e-6)
    assert table.to_own(np.array([-99.0, 99.0])).tolist() == [own.min(), own.max()]


def test_a_table_of_few_rows_is_exact(rng):
    own = rng.normal(size=FEW)
    scored = normal_scores(own)
    table = QuantileTable.smooth(own, scored)
    assert table.to_own(scored) == pytest.approx(own)
    assert table.to_scored(own) == pytest.approx(scored)


def test_weights_count_as_rows(rng):
    own = rng.integers(0, 12, 40).astype(float)
    weights = rng.integers(1, 4, 40).astype(float)
    repeated = np.repeat(own, weights.astype(int))
    one = QuantileTable.of(own, own, weights)
    other = QuantileTable.of(repeated, repeated)
    assert one.shares == pytest.approx(other.shares)
    for share in (0.05, 0.3, 0.5, 0.9):
        assert one.at_share(share) == other.at_share(share)
        assert one.at_share(share) in own


def test_smooth_quantiles_are_nearer_to_the_truth(rng):
    rough, smooth = [], []
    for _ in range(20):
        x = rng.normal(size=300)
        points = np.linspace(-1.6, 1.6, 21)
        for found, make in ((rough, QuantileTable.of), (smooth, QuantileTable.smooth)):
            away = make(x, normal_scores(x)).to_own(points) - points
            found.append((away - away.mean()).std())
    assert np.mean(smooth) < 0.9 * np.mean(rough)
    x = np.exp(rng.normal(size=20_000))
    table = QuantileTable.smooth(x, normal_scores(x))
    assert table.to_own(points) == pytest.approx(np.exp(points), rel=0.06)


def test_missing_cells_are_left_out():
    own = np.array([1.0, np.nan, 3.0])
    assert QuantileTable.of(own, own).own.tolist() == [1.0, 3.0]
