import math

import pytest

from dag_gfn.posterior.diagnostic_parts import AgainstChains, Agreement, Correction, Coverage, Importance


def test_corrections_of_no_weight_hold_null():
    correction = Correction(
        corrected=False,
        log_z_shift=-math.inf,
        log_z_shift_standard_error=math.inf,
        corrected_effective_samples=0.0,
        corrected_pareto_k=math.inf,
    )
    assert correction.to_json() == {
        "corrected": False,
        "log_z_shift": None,
        "log_z_shift_standard_error": None,
        "corrected_effective_samples": 0.0,
        "corrected_pareto_k": None,
    }


def test_a_node_that_is_covered_worst_is_named_only_where_one_is():
    assert Coverage(candidates=7, covered=1.0).to_json() == {"candidates": 7, "covered": 1.0}
    partly = Coverage(candidates=7, covered=0.9, least_covered="rain")
    assert partly.to_json() == {"candidates": 7, "covered": 0.9, "least_covered": "rain"}


@pytest.mark.parametrize("part", [AgainstChains, Agreement, Correction, Coverage, Importance])
def test_a_part_reads_its_own_keys_only(part):
    """Parts lie side by side in one record of diagnostics: they must not share a key."""
    others = {AgainstChains, Agreement, Correction, Coverage, Importance} - {part}
    beside = {key: 1 for other in others for key in other.__dataclass_fields__}
    assert part.from_json(beside) is None
    one = next(iter(part.__dataclass_fields__))
    found = part.from_json(beside | {one: None})
    assert set(vars(found).values()) == {None}
