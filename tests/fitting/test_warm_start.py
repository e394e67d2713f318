"""A training that begins with the network of an earlier fit, and samplers that it cannot begin with."""

import numpy as np
import pytest
import torch
from cli_cases import table

import dag_gfn
from dag_gfn.errors import OptionError
from dag_gfn.fitting.warm_start import network_of_earlier_fit
from dag_gfn.gflownet.sampler_file import load_sampler

pytestmark = [
    pytest.mark.usefixtures("short_chains"),
    pytest.mark.filterwarnings("ignore::dag_gfn.errors.NotConvergedWarning"),
]
OPTIONS = {
    "method": "gflownet",
    "iterations": 10,
    "num_samples": 200,
    "progress": False,
    "exact_check": False,
    "train_options": {"monitor_every": 0.5},
}
NAMES = ("a", "b", "c")


@pytest.fixture(scope="module")
def earlier(tmp_path_factory):
    folder = tmp_path_factory.mktemp("earlier") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dag_gfn.gflownet.chains._chain_iterations", lambda *sizes: 20_000)
        dag_gfn.fit(table(), save_sampler=True, **OPTIONS).save(folder)
    return folder


def test_training_goes_on_from_the_saved_network(earlier):
    start = load_sampler(earlier / "sampler.safetensors").weights
    still = OPTIONS | {"train_options": {"monitor_every": 0.5, "learning_rate": 1e-12}, "iterations": 1}
    for changed in ({}, {"prior": "fair"}, {"forbidden": [("a", "b")]}, {"alpha_mu": 2.0}):
        fit = dag_gfn.fit(table(rows=45), warm_start=earlier, **still, **changed)
        assert fit.info["warm_start"] == str(earlier)
        found = fit.sampler.model.state_dict()
        found.pop("policy.value_skip")  # is fitted to the new table
        for name, value in found.items():
            torch.testing.assert_close(value, start[name], rtol=0, atol=1e-6)
    cold = dag_gfn.fit(table(rows=45), **still).sampler.model.state_dict()
    assert not torch.equal(cold["policy.body.0.weight"], start["policy.body.0.weight"])


def test_a_quarter_of_the_steps_where_their_number_is_not_given(earlier, monkeypatch):
    from dag_gfn.gflownet.training import config

    monkeypatch.setattr(
        config, "_layers_config", lambda *given: config.TrainConfig(iterations=40, guide_share=0.0)
    )
    free = {name: value for name, value in OPTIONS.items() if name != "iterations"}
    steps = [
        dag_gfn.fit(table(), **free, **more).info["diagnostics"]["iterations"]
        for more in ({}, {"warm_start": str(earlier)})
    ]
    assert steps == [40, 10]


@pytest.mark.parametrize(
    ("names", "wanted", "said"),
    [
        (
            NAMES,
            {"environment": "edges"},
            r"builds graphs by layers, and this fit would by edges: choose environment='layers'",
        ),
        (
            NAMES,
            {"policy": "transformer"},
            r"has the network 'mlp', and this fit 'transformer': choose policy='mlp'",
        ),
        (("a", "b"), {}, r"it has 'c', which are not here. Choose the same columns"),
        (("a", "b", "z"), {}, r"it has 'c', which are not here and it lacks 'z'"),
        (("a", "c", "b"), {}, r"their order differs"),
    ],
)
def test_what_training_cannot_begin_with(earlier, names, wanted, said):
    with pytest.raises(OptionError, match=said) as caught:
        network_of_earlier_fit(str(earlier), names, **{"environment": "layers", "policy": "mlp"} | wanted)
    assert "\n" not in str(caught.value)


def test_a_folder_without_a_sampler_is_refused(tmp_path):
    with pytest.raises(OptionError, match="has no saved sampler to train on from"):
        dag_gfn.fit(table(), warm_start=tmp_path, **OPTIONS)
    with pytest.raises(OptionError, match="has no saved sampler"):  # also where nothing is trained
        dag_gfn.fit(table(), warm_start=tmp_path, progress=False)


def test_a_network_with_parent_sets_goes_on_with_those_of_the_new_table(tmp_path):
    options = OPTIONS | {"environment": "edges", "iterations": 1, "num_samples": 20}
    rows = [dag_gfn.simulate(7, n, rng=np.random.default_rng(n)) for n in (30, 60)]
    dag_gfn.fit(rows[0], save_sampler=True, **options).save(tmp_path / "out")
    start = load_sampler(tmp_path / "out" / "sampler.safetensors")
    assert start.policy == "families"
    still = options | {"train_options": {"monitor_every": 0.5, "learning_rate": 1e-12}}
    fit = dag_gfn.fit(rows[1], warm_start=tmp_path / "out", **still)
    network = fit.sampler.model.policy
    for name, value in network.named_parameters():
        torch.testing.assert_close(value.detach(), start.weights[f"policy.{name}"], rtol=0, atol=1e-6)
    assert network.families.probabilities.tolist() == network.probabilities.tolist()
    assert network.probabilities.tolist() != start.weights["policy.probabilities"].tolist()
