from dag_gfn.parameters.units import in_standard_deviations, reads_ranks


def test_scores_of_ranks_have_no_units():
    assert in_standard_deviations({"score": "copula"})
    assert in_standard_deviations({"score": "bge", "margins": "normal_scores"})
    assert not in_standard_deviations(
        {"score": "additive", "margins": "normal_scores"}
    )  # led back by quantiles
    assert reads_ranks({"score": "additive", "margins": "normal_scores"})
    assert not reads_ranks({"score": "additive", "margins": "as_is"})
    assert not in_standard_deviations({"score": "block", "margins": None})
