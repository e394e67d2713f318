import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
import torch
from sampler_cases import request_of, score_table

from dag_gfn.gflownet.edges.fit import fit_edges
from dag_gfn.gflownet.layers.fit import fit_layers
from dag_gfn.gflownet.sampling.threads import single_thread
from dag_gfn.gflownet.training.config import default_config


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("device", "inside"), [("cpu", 1), ("meta", 2)])
def test_one_thread_on_the_cpu_alone(two_threads, device, inside):
    with single_thread(torch.device(device)):
        assert torch.get_num_threads() == inside
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_threads_are_put_back_whatever_happens(two_threads, error):
    with pytest.raises(error), single_thread(torch.device("cpu")):
        raise error
    assert torch.get_num_threads() == 2


def test_one_within_another(two_threads):
    with single_thread(torch.device("cpu")):
        with single_thread(torch.device("cpu")):
            pass
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2


class Steps:
    """Lets threads do things in an order: each waits until the steps before its own are done."""

    def __init__(self):
        self.done = [threading.Event() for _ in range(8)]

    def __call__(self, step):
        if step > 0:
            assert self.done[step - 1].wait(60)

    def finish(self, step):
        self.done[step].set()


def in_threads(*functions):
    """Run each in a new thread of its own, and return what they return."""
    with ThreadPoolExecutor(len(functions)) as pool:
        return [future.result() for future in [pool.submit(function) for function in functions]]


def test_a_thread_that_comes_while_another_is_within_gets_the_count_from_before(two_threads):
    after = Steps()

    def first():
        with single_thread(torch.device("cpu")):
            after.finish(0)
            after(2)  # the other is within
        count = torch.get_num_threads()
        after.finish(2)
        return count

    def second():
        after(1)
        with single_thread(torch.device("cpu")):  # which torch meets here for the first time
            after.finish(1)
            after(3)  # the first has left
            within = torch.get_num_threads()
        return within, torch.get_num_threads()

    assert in_threads(first, second) == [2, (1, 2)]
    assert in_threads(torch.get_num_threads) == [2]  # what new threads begin with
    assert torch.get_num_threads() == 2


def test_a_count_that_a_thread_has_of_its_own_is_kept(two_threads):
    def of_its_own():
        torch.set_num_threads(3)
        with single_thread(torch.device("cpu")):
            pass
        return torch.get_num_threads()

    with single_thread(torch.device("cpu")):
        assert in_threads(of_its_own) == [3]


def fitted(environment, policy, seed):
    """Return the bytes of what a short fit drew, of the policy that it learned, and of what it says of itself."""
    table = score_table(4)
    config = default_config(4, environment=environment, iterations=3)
    options = {"seed": seed, "policy": policy, "num_samples": 64}
    if environment == "edges":
        fit = fit_edges(table, request_of(config, **options))
        return fit.adjacency.tobytes() + fit.log_probabilities.tobytes()
    fit = fit_layers(table, request_of(config, objective="subtrajectory_balance", **options))
    return fit.drawn.layer_of.tobytes() + fit.drawn.log_weights.tobytes() + fit.log_probabilities.tobytes()


@pytest.mark.slow
@pytest.mark.usefixtures("short_chains", "two_threads")
def test_fits_in_threads_are_the_fits_alone_and_leave_the_caller_as_it_was():
    fits = [
        partial(fitted, environment, policy, seed)
        for seed in (0, 1)
        for environment in ("edges", "layers")
        for policy in ("mlp", "transformer")
    ]
    alone = [fit() for fit in fits]
    assert len(set(alone)) == len(fits)
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002  the global one is what is looked at
    before, before_numpy = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    filters = list(warnings.filters)
    assert in_threads(*fits) == alone
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(np.random.get_state()[1], before_numpy)  # noqa: NPY002
    assert torch.get_num_threads() == 2
    assert in_threads(torch.get_num_threads) == [2]
    assert warnings.filters == filters
