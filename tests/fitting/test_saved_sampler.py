"""Samplers that are saved with a posterior and loaded with it."""

import subprocess
import sys

import numpy as np
import pytest
from cli_cases import table

import dag_gfn
from dag_gfn.errors import StorageError
from dag_gfn.fitting.saved_sampler import SavedSampler
from dag_gfn.posterior.sampler import ConditionalSampler, StorableSampler

pytestmark = [
    pytest.mark.usefixtures("short_chains"),
    pytest.mark.filterwarnings("ignore::dag_gfn.errors.NotConvergedWarning"),
]
OPTIONS = {
    "method": "gflownet",
    "iterations": 10,
    "num_samples": 200,
    "progress": False,
    "train_options": {"monitor_every": 0.5},
}


@pytest.fixture(scope="module")
def fitted():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dag_gfn.gflownet.chains._chain_iterations", lambda *sizes: 20_000)
        return dag_gfn.fit(table(), save_sampler=True, **OPTIONS)


def test_a_loaded_posterior_has_the_sampler_of_the_fit(fitted, tmp_path):
    fitted.save(tmp_path / "out")
    sampler = dag_gfn.load(tmp_path / "out").sampler
    assert isinstance(sampler, SavedSampler)
    assert isinstance(sampler, ConditionalSampler)
    assert isinstance(sampler, StorableSampler)
    one, other = (each.sample(50, seed=1) for each in (fitted.sampler, sampler))
    np.testing.assert_array_equal(one.adjacency, other.adjacency)
    np.testing.assert_array_equal(one.log_weights, other.log_weights)
    assert sampler.log_z(num_samples=100, seed=2) == fitted.sampler.log_z(num_samples=100, seed=2)
    assert sampler.entropy(num_samples=100, seed=2) == fitted.sampler.entropy(num_samples=100, seed=2)
    graphs = one.adjacency[:9]
    np.testing.assert_array_equal(
        sampler.log_probability(graphs)[0], fitted.sampler.log_probability(graphs)[0]
    )
    assert sampler.log_z_upper(graphs) == fitted.sampler.log_z_upper(graphs)
    given = [each.given([("a", "b")], num_samples=400, seed=3) for each in (fitted.sampler, sampler)]
    np.testing.assert_array_equal(given[0].log_weights, given[1].log_weights)


def test_it_is_saved_again_with_a_loaded_posterior(fitted, tmp_path):
    fitted.save(tmp_path / "one")
    dag_gfn.load(tmp_path / "one").save(tmp_path / "two")
    files = [(tmp_path / name / "sampler.safetensors").read_bytes() for name in ("one", "two")]
    assert files[0] == files[1]
    fitted.save(tmp_path / "one", overwrite=True)  # the sampler's file is one of ours
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == [
        *("edges.csv", "graphs.csv", "posterior.json", "posterior.npz", "sampler.safetensors")
    ]


def test_without_being_asked_for_it_is_not_saved(tmp_path):
    fit = dag_gfn.fit(table(), **OPTIONS)
    assert fit.sampler is not None
    fit.save(tmp_path / "out")
    assert not (tmp_path / "out" / "sampler.safetensors").exists()
    assert dag_gfn.load(tmp_path / "out").sampler is None


def test_a_damaged_sampler_leaves_the_posterior_readable(fitted, tmp_path):
    fitted.save(tmp_path / "out")
    (tmp_path / "out" / "sampler.safetensors").write_bytes(b"no sampler")
    posterior = dag_gfn.load(tmp_path / "out")
    assert posterior.names == ("a", "b", "c")
    with pytest.raises(StorageError, match="is damaged or not from dag_gfn"):
        posterior.sampler.sample(5, seed=0)


def test_a_sampler_of_other_columns_is_refused(fitted, tmp_path):
    fitted.save(tmp_path / "out")
    sampler = SavedSampler(tmp_path / "out" / "sampler.safetensors", ("a", "b", "z"))
    with pytest.raises(StorageError, match="belongs to other columns"):
        sampler.sample(5, seed=0)
    with pytest.raises(StorageError, match="cannot copy the sampler"):
        SavedSampler(tmp_path / "none", ("a",)).save(tmp_path / "copy")


def test_loading_does_not_need_torch(fitted, tmp_path):
    fitted.save(tmp_path / "out")
    code = f"import sys, dag_gfn; dag_gfn.load({str(tmp_path / 'out')!r}); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
