"""Random streams: reproducible, known by name, and independent of each other."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dag_gfn.random_streams import RandomStreams

SEEDS = st.integers(0, 2**64)
NAMES = st.text(min_size=1, max_size=12)


@settings(deadline=None)
@given(SEEDS, NAMES)
def test_a_stream_depends_on_seed_and_name_alone(seed, name):
    read_before = RandomStreams(seed)
    read_before.generator("another").random(3)
    again = RandomStreams(seed).generator(name).random(5)
    np.testing.assert_array_equal(read_before.generator(name).random(5), again)
    assert read_before.torch_seed(name) == RandomStreams(seed).torch_seed(name)


@settings(deadline=None)
@given(SEEDS, NAMES, NAMES)
def test_streams_of_other_names_and_of_the_next_seed_share_no_words(seed, name, other):
    streams = [RandomStreams(seed).sequence(name), RandomStreams(seed + 1).sequence(name)]
    if other != name:
        streams += [RandomStreams(seed).sequence(other), RandomStreams(seed + 1).sequence(other)]
    streams += streams[0].spawn(2)
    words = np.concatenate([stream.generate_state(4, np.uint64) for stream in streams])
    # 24 words of 64 bits: the probability that two of independent ones agree is below 2e-17
    assert len(set(words.tolist())) == len(words)


@settings(deadline=None)
@given(SEEDS, NAMES)
def test_no_stream_is_that_of_the_plain_seed(seed, name):
    plain = np.random.default_rng(seed).random(4)
    assert not np.isin(RandomStreams(seed).generator(name).random(4), plain).any()


@settings(deadline=None)
@given(st.lists(NAMES, min_size=2, max_size=6, unique=True))
def test_no_key_is_the_beginning_of_another_key(names):
    keys = [RandomStreams(0).sequence(name).spawn_key for name in names]
    for one, other in itertools.permutations(keys, 2):
        assert other[: len(one)] != one


def test_neighbouring_streams_are_not_correlated():
    names, length = ("training", "draws", "chains", "chain"), 20_000
    draws = np.array(
        [RandomStreams(seed).generator(name).random(length) for seed in range(6) for name in names]
    )
    correlations = np.corrcoef(draws)[np.triu_indices(len(draws), 1)]
    # each is normal with standard error 1 / sqrt(length); 5 of them hold for all 276 with probability 0.9998
    assert np.abs(correlations).max() < 5 / np.sqrt(length)
    assert abs((correlations * np.sqrt(length)).std() - 1) < 5 / np.sqrt(2 * len(correlations))


def test_seeds_of_torch_are_in_its_range_and_use_it():
    seeds = np.array([RandomStreams(seed).torch_seed("training") for seed in range(2000)], dtype=np.float64)
    assert seeds.min() >= 0
    assert seeds.max() < 2**63
    assert abs(seeds.mean() / 2**63 - 0.5) < 5 / np.sqrt(12 * len(seeds))


def test_torch_takes_the_seeds():
    torch = pytest.importorskip("torch")
    seeds = [RandomStreams(seed).torch_seed(name) for seed in (0, 1) for name in ("training", "draws")]
    draws = torch.stack([torch.rand(5, generator=torch.Generator().manual_seed(seed)) for seed in seeds])
    assert len(draws.unique()) == draws.numel()


def test_a_negative_seed_is_refused():
    with pytest.raises(ValueError, match="non-negative"):
        RandomStreams(-1).generator("training")
