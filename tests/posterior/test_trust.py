import pytest

from dag_gfn.posterior.fit_record import FitRecord
from dag_gfn.posterior.trust import doubts_of, trust_in

MIXTURE = {"completed_tables": 40, "effective_tables": 31.0, "max_edge_standard_error": 0.02}


@pytest.mark.parametrize(
    ("info", "level", "said"),
    [
        ({"method": "exact"}, "good", "exact under the assumptions"),
        ({"method": "exact", "order_modular": True}, "caution", "for each of its orders"),
        ({"method": "gflownet", "interrupted": True}, "bad", "interrupted"),
        (
            {"method": "mcmc", "diagnostics": {"converged": False}, "exact_check": {"edge_max_error": 0.2}},
            "bad",
            "0.2 away",
        ),
        (
            {"method": "mcmc", "diagnostics": {"converged": True}, "exact_check": {"edge_max_error": 0.01}},
            "good",
            "0.01 away",
        ),
        ({"method": "mcmc", "diagnostics": {"converged": True}}, "good", "chains agree"),
        ({"method": "gflownet", "diagnostics": {"converged": None}}, "caution", "several seeds"),
        (
            {"environment": "layers", "diagnostics": {"converged": True, "estimate": "reweighted"}},
            "good",
            "own exact weights are even",
        ),
        ({}, "caution", "no record"),
        (
            {"method": "exact", "diagnostics": MIXTURE | {"converged": True}},
            "good",
            "means over 40 completed tables",
        ),
        ({"method": "exact", "diagnostics": MIXTURE | {"converged": False}}, "bad", "has not converged"),
        ({"method": "mcmc", "diagnostics": MIXTURE | {"converged": None}}, "caution", "Nothing shows"),
        ({"method": "exact", "conditions": [{"query": "edge(a,b)"}]}, "good", "comply"),
    ],
)
def test_trust(info, level, said):
    found, text = trust_in(FitRecord.from_info(info))
    assert found == level
    assert said in text


def doubted(*levels, **info):
    doubts = [{"code": level, "level": level, "verdict": f"of {level} kind"} for level in levels]
    return FitRecord.from_info({"method": "exact", "doubts": doubts, **info})


def test_doubts_about_the_data_weigh_on_a_good_computation():
    exact = "The probabilities are exact under the assumptions below: no sampler has to be trusted."
    level, trust = trust_in(doubted("caution"))
    assert level == "caution"
    assert trust == f"Exact arithmetic, but of caution kind. See the warnings. {exact}"
    level, trust = trust_in(doubted("caution", "mild", method="mcmc", diagnostics={"converged": False}))
    assert level == "bad"
    assert trust.endswith("In addition: of caution kind. Note that of mild kind.")
    level, trust = trust_in(doubted("caution", method="mcmc", diagnostics={"converged": True}))
    assert (level, trust.startswith("Computed well, but of caution kind.")) == ("caution", True)
    assert trust_in(doubted("mild")) == ("good", f"{exact} Note that of mild kind.")
    assert trust_in(doubted()) == ("good", exact)
    assert doubts_of(doubted("mild", "mild"), "mild") == "of mild kind; of mild kind"


def test_means_over_drawn_tables_are_not_called_exact():
    _, trust = trust_in(doubted("caution", diagnostics=MIXTURE | {"converged": True}))
    assert trust.startswith("Computed well, but of caution kind.")
    assert "no sampler has to be trusted" not in trust
