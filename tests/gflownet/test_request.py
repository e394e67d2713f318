"""Requests, watchers and the random streams of a fit."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from dag_gfn.gflownet.request import FitStreams, Watchers

CPU = torch.device("cpu")


def beginnings(seed):
    """Return the first numbers of every stream of torch."""
    streams = FitStreams(seed, CPU)
    seeds = [streams.trials_seed(), *(streams.draws_seed(repetition) for repetition in range(1, 4))]
    generators = [
        *(streams.initial_weights(), streams.training(), streams.monitor(), streams.draws()),
        *(torch.Generator().manual_seed(seed) for seed in seeds),
    ]
    return [tuple(torch.rand(4, generator=generator).tolist()) for generator in generators]


def test_each_purpose_and_seed_has_a_stream_of_its_own():
    """Training of one seed and drawing of the one before shared a stream once."""
    found = [beginning for seed in range(4) for beginning in beginnings(seed)]
    assert len(set(found)) == len(found) == 32


def test_streams_begin_anew_each_time():
    assert beginnings(3) == beginnings(3)
    one, same = (FitStreams(3, CPU).trial_graphs().random(3) for _ in range(2))
    np.testing.assert_array_equal(one, same)
    drawn = torch.rand(4, generator=FitStreams(3, CPU).draws())
    assert torch.equal(
        drawn, torch.rand(4, generator=torch.Generator().manual_seed(FitStreams(3, CPU).draws_seed()))
    )


def test_phases_are_told_where_somebody_asks():
    told = []
    watchers = Watchers(on_phase=lambda name, share: told.append((name, share)))
    for share in (0.5, 1.0):
        watchers.of_phase("draws")(share)
    assert told == [("draws", 0.5), ("draws", 1.0)]
    assert Watchers().of_phase("draws") is None


@pytest.mark.parametrize("repetition", [1, 2])
def test_further_draws_are_others(repetition):
    seeds = [FitStreams(0, CPU).draws_seed(number) for number in range(repetition + 1)]
    assert all(a != b for a, b in pairwise(seeds))
