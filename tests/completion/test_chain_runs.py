import numpy as np
import pytest

from dag_gfn.completion.chain_runs import run_chains


class Walk:
    """A random walk that counts its steps."""

    def __init__(self, seed):
        self.rng, self.place, self.steps = np.random.default_rng(seed), 0.0, 0

    def sweep(self):
        self.place += self.rng.normal()
        self.steps += 1


@pytest.mark.parametrize("n_jobs", [1, 2, 5, None])
def test_the_result_does_not_depend_on_the_number_of_threads(n_jobs):
    expected = []
    for seed in range(3):
        steps = np.random.default_rng(seed).normal(size=10).cumsum()
        expected.append(steps[1::2].tolist())
    kept = run_chains(
        [Walk(s) for s in range(3)], lambda walk, _: walk.place, sweeps=10, every=2, n_jobs=n_jobs
    )
    assert np.allclose(kept, expected)


def test_progress_ends_at_one():
    shares = []
    run_chains([Walk(0), Walk(1)], lambda walk, _: None, sweeps=5, n_jobs=1, progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_an_error_stops_all_chains():
    walks = [Walk(s) for s in range(3)]

    def keep(walk, sweep):
        if walk is walks[0] and sweep == 3:
            raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        run_chains(walks, keep, sweeps=10_000_000, n_jobs=3)
    assert max(walk.steps for walk in walks) < 10_000_000
