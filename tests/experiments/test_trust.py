"""The experiment on verdicts: its tables, its plan, and how claims are held against the truth."""

import numpy as np
import pandas as pd
import pytest
import trust
import trust_tables

from dag_gfn.posterior import GraphPosterior, Marginal


def test_the_campaign_is_as_large_as_it_says():
    planned = trust.plan(trust.parse([]))
    assert len(planned) >= 150
    assert len({each["table"] for each in planned}) >= 40
    assert len({tuple(each.values()) for each in planned}) == len(planned)
    seconds = sum(each["seconds"] for each in planned)
    assert seconds < 35 * 60


def test_a_part_of_the_campaign():
    asked = ["--tables", "fair,survey", "--fits", "mcmc", "--budgets", "5,0", "--seeds", "2"]
    planned = trust.plan(trust.parse(asked))
    assert {(each["table"], each["fit"], each["seconds"], each["seed"]) for each in planned} == {
        (table, "mcmc", seconds, seed)
        for table in ("fair", "survey")
        for seconds in (5.0, 0.0)
        for seed in (0, 1)
    }
    with pytest.raises(SystemExit):
        trust.parse(["--tables", "nowhere"])


def test_two_modes_are_alike_where_the_table_is_symmetric():
    data = trust_tables.modes(60, noise=0.3, symmetric=True)
    covariance = np.cov(data.values.T)
    swapped = np.r_[4:8, 0:4]
    np.testing.assert_allclose(covariance, covariance[np.ix_(swapped, swapped)], atol=1e-12)
    np.testing.assert_allclose(trust_tables.HADAMARD @ trust_tables.HADAMARD, np.eye(4))


def posterior(probability, error, *, log_evidence, stated):
    edge = np.array([[0.0, probability], [0.0, 0.0]])
    graphs = np.array([[[False, True], [False, False]], [[False, False], [False, False]]])
    return GraphPosterior.from_weights(
        ("a", "b"),
        graphs,
        np.log([probability, 1 - probability]),
        log_evidence=log_evidence,
        marginals={
            name: Marginal(edge, "rao_blackwell", np.array([[0.0, error], [0.0, 0.0]]))
            for name in ("edge", "path")
        },
        info={"log_evidence_standard_error": stated},
    )


def test_errors_are_counted_by_standard_errors():
    exact = posterior(0.5, 0.0, log_evidence=-10.0, stated=0.0)
    found = trust.against(posterior(0.58, 0.02, log_evidence=-10.5, stated=0.25), exact)
    assert found["edge_error"] == pytest.approx(0.08)
    assert found["edge_z_squares"] == pytest.approx(16.0)
    assert (found["edge_beyond_3"], found["edge_count"], found["edge_z_count"]) == (1, 2, 1)
    assert found["evidence_z"] == pytest.approx(-2.0)
    assert found["mass_missed"] == pytest.approx(1 - np.exp(-0.5))


def fits():
    """A right claim, a false one, a needless alarm, and a right alarm."""
    row = {f"{name}_claim": None for name in trust.CLAIMS} | {"table": "fair", "fit": "mcmc", "seconds": 10.0}
    row |= {
        "evidence_gap": None,
        "evidence_z": None,
        "evidence_stated": None,
        "estimate": None,
        "kind": "real",
    }
    row |= dict.fromkeys(("max_r_hat", "min_effective_draws", "log_z_gap"), 1.0)
    for feature in ("edge", "path"):
        row |= {f"{feature}_{name}": 0.01 for name in ("error", "stated", "z_squares")}
        row |= {f"{feature}_z_count": 10, f"{feature}_beyond_3": 0, f"{feature}_count": 10}
    cases = [(True, 0.01, 9.0), (True, 0.3, 10.0), (False, 0.01, 10.9), (False, 0.3, 12.0)]
    return pd.DataFrame(
        [
            row | {"edges_claim": claim, "edge_error": error, "wall": wall, "over_budget": wall / 10}
            for claim, error, wall in cases
        ]
    )


def test_claims_are_counted_by_whether_they_are_right():
    edges = trust.verdicts(fits()).iloc[0]
    assert edges["of these right"] == "1 of 2 (50.0%)"
    assert edges["needless alarms, of fits that are right"] == "1 of 2 (50.0%)"
    assert len(trust.exceptions(fits())) == 2
    assert set(trust.exceptions(fits().drop(columns="estimate"))["estimate"]) == {"-"}  # of layers alone
    assert trust.of_time(fits()).iloc[0]["within budget + 10 %"] == "3 of 4 (75.0%)"


def test_what_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(trust, "frame_of", lambda records: fits())
    trust.write([], [], tmp_path)
    assert "| edges | 2 | 1 of 2 (50.0%) |" in (tmp_path / "tables.md").read_text()
    assert len(pd.read_csv(tmp_path / "fits.csv")) == 4
