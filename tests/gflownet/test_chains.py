"""Chains that guide and judge training on root layerings."""

import threading

import numpy as np
import pytest
from safetensors.numpy import save_file
from sampler_cases import score_table

import dag_gfn.gflownet.chains
from dag_gfn.errors import StorageError
from dag_gfn.exact.reference import exact_reference
from dag_gfn.gflownet.chains import CHAINS, Guides, JudgingChains, draw_guides, guide_iterations
from dag_gfn.gflownet.training.config import default_config
from dag_gfn.layerings.layer_weights import LayerWeights


@pytest.fixture(scope="module")
def table():
    return score_table(4, rows=30)


@pytest.fixture(scope="module")
def weights(table):
    return LayerWeights.build(table)


def expected_roots(table):
    draws = exact_reference(table).draw(4_000, np.random.default_rng(0))
    return (~draws.any(axis=1)).mean(axis=0)


def test_guides_are_layerings_of_the_posterior(table, weights):
    guides = draw_guides(weights, seed=0, training_iterations=2_500)
    assert guides.layer_of.shape[1] == 4
    assert 1000 < len(guides.layer_of) <= 4096
    assert guides.layer_of.dtype == np.int64
    assert np.abs((guides.layer_of == 0).mean(axis=0) - expected_roots(table)).max() < 0.06
    np.testing.assert_array_equal(
        draw_guides(weights, seed=0, training_iterations=2_500).layer_of, guides.layer_of
    )
    assert (draw_guides(weights, seed=1, training_iterations=2_500).layer_of != guides.layer_of).any()


def test_the_share_of_guides_that_is_drawn_is_told(weights):
    shares = []
    told = draw_guides(weights, seed=0, training_iterations=2_500, on_share=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0, abs=0.01)
    np.testing.assert_array_equal(
        told.layer_of, draw_guides(weights, seed=0, training_iterations=2_500).layer_of
    )


GUIDES = Guides(np.array([[0, 1, 2, 0], [0, 0, 1, 1]]), 1.5)


def test_guides_come_back_from_their_file(tmp_path, monkeypatch):
    path = tmp_path / "run.guides.safetensors"
    GUIDES.save(path)
    found = Guides.load(path, 4)
    np.testing.assert_array_equal(found.layer_of, GUIDES.layer_of)
    assert found.layer_of.dtype == np.int64
    assert found.seconds == 1.5

    def dies(tensors, filename, metadata=None):
        filename.write_bytes(b"half of it")
        raise OSError("no space left on device")

    monkeypatch.setattr(dag_gfn.gflownet.chains, "save_file", dies)
    with pytest.raises(StorageError, match=r"cannot write the guides .*no space"):
        Guides(GUIDES.layer_of[::-1], 3.0).save(path)
    np.testing.assert_array_equal(Guides.load(path, 4).layer_of, GUIDES.layer_of)
    monkeypatch.undo()
    Guides(GUIDES.layer_of[:1], 2.0).save(path)  # what was left over is in nobody's way
    assert len(Guides.load(path, 4).layer_of) == 1
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-8]),
        lambda path: path.unlink(),
        lambda path: save_file({"layer_of": GUIDES.layer_of}, path),
        lambda path: save_file({"other": GUIDES.layer_of}, path, metadata={"seconds": "1.5"}),
        lambda path: Guides(GUIDES.layer_of[:, :3].copy(), 1.5).save(path),
        lambda path: save_file({"layer_of": GUIDES.layer_of / 2}, path, metadata={"seconds": "1.5"}),
    ],
    ids=["empty", "truncated", "absent", "no seconds", "foreign", "three nodes", "no whole numbers"],
)
def test_guides_that_cannot_be_used_are_a_storage_error(tmp_path, damage):
    path = tmp_path / "run.guides.safetensors"
    GUIDES.save(path)
    damage(path)
    with pytest.raises(StorageError, match=r"cannot go on with the guides .*run.guides.safetensors"):
        Guides.load(path, 4)


@pytest.mark.slow
def test_judges_are_others_and_longer(table, weights):
    chains = JudgingChains(weights, seed=0, training_iterations=2_500).result()
    assert len(chains.layer_of) == CHAINS
    assert chains.iterations == pytest.approx(10 * guide_iterations(4, 2_500), rel=0.01)
    assert np.abs((chains.layer_of == 0).mean(axis=(0, 1)) - expected_roots(table)).max() < 0.04
    same = JudgingChains(weights, seed=0, training_iterations=2_500).result()
    np.testing.assert_array_equal(chains.layer_of, same.layer_of)


