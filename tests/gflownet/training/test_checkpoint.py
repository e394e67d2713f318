import copy
import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from sampler_cases import seeded

import dag_gfn.gflownet.training.checkpoint
from dag_gfn.errors import StorageError
from dag_gfn.gflownet.policies.edge_mlp import EdgeMLP
from dag_gfn.gflownet.training.checkpoint import load_checkpoint, save_checkpoint

STATE = {"iteration": 7, "planned": 90, "cut_short": False, "seconds": 1.5}


def fresh(d=3, seed=0):
    """Return what a run has at its beginning: policy, average, optimiser, generator."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        policy = EdgeMLP(d)
    average = copy.deepcopy(policy).requires_grad_(False)
    return policy, average, torch.optim.Adam(policy.parameters(), lr=0.01), seeded(seed)


def take_steps(policy, optimizer, generator, steps=3):
    for _ in range(steps):
        optimizer.zero_grad()
        noise = (torch.randn(p.shape, generator=generator) for p in policy.parameters())
        sum((p * x).sum() for p, x in zip(policy.parameters(), noise, strict=True)).backward()
        optimizer.step()


def weights(module):
    return torch.cat([tensor.flatten() for tensor in module.state_dict().values()])


@pytest.fixture
def saved(tmp_path):
    """A checkpoint of a run that has taken some steps, and the run."""
    policy, average, optimizer, generator = fresh()
    take_steps(policy, optimizer, generator)
    with torch.no_grad():
        next(average.parameters()).add_(1.0)
    path = tmp_path / "training.safetensors"
    save_checkpoint(path, policy, average, optimizer, generator, STATE)
    return path, (policy, average, optimizer, generator)


def test_everything_comes_back(saved):
    path, (policy, average, optimizer, generator) = saved
    others = fresh(seed=1)
    assert load_checkpoint(path, *others) == STATE
    assert torch.equal(weights(others[0]), weights(policy))
    assert torch.equal(weights(others[1]), weights(average))
    assert not torch.equal(weights(policy), weights(average))
    assert torch.equal(others[3].get_state(), generator.get_state())
    # the moments too: both runs go on alike
    take_steps(policy, optimizer, generator)
    take_steps(others[0], others[2], others[3])
    assert torch.equal(weights(others[0]), weights(policy))


def test_a_run_that_has_not_begun_can_be_saved(tmp_path):
    path = tmp_path / "training.safetensors"
    save_checkpoint(path, *fresh(), STATE)
    others = fresh(seed=1)
    load_checkpoint(path, *others)
    assert torch.equal(weights(others[0]), weights(fresh()[0]))


def test_a_save_that_fails_leaves_the_old_file_whole(saved, monkeypatch):
    path, _ = saved
    before = path.read_bytes()

    def dies(tensors, filename, metadata=None):
        with open(filename, "wb") as file:
            file.write(b"half of it")
        raise OSError("no space left on device")

    monkeypatch.setattr(dag_gfn.gflownet.training.checkpoint, "save_file", dies)
    with pytest.raises(StorageError, match=r"cannot write the checkpoint .*no space"):
        save_checkpoint(path, *fresh(seed=2), STATE)
    assert path.read_bytes() == before
    monkeypatch.undo()
    save_checkpoint(path, *fresh(seed=2), {**STATE, "iteration": 8})  # what was left over is in nobody's way
    assert load_checkpoint(path, *fresh())["iteration"] == 8
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_no_file_is_left_where_the_first_save_fails(tmp_path, monkeypatch):
    def dies(tensors, filename, metadata=None):
        raise OSError("no space left on device")

    monkeypatch.setattr(dag_gfn.gflownet.training.checkpoint, "save_file", dies)
    path = tmp_path / "training.safetensors"
    with pytest.raises(StorageError, match=r"cannot write the checkpoint .*no space"):
        save_checkpoint(path, *fresh(), STATE)
    assert not path.exists()


def test_a_folder_that_is_not_there_is_a_storage_error(tmp_path):
    with pytest.raises(StorageError, match="cannot write the checkpoint"):
        save_checkpoint(tmp_path / "nowhere" / "training.safetensors", *fresh(), STATE)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"something else"),
        lambda path: path.write_bytes(path.read_bytes()[:-100]),
        lambda path: path.write_bytes(path.read_bytes()[:100]),
        lambda path: path.unlink(),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: save_file({"weight": torch.ones(2)}, path),
        lambda path: save_file({"weight": torch.ones(2)}, path, metadata={"state": "{}"}),
        lambda path: save_file({"weight": torch.ones(2)}, path, metadata={"state": "not JSON"}),
    ],
    ids=["empty", "other", "truncated", "header", "absent", "folder", "foreign", "no weights", "no state"],
)
def test_a_corrupt_or_foreign_file_is_a_storage_error(saved, damage):
    path, _ = saved
    damage(path)
    with pytest.raises(StorageError, match=r"cannot go on from the checkpoint .*training.safetensors"):
        load_checkpoint(path, *fresh())


def rewritten(change):
    """Return a damage: the file again with other tensors or another state."""

    def damage(path):
        with safe_open(path, framework="pt") as file:
            state = json.loads(file.metadata()["state"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        state = change(tensors, state)
        save_file(tensors, path, metadata={"state": json.dumps(state)})

    return damage


def tensor(name, new):
    return rewritten(lambda tensors, state: (tensors.update({name: new(tensors[name])}), state)[1])


def state(**new):
    return rewritten(lambda tensors, state: {**state, **new})


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (rewritten(lambda tensors, state: [state]), "no record"),
        (rewritten(lambda tensors, state: 7), "no record"),
        (rewritten(lambda tensors, state: {"iteration": 7}), "planned"),
        (state(iteration="7"), "no numbers of steps"),
        (state(iteration=-7), "no numbers of steps"),
        (state(planned=0), "no numbers of steps"),
        (state(planned=True), "no numbers of steps"),
        (state(cut_short=None), "cut_short should be"),
        (state(seconds="long"), "no seconds"),
        (state(seconds=float("nan")), "no seconds"),
        (tensor("generator", lambda t: t[:10]), "checkpoint"),
        (tensor("generator", lambda t: t.float()), "checkpoint"),
        (tensor("policy.body.0.weight", lambda t: t[:1]), "policy.body.0.weight is"),
        (tensor("policy.body.0.weight", lambda t: t.double()), "policy.body.0.weight is"),
        (tensor("policy.body.0.weight", lambda t: t * float("nan")), "policy.body.0.weight is not finite"),
        (tensor("optimizer.1.exp_avg", lambda t: t[:1]), "optimiser knows of parameter 1"),
        (tensor("optimizer.1.exp_avg", lambda t: t * float("inf")), "optimiser knows of parameter 1"),
        (rewritten(lambda tensors, state: (tensors.pop("optimizer.1.step"), state)[1]), "not what it knows"),
        (
            rewritten(
                lambda tensors, state: (tensors.update({"optimizer.99.step": torch.ones(())}), state)[1]
            ),
            "no parameter 99",
        ),
        (
            rewritten(lambda tensors, state: (tensors.update({"optimizer.x": torch.ones(2)}), state)[1]),
            "checkpoint",
        ),
    ],
)
def test_a_checkpoint_of_another_shape_is_a_storage_error(saved, damage, said):
    path, _ = saved
    damage(path)
    others = fresh(seed=1)
    before = weights(others[0])
    with pytest.raises(StorageError, match=rf"cannot go on from the checkpoint.*{said}") as caught:
        load_checkpoint(path, *others)
    assert torch.equal(weights(others[0]), before)
    assert "--overwrite" in str(caught.value)


def test_another_network_is_a_storage_error(saved):
    path, _ = saved
    with pytest.raises(StorageError, match="other options"):
        load_checkpoint(path, *fresh(d=4))
