import cause_effect_pairs
import numpy as np
import pytest


@pytest.fixture
def folder(tmp_path):
    """Three pairs: a curve, its reverse with a missing cell, and one of weight 0."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=120)
    y = np.abs(x) + 0.1 * rng.normal(size=120)
    np.savetxt(tmp_path / "pair0001.txt", np.column_stack([x, y]))
    lines = ["C1\tC2", "*\t1.0", *(f"{b}\t{a}" for a, b in zip(x, y, strict=True))]
    (tmp_path / "pair0002.txt").write_text("\n".join(lines))
    np.savetxt(tmp_path / "pair0003.txt", np.column_stack([x, y]))
    (tmp_path / "pairmeta.txt").write_text(
        "0001 1 1 2 2 0.5\n0002 2 2 1 1 0.5\n0003 1 1 2 2 0\n0004 1 2 3 3 1\n"
    )
    return tmp_path


def test_pairs_are_cause_and_effect_in_this_order(folder):
    first, second = cause_effect_pairs.read_pairs(folder)
    np.testing.assert_allclose(first.values, second.values)
    assert (first.weight, second.number, len(second.values)) == (0.5, 2, 120)


def test_log_odds_are_those_of_the_direction(folder):
    pair = cause_effect_pairs.read_pairs(folder)[0]
    assert cause_effect_pairs.log_odds(pair, curve_weight=1.0) > 20.0
    assert 1.0 < cause_effect_pairs.log_odds(pair) < cause_effect_pairs.log_odds(pair, curve_weight=0.1)


def test_calibration_weighs_the_pairs():
    odds, weights = np.array([3.0, -3.0, 0.1, 5.0]), np.array([1.0, 0.5, 1.0, 1.5])
    table = cause_effect_pairs.calibration(odds, weights)
    assert table["pairs"].tolist() == [1, 3]
    assert table["right"].tolist() == pytest.approx([1.0, 2.5 / 3.0])
    assert cause_effect_pairs.log_loss(np.zeros(3), np.ones(3)) == pytest.approx(np.log(2.0))


def test_the_weight_is_chosen_without_the_source_itself():
    odds = {1.0: np.array([9.0, -9.0]), 0.1: np.array([0.9, -0.9])}
    found = cause_effect_pairs.leave_out(odds, np.ones(2))  # each source sees the other alone
    expected = np.mean([np.logaddexp(0, -0.9), np.logaddexp(0, 9.0)])
    assert found == pytest.approx(expected)


def test_it_prints_tables_and_draws(folder, tmp_path, capsys):
    cause_effect_pairs.main([str(folder), "--out", str(tmp_path / "out"), "--leave-out"])
    assert "2 pairs, total weight 1.0" in capsys.readouterr().out
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        "calibration.csv",
        "calibration.png",
        "overview.csv",
        "pairs.csv",
    }
