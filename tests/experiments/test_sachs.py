import numpy as np
import pandas as pd
import pytest
import sachs

PROTEINS = ["Akt", "Erk", "Jnk", "Mek", "P38", "PIP2", "PIP3", "PKA", "PKC", "Plcg", "Raf"]


@pytest.fixture
def folder(tmp_path, rng):
    for number in range(1, 10):
        rows = pd.DataFrame(np.exp(rng.normal(size=(12, 11))), columns=PROTEINS)
        rows.to_csv(tmp_path / f"{number}_some.csv", index=False)
    return tmp_path


def test_the_files_are_read_with_their_numbers_and_targets(folder):
    data = sachs.read_experiments(folder)
    assert data["experiment"].value_counts().tolist() == [12] * 9
    mask = sachs.mask_of(data[PROTEINS], data["experiment"])
    assert mask.sum(axis=0).tolist() == [12, 0, 0, 12, 0, 12, 12, 12, 24, 0, 0]
    rows, contexts = sachs.with_contexts(data[PROTEINS], data["experiment"])
    assert (rows[contexts] == "yes").sum().tolist() == [12] * 8
    with pytest.raises(SystemExit, match="found 0"):
        sachs.read_experiments(folder / "none")


def test_the_consensus_has_an_area_of_one_beside_itself():
    edges = pd.DataFrame(0.0, PROTEINS, PROTEINS)
    assert sachs.consensus_auroc(edges, PROTEINS) == 0.5
    for edge in sachs.CONSENSUS.split():
        edges.loc[tuple(edge.split(">"))] = 0.9
    assert edges.to_numpy().astype(bool).sum() == 17
    assert sachs.consensus_auroc(edges, PROTEINS) == 1.0


def test_blocks_of_the_table_in_three_levels(tmp_path, rng):
    pd.DataFrame(rng.integers(1, 4, size=(5400, 11))).to_csv(tmp_path / "t.txt", sep="\t", index=False)
    table = sachs.read_discrete(tmp_path / "t.txt")
    assert (table["set"] == "PKC").sum() == 1200
    assert set(sachs.DISCRETE_COLUMNS) == set(PROTEINS)
