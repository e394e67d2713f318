import numpy as np
import pytest

import dag_gfn
from dag_gfn.errors import ConstraintError, OptionError
from dag_gfn.sweep.settings import Settings, plain, with_plain_knowledge

DATA = dag_gfn.from_array(np.random.default_rng(0).normal(size=(30, 3)), list("abc"))


def test_options_are_those_of_the_levels_that_apply():
    made = Settings(lambda reading: DATA, {"alpha_w": 9.0, "max_parents": 1})
    assert made.of({"score": "bge", "prior": "edge", "beta": 0.1}).options == {
        "alpha_w": 9.0,
        "beta": 0.1,
        "max_parents": 1,
        "prior": "edge",
        "score": "bge",
    }
    assert made.of({"score": "bic", "prior": "edge", "max_parents": None}).options == {
        "max_parents": 1,
        "prior": "edge",
        "score": "bic",
    }


@pytest.mark.parametrize(
    ("options", "levels", "kind"),
    [
        ({}, {"score": "bdeu", "prior": "uniform"}, dag_gfn.DagGfnError),
        ({}, {"score": "bge", "prior": "edge", "beta": -1.0}, OptionError),
        ({"roots": ["z"]}, {"score": "bge", "prior": "uniform"}, ConstraintError),
        ({}, {"score": "bge", "prior": "uniform", "alpha_w": 0.5}, OptionError),
    ],
)
def test_what_does_not_go_together_is_refused(options, levels, kind):
    with pytest.raises(kind):
        Settings(lambda reading: DATA, options).of(levels)


def test_knowledge_becomes_one_mapping_that_a_fit_takes():
    options = with_plain_knowledge(
        {"tiers": "a < b,c", "forbidden": [("b", "c")], "instantaneous": True}, DATA.nodes
    )
    assert options.keys() == {"knowledge", "instantaneous"}
    given = dag_gfn.fit(DATA, tiers="a < b,c", forbidden=[("b", "c")], progress=False)
    stored = dag_gfn.fit(DATA, knowledge=plain(options["knowledge"]), progress=False)
    np.testing.assert_array_equal(given.edge_marginals(), stored.edge_marginals())


def test_what_json_cannot_hold():
    with pytest.raises(OptionError, match="cannot store"):
        plain({"required": object()})
