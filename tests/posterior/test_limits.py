import pytest

from dag_gfn.posterior.limits import at_most, chains_agree, reliable_correction, reliable_weights


@pytest.mark.parametrize(
    ("effective", "shape", "reliable"),
    [
        (400, 0.7, True),
        (399.9, 0.0, False),
        (5_000, 0.71, False),
        (5_000, None, True),
        (9e9, float("inf"), False),
    ],
)
def test_when_weighted_means_can_be_relied_on(effective, shape, reliable):
    assert reliable_weights(effective, shape) is reliable


@pytest.mark.parametrize(
    ("effective", "shape", "reliable"),
    [(100, 0.7, True), (99.9, 0.0, False), (5_000, 0.71, False), (5_000, float("inf"), False)],
)
def test_when_a_correction_can_be_relied_on(effective, shape, reliable):
    assert reliable_correction(effective, shape) is reliable


@pytest.mark.parametrize(
    ("r_hat", "draws", "agree"),
    [(1.05, 400, True), (1.051, 9_000, False), (1.0, 399.9, False), (float("inf"), 9_000, False)],
)
def test_when_chains_agree(r_hat, draws, agree):
    assert chains_agree(r_hat, draws) is agree


@pytest.mark.parametrize(("error", "within"), [(0.05, True), (0.051, False), (None, False)])
def test_what_is_not_known_is_within_no_limit(error, within):
    assert at_most(error, 0.05) is within
