from dag_gfn.parameters.units import in_standard_deviations


def test_scores_of_ranks_have_no_units():
    assert in_standard_deviations({"score": "copula"})
    assert in_standard_deviations({"score": "bge", "margins": "normal_scores"})
    assert not in_standard_deviations({"score": "block", "margins": None})
