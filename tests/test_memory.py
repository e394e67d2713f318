import os

import pytest

from dag_gfn import memory
from dag_gfn.errors import OptionError
from dag_gfn.memory import installed_memory, require_memory


def test_more_than_all_memory_is_refused_with_what_would_do(monkeypatch):
    monkeypatch.setattr(memory, "installed_memory", lambda: 8_000_000_000)
    require_memory("num_samples", 8_000_000, 1000)
    with pytest.raises(
        OptionError, match=r"num_samples = 10,000,000 \(--num-samples\).*10 GB.*at most 8,000,000"
    ):
        require_memory("num_samples", 10_000_000, 1000)


def test_the_memory_of_this_machine(monkeypatch):
    assert installed_memory() > 100_000_000

    def unknown(name):
        raise ValueError(name)

    monkeypatch.setattr(os, "sysconf", unknown)
    assert installed_memory() == 16_000_000_000
