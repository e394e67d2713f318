from pathlib import Path

import pandas as pd
import pytest
from cli_cases import fails, listing

from dag_gfn.cli import main


def test_simulate_writes_a_table_and_its_graph(here, capsys):
    assert main(["simulate", "--nodes", "4", "--samples", "30", "--seed", "5", "--out", "sub/data.csv"]) == 0
    frame = pd.read_csv("sub/data.csv")
    assert frame.shape == (30, 4)
    truth = pd.read_csv("sub/data.graph.csv")
    assert list(truth.columns) == ["source", "target"]
    assert {*truth["source"], *truth["target"]} <= set(frame.columns)
    assert listing(here / "sub") == ["data.csv", "data.graph.csv"]
    assert main(["fit", "sub/data.csv", "--out", "out", "--method", "exact", "--quiet"]) == 0


def test_simulate_same_seed_same_bytes(here):
    for out, seed in (("one", "1"), ("two", "1"), ("other", "2")):
        assert main(["simulate", "--graph", "sf", "--seed", seed, "--out", f"{out}.csv"]) == 0
    for end in (".csv", ".graph.csv"):
        one, two, other = (Path(f"{out}{end}").read_bytes() for out in ("one", "two", "other"))
        assert one == two
        assert one != other


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("seed", "-1"),
        ("nodes", "0"),
        ("nodes", "1"),
        ("nodes", "257"),
        ("samples", "-5"),
        ("samples", "1"),
        ("graph", "magic"),
        ("noise-variance", "0"),
        ("noise-variance", "nan"),
        ("noise-variance", "inf"),
        ("edges-per-node", "-1"),
        ("edges-per-node", "inf"),
        ("out", ""),
        ("out", "."),
        ("out", "ok.csv"),
        ("out", "ok.csv/data.csv"),
    ],
)
def test_simulate_refuses(here, capsys, option, value):
    fails(capsys, "simulate", f"--{option}", value)


def test_simulate_overwrites_on_request_only(here, capsys):
    assert main(["simulate", "--out", "data.csv"]) == 0
    before = Path("data.csv").read_bytes()
    capsys.readouterr()
    assert "--overwrite" in fails(capsys, "simulate", "--out", "data.csv", "--seed", "1")
    assert Path("data.csv").read_bytes() == before
    assert main(["simulate", "--out", "data.csv", "--seed", "1", "--overwrite"]) == 0
    assert Path("data.csv").read_bytes() != before
