import math

import numpy as np
import pytest

from dag_gfn.posterior.evidence import MIN_DRAWS_FOR_EVIDENCE, UNKNOWN, Evidence, known_evidence

NOT_KNOWN = (None, None)


@pytest.mark.parametrize(
    ("log_z", "error", "draws", "expected"),
    [
        (-10.0, 0.0, math.inf, (-10.0, 0.0)),
        (-10.0, UNKNOWN - 1e-6, math.inf, (-10.0, UNKNOWN - 1e-6)),
        (-10.0, UNKNOWN, math.inf, NOT_KNOWN),
        (-10.0, math.nan, math.inf, NOT_KNOWN),
        (-10.0, None, math.inf, NOT_KNOWN),
        (None, 0.1, math.inf, NOT_KNOWN),
        (-math.inf, 0.1, math.inf, NOT_KNOWN),
        (math.nan, 0.1, math.inf, NOT_KNOWN),
        (-10.0, 0.1, MIN_DRAWS_FOR_EVIDENCE, (-10.0, 0.1)),
        (-10.0, 0.1, MIN_DRAWS_FOR_EVIDENCE - 0.1, NOT_KNOWN),
    ],
)
def test_when_the_evidence_is_known(log_z, error, draws, expected):
    assert known_evidence(log_z, error, effective_draws=draws) == expected
    if draws == math.inf:
        evidence = Evidence.known(log_z, error, "importance weights")
        assert (evidence.log_z, evidence.standard_error) == expected
        assert evidence.source == "importance weights"


def test_scores_become_probabilities_of_at_most_one():
    evidence = Evidence(math.log(4.0), 0.1)
    probabilities = evidence.probabilities(np.log([1.0, 2.0, 5.0, 1e-300]))
    np.testing.assert_allclose(probabilities, [0.25, 0.5, 1.0, 2.5e-301])


def test_errors_are_those_of_repeated_estimates(rng):
    """log Z with a normal error: the spread of R / Z over repetitions is its standard error, to first order."""
    error, scores = 0.02, np.log([1.0, 2.0])
    repeated = [
        Evidence(log_z, error).probabilities(scores) for log_z in rng.normal(math.log(4.0), error, size=4_000)
    ]
    known = Evidence(math.log(4.0), error)
    np.testing.assert_allclose(known.errors(known.probabilities(scores)), np.std(repeated, axis=0), rtol=0.06)


def test_what_is_not_known_is_no_number():
    assert np.isnan(Evidence().probabilities(np.zeros(2))).all()
    assert np.isnan(Evidence(-1.0).errors(np.array([0.2, 0.5]))).all()
    assert Evidence(-1.0, 0.0, "exact").errors(np.array([0.2])).tolist() == [0.0]
