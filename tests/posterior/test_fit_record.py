import pytest

from dag_gfn.posterior.evidence import Evidence
from dag_gfn.posterior.fit_record import Condition, FitRecord, RecordedDoubt


def test_a_posterior_of_unknown_origin_has_an_empty_record():
    assert FitRecord.from_info({}) == FitRecord()


def test_what_is_recorded():
    record = FitRecord.from_info(
        {
            "method": "exact",
            "interrupted": True,
            "order_modular": True,
            "conditions": [{"query": "edge(a, b)", "probability": 0.25, "source": "exact"}],
            "doubts": [{"code": "few_rows", "level": "mild", "verdict": "there are few rows"}],
            "diagnostics": {
                "converged": True,
                "num_samples": 500,
                "effective_samples": 400.0,
                "error_bound": 1e-12,
            },
            "exact_check": {"edge_max_error": 0.01},
        }
    )
    assert (record.method, record.interrupted, record.order_modular) == ("exact", True, True)
    assert record.conditions == (Condition("edge(a, b)", 0.25),)
    assert record.doubts == (RecordedDoubt("mild", "there are few rows"),)
    assert (record.converged, record.num_samples, record.effective_samples) == (True, 500, 400.0)
    assert record.diagnostics.error_bound == 1e-12
    assert record.exact_check.edge_max_error == 0.01


OLD = {"ess": 0.5, "log_z": -3.0, "log_z_standard_error": 0.3}
POOLED = {"estimate": "pooled", "log_z_with_chains": -3.0, "log_z_with_chains_standard_error": 0.3}


@pytest.mark.parametrize(
    ("info", "evidence"),
    [
        ({"log_evidence_standard_error": 0.1, "log_evidence_source": "importance weights"}, (-3.0, 0.1)),
        ({"log_evidence_standard_error": 12.0}, (None, None)),
        ({"method": "exact"}, (-3.0, 0.0)),
        ({}, (-3.0, None)),
        # older files have the error among the diagnostics alone
        ({"diagnostics": OLD}, (-3.0, 0.3)),
        ({"diagnostics": OLD | {"log_z_standard_error": None}}, (None, None)),
        ({"diagnostics": OLD | POOLED | {"log_z_standard_error": 9.0}}, (-3.0, 0.3)),
        (
            {"diagnostics": OLD | {"corrected": True, "log_z_shift": 1.0, "log_z_shift_standard_error": 0.4}},
            (-3.0, pytest.approx(0.5)),
        ),
        ({"diagnostics": OLD, "conditions": [{"query": "edge(a, b)"}]}, (-3.0, None)),
    ],
)
def test_the_evidence(info, evidence):
    found = FitRecord.from_info({"log_evidence": -3.0, **info}).evidence
    assert (found.log_z, found.standard_error) == evidence
    assert found.source == info.get("log_evidence_source")
    assert FitRecord.from_info({**info, "log_evidence": None}).evidence.log_z is None


def test_evidence_of_nothing_is_not_known():
    assert FitRecord().evidence == Evidence(None, None, None)
