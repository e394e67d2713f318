import itertools

from dag_gfn.scores.graph_prior import PRIORS, make_prior, prior_options
from dag_gfn.sweep.combinations import ONE_AT_A_TIME, applicable, combinations, never_applied, owners_of


def test_a_product_without_conditions_is_every_combination():
    factors = {"score": ["bge", "bic"], "prior": ["uniform", "fair"], "max_parents": [None, 1, 2]}
    found = [tuple(each.values()) for each in combinations(factors)]
    assert found == list(itertools.product(*factors.values()))


def test_options_of_a_score_or_prior_are_varied_where_they_apply():
    factors = {
        "score": ["bge", "bic"],
        "prior": ["uniform", "edge"],
        "alpha_w": [None, 20, 40],
        "beta": [0.1, 0.5],
    }
    found = combinations(factors)
    assert len(found) == (3 + 1) * (1 + 2)
    assert all(("alpha_w" in each) == (each["score"] == "bge") for each in found)
    assert all(("beta" in each) == (each["prior"] == "edge") for each in found)


def test_one_thing_at_a_time():
    factors = {"score": ["bge", "bic", "copula"], "prior": ["uniform", "fair"], "alpha_w": [None, 20]}
    base, *others = combinations(factors, ONE_AT_A_TIME)
    assert base == {"score": "bge", "prior": "uniform", "alpha_w": None}
    assert len(others) == 2 + 1 + 1
    for each in others:
        assert sum(each[name] != base[name] for name in each) == 1


def test_owners_are_those_that_take_the_option():
    for prior in PRIORS:
        for name in prior_options(prior):
            assert owners_of(name) == ("prior", (prior,))
            assert make_prior(prior, 3, **{name: 0.25}).hyperparameters[name] == 0.25
    kind, scores = owners_of("alpha_w")
    assert kind == "score"
    assert {"bge", "block", "copula"} <= set(scores)
    assert owners_of("missing") is None


def test_what_is_of_another_score_is_left_out():
    assert applicable({"score": "bdeu", "alpha_w": 3}) == {"score": "bdeu"}
    assert never_applied(
        {"score": ["bic"], "prior": ["fair"], "alpha_w": [1], "max_parents": [2]}
    ).keys() == {"alpha_w"}