@pytest.mark.parametrize(
    ("d", "training_iterations", "steps"),
    [(4, 3, 100_000), (20, 3, 400_000), (20, 50, 400_000), (20, 100, 800_000), (20, 1_000, 8_000_000)],
)
def test_a_short_training_has_short_judges(monkeypatch, d, training_iterations, steps):
    planned = []
    monkeypatch.setattr(
        dag_gfn.gflownet.chains, "_run", lambda *given, **named: planned.append(named["iterations"])
    )
    weights = LayerWeights.of(np.zeros((d, 2)), np.roll(1 << np.arange(d), 1))
    JudgingChains(weights, seed=0, training_iterations=training_iterations)._running.result()
    assert planned == [steps]


@pytest.mark.parametrize(("time_limit", "threads"), [(None, 3), (60.0, 3), (5.0, 4)])
def test_short_judges_do_not_leave_a_core_to_training(monkeypatch, weights, time_limit, threads):
    taken = []
    monkeypatch.setattr(
        dag_gfn.gflownet.chains, "_run", lambda *given, **named: taken.append(named["threads"])
    )
    monkeypatch.setattr(dag_gfn.gflownet.chains.os, "cpu_count", lambda: 4)
    JudgingChains(weights, seed=0, training_iterations=9, time_limit=time_limit)._running.result()
    assert taken == [threads]


def test_judges_end_when_told_and_by_the_clock():
    weights = LayerWeights.build(score_table(9, rows=30))
    stopped = JudgingChains(weights, seed=0, training_iterations=2_500)
    stopped.stop()
    chains = stopped.result()
    assert chains.interrupted
    assert 0 < chains.iterations < 10 * guide_iterations(9, 2_500)
    timed = JudgingChains(weights, seed=0, training_iterations=2_500, time_limit=0.01).result()
    assert timed.cut_short
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPool")]


def test_an_interrupt_while_waiting_keeps_the_chains_so_far(weights):
    class Pressed:
        """Ctrl-C during the first wait."""

        def __init__(self, running):
            self.running, self.waits = running, 0

        def result(self):
            self.waits += 1
            if self.waits == 1:
                raise KeyboardInterrupt
            return self.running.result()

    judges = JudgingChains(weights, seed=0, training_iterations=2_500)
    judges._running = Pressed(judges._running)
    chains = judges.result()
    assert judges._running.waits == 2
    assert judges._stopped
    assert chains.iterations > 0


def test_more_nodes_have_longer_chains():
    lengths = [guide_iterations(d, 2_500) for d in range(2, 64)]
    assert lengths == sorted(lengths)


@pytest.mark.parametrize("d", [2, 10, 20, 60])
def test_only_trainings_that_are_short_have_shorter_guides(d):
    usual = default_config(d, environment="layers").iterations
    lengths = [guide_iterations(d, iterations) for iterations in (1, 20, 100, 1_000, usual)]
    assert lengths == sorted(lengths)
    assert lengths[3] == lengths[4] == 4_000 * max(d, 5) ** 2
    assert lengths[0] == min(400_000, lengths[4])
    if d == 60:
        assert lengths[2] == lengths[4] // 10


def test_an_interrupt_of_the_guides_ends_the_fit(weights, monkeypatch):
    def pressed(report):
        raise KeyboardInterrupt

    real = dag_gfn.gflownet.chains.run_chains
    monkeypatch.setattr(
        dag_gfn.gflownet.chains,
        "run_chains",
        lambda *arguments, **options: real(*arguments, **options | {"on_report": pressed}),
    )
    with pytest.raises(KeyboardInterrupt):
        draw_guides(weights, seed=0, training_iterations=2_500)


@pytest.mark.parametrize(
    ("layer_of", "seconds"),
    [
        (np.array([[0, 1, 5]]), "1.0"),
        (np.array([[0, 2, 2]]), "1.0"),
        (np.array([[-1, 0, 1]]), "1.0"),
        (np.zeros((0, 3), dtype=np.int64), "1.0"),
        (np.array([[0, 1, 2]], dtype=np.int32), "1.0"),
        (np.array([[0, 1, 2]]), '"long"'),
        (np.array([[0, 1, 2]]), "[1]"),
        (np.array([[0, 1, 2]]), "NaN"),
        (np.array([[0, 1, 2]]), "-1"),
        (np.array([[0, 1, 2]]), "null"),
    ],
)
def test_guides_of_another_shape_are_a_storage_error(tmp_path, layer_of, seconds):
    path = tmp_path / "guides.safetensors"
    save_file({"layer_of": layer_of}, path, metadata={"seconds": seconds})
    with pytest.raises(StorageError, match=r"cannot go on with the guides.*--overwrite"):
        Guides.load(path, 3)
