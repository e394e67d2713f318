import numpy as np
import pytest

from dag_gfn.baselines.chain_runs import Blocks, run_chains

STREAMS = np.random.SeedSequence(0).spawn(3)


class Walk:
    """A walk that stays where it is for `stays` steps on average: its edge is whether it is at 1."""

    moves, d = ("flip",), 2

    def __init__(self, start=0, flips=0.5):
        self.at, self.flips, self.steps = start, flips, 0

    def advance(self, blocks, thinning, rng):
        edge, state = np.zeros((blocks, 2, 2), dtype=np.float32), np.zeros((blocks, 2), dtype=np.int64)
        accepted = 0
        for block in range(blocks):
            flips = rng.random(thinning) < self.flips
            path = (self.at + np.cumsum(flips)) % 2
            self.at, accepted = int(path[-1]), accepted + int(flips.sum())
            edge[block, 0, 1], state[block, 1] = path.mean(), self.at
        self.steps += blocks * thinning
        return (
            Blocks(state, -state[:, 1].astype(float), edge),
            np.array([blocks * thinning]),
            np.array([accepted]),
        )


def run(chains, iterations=5_000, kept=40, **options):
    return run_chains(chains, streams=STREAMS[: len(chains)], iterations=iterations, kept=kept, **options)


@pytest.mark.parametrize("iterations", [1, 50, 999, 5_000])
def test_blocks_and_steps_add_up(iterations):
    chains = [Walk() for _ in range(3)]
    runs = run(chains, iterations)
    assert runs.iterations == chains[0].steps <= iterations
    assert iterations - runs.iterations < runs.thinning
    every = runs.iterations // runs.thinning
    assert every - runs.edge.shape[1] == min(-(-every // 4), every - 1)  # a quarter is burn-in
    if iterations >= 999:
        assert 40 <= runs.edge.shape[1] <= 80


def test_merged_blocks_are_means():
    coarse = run([Walk(), Walk()], 2**15, kept=20)
    fine = run([Walk(), Walk()], 2**15, kept=1_000)
    assert coarse.thinning % fine.thinning == 0
    times = coarse.thinning // fine.thinning
    last = fine.edge[:, -times:].mean(axis=1)
    np.testing.assert_allclose(coarse.edge[:, -1], last, atol=1e-6)
    np.testing.assert_array_equal(coarse.state[:, -1], fine.state[:, -1])


def test_the_number_of_threads_does_not_matter():
    one, more = (run([Walk(), Walk(), Walk()], threads=threads) for threads in (1, 3))
    np.testing.assert_array_equal(one.edge, more.edge)


def test_chains_that_mix_agree_and_their_error_is_right():
    edge, agreement = run([Walk(0), Walk(1), Walk(0)], 20_000, kept=500).agreement()
    assert agreement.chains_agree
    assert abs(edge.values[0, 1] - 0.5) < 4 * edge.standard_error[0, 1]
    # steps flip a fair coin, so that each is an independent draw
    assert edge.standard_error[0, 1] == pytest.approx(0.5 / np.sqrt(3 * 15_000), rel=0.2)


def test_chains_that_stay_apart_or_never_move_do_not_agree():
    for starts in ((0, 1), (1, 1)):
        _, agreement = run([Walk(start, flips=0.0) for start in starts]).agreement()
        assert not agreement.chains_agree


def test_states_are_taken_evenly():
    runs = run([Walk(), Walk()], 5_000)
    states = runs.state.reshape(-1, 2)
    np.testing.assert_array_equal(runs.evenly(10**6), states)
    np.testing.assert_array_equal(runs.evenly(2), states[[0, len(states) // 2]])


def test_shares_of_accepted_moves():
    assert run([Walk(flips=0.25), Walk(flips=0.25)], 20_000).acceptance["flip"] == pytest.approx(
        0.25, abs=0.02
    )


def test_an_interrupt_before_the_first_block():
    class Interrupted(Walk):
        def advance(self, blocks, thinning, rng):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run([Interrupted(), Walk()])
