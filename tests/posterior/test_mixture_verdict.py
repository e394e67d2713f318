import pytest

from dag_gfn.posterior.diagnostics import MixtureDiagnostics
from dag_gfn.posterior.evidence import Evidence
from dag_gfn.posterior.mixture_verdict import judge_mixture
from dag_gfn.posterior.verdict import judge


def mixture(**changed):
    figures = {
        "completion_route": "augmentation",
        "completed_tables": 100,
        "distinct_tables": 100,
        "effective_tables": 80.0,
        "tables_max_r_hat": 1.01,
        "tables_agree": True,
        "share_of_missing": 0.1,
        "max_edge_standard_error": 0.01,
        "unconverged_tables": 0,
        "unjudged_tables": 0,
    }
    return MixtureDiagnostics(**(figures | changed))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"effective_tables": 7.0}, "worth 7 independent tables"),
        ({"tables_agree": False, "tables_max_r_hat": 1.7}, "disagree about the edges (R-hat 1.7"),
        ({"max_edge_standard_error": 0.2}, "known to ±0.2"),
        ({"unconverged_tables": 30, "worst_max_r_hat": 2.5}, "on 30 of 100 tables (R-hat up to 2.5)"),
    ],
)
def test_a_mixture_of_tables_that_is_not_to_be_relied_on(changed, words):
    claim, told = judge_mixture(mixture(**changed))
    assert claim.converged is False
    assert words in claim.reason
    assert words in told
    assert "num_completed" in told
    assert "time_budget" in judge_mixture(mixture(**changed), 9)[1]
    verdict = judge(mixture(**changed), None, Evidence())
    assert (verdict.converged, verdict.claims.evidence.converged, verdict.warnings) == (False, None, (told,))


def test_a_mixture_of_tables_that_agree():
    assert judge_mixture(mixture()) == ((True, "the tables agree"), None)
    assert judge_mixture(mixture(unjudged_tables=50))[0].converged is None
