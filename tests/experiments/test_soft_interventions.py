import numpy as np
import soft_interventions


def test_a_small_campaign_writes_its_table(tmp_path):
    arguments = [
        "--nodes",
        "4",
        "--experiments",
        "2",
        "--changed",
        "1",
        "--seeds",
        "1",
        "--out",
        str(tmp_path),
    ]
    soft_interventions.main(arguments)
    page = (tmp_path / "tables.md").read_text()
    assert "| contexts |" in page
    assert len((tmp_path / "runs.csv").read_text().splitlines()) == 4


def test_an_experiment_changes_its_targets_and_what_follows_from_them_alone():
    rng = np.random.default_rng(0)
    frame, graph, targets = soft_interventions.simulated(5, 3, changed=1, parents=1.0, rng=rng)
    assert len(frame) == 200 + 3 * 20
    assert (targets.sum(axis=1) == 1).all()
    assert graph.shape == (5, 5)
    usual = frame[(frame[["e0", "e1", "e2"]] == "no").all(axis=1)]
    assert len(usual) == 200
