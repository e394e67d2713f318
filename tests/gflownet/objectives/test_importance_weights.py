import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dag_gfn.gflownet.objectives.importance_weights import effective_share, normalized_weights

LOG_WEIGHTS = arrays(np.float64, st.integers(1, 8), elements=st.floats(-300, 300))


def test_by_hand():
    log_weight = torch.tensor([1.0, 2.0, 5.0], dtype=torch.float64).log() + 700.0  # any constant
    torch.testing.assert_close(normalized_weights(log_weight) * 8, torch.tensor([1.0, 2.0, 5.0]).double())
    # (1 + 2 + 5)² / (3 (1 + 4 + 25))
    assert float(effective_share(log_weight)) == pytest.approx(64 / 90)


def test_clipped_by_hand():
    """The mean of 1, 2, 5 and 0 is 2, hence none counts more than 3."""
    log_weight = torch.tensor([1.0, 2.0, 5.0, 0.0], dtype=torch.float64).log()
    clipped = normalized_weights(log_weight, largest=1.5)
    torch.testing.assert_close(clipped * 6, torch.tensor([1.0, 2.0, 3.0, 0.0]).double())


@given(LOG_WEIGHTS, st.floats(1.0, 20.0))
def test_what_weights_are(log_weight, largest):
    given_ones = torch.from_numpy(log_weight)
    weight = normalized_weights(given_ones, largest=largest)
    plain = normalized_weights(given_ones)
    assert float(weight.sum()) == pytest.approx(1)
    kept = plain.clamp_max(largest / len(plain)).sum()  # what the last normalisation divides by
    assert float(weight.max() * kept) <= largest / len(plain) * (1 + 1e-9)
    share = float(effective_share(given_ones))
    assert 1 / len(plain) * (1 - 1e-9) <= share <= 1 + 1e-9
    assert share == pytest.approx(float(1 / (len(plain) * plain.square().sum())))


def test_equal_weights_and_no_gradient():
    log_weight = torch.full((4,), -1e3, requires_grad=True)
    weight = normalized_weights(log_weight, largest=10.0)
    assert weight.tolist() == [0.25] * 4
    assert weight.dtype == torch.float32
    assert not weight.requires_grad
    assert float(effective_share(log_weight)) == 1.0


def test_one_far_above_all_others_takes_everything():
    log_weight = torch.tensor([0.0, 0.0, 800.0])
    assert normalized_weights(log_weight).tolist() == [0.0, 0.0, 1.0]
    assert float(effective_share(log_weight)) == pytest.approx(1 / 3)
    assert math.isclose(float(normalized_weights(log_weight, largest=2.0)[2]), 1.0)
