"""The comparison with torchgfn, which the tests do not have: what it does without it, and how policies are judged."""

import csv
import sys

import numpy as np
import pytest
import torch
import torchgfn_hypergrid

from dag_gfn.gflownet.env.hypergrid import Hypergrid


def an_answer(python, objective, seed, states, at):
    """What the worker would write of a policy that is still uniform, and the rewards by their formula."""
    cells = torch.cartesian_prod(torch.arange(8), torch.arange(8))
    off = (cells / 7 - 0.5).abs()
    rewards = 0.1 + 0.5 * (off > 0.25).all(1) + 2.0 * ((off > 0.3) & (off < 0.4)).all(1)
    logits = torch.zeros(64, 3).tolist()
    return {"version": "0", "seconds": 1.0, "rewards": rewards.tolist(), "policies": [logits] * len(at)}


def uniform_distance():
    """The L1 distance of the uniform policy from the target, by adding up paths cell by cell."""
    reach, p = np.zeros((9, 9)), np.zeros((8, 8))
    reach[0, 0] = 1
    for x in range(8):
        for y in range(8):
            share = reach[x, y] / (1 + (x < 7) + (y < 7))
            p[x, y] = share
            reach[x + 1, y] += share
            reach[x, y + 1] += share
    assert p.sum() == pytest.approx(1)
    return np.abs(p.ravel() - Hypergrid(2, 8).target().numpy()).sum()


@pytest.mark.parametrize("python", [[], ["--python", sys.executable], ["--python", "no/such/python"]])
def test_without_torchgfn_nothing_is_measured(tmp_path, capsys, python):
    torchgfn_hypergrid.main([*python, "--smoke", "--out", str(tmp_path / "out")])
    assert "skipped: no torchgfn" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


def test_both_are_judged_at_the_same_states(tmp_path, monkeypatch):
    monkeypatch.setattr(torchgfn_hypergrid, "has_torchgfn", lambda _: True)
    monkeypatch.setattr(torchgfn_hypergrid, "train_with_torchgfn", an_answer)
    torchgfn_hypergrid.main(["--smoke", "--out", str(tmp_path)])
    with (tmp_path / "l1.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["objective"] for row in rows} == {"trajectory_balance", "detailed_balance"}
    assert {int(row["states"]) for row in rows} >= {64}
    for row in rows:
        assert float(row["torchgfn_l1"]) == pytest.approx(uniform_distance(), rel=1e-5)
        assert 0 < float(row["dag_gfn_l1"]) < 2


def test_other_rewards_are_refused():
    answer = an_answer(None, "", 0, 0, [1])
    answer["rewards"][9] += 0.01
    with pytest.raises(AssertionError, match="not close"):
        torchgfn_hypergrid.distances(answer)
