import pytest
import torch

from dag_gfn.threads import single_thread


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
