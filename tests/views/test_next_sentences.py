"""The words must not mislead: nothing to learn, noise, ties."""

import json

import numpy as np

import dag_gfn
from dag_gfn.experiment_choice.information import Information, Limit
from dag_gfn.views.next_sentences import information_words, limit_words, next_json, next_sentences


def chain(rng, n=300):
    a = rng.normal(size=n)
    b = a + rng.normal(size=n)
    return np.column_stack([a, b, b + rng.normal(size=n)])


def told(values, *, fit=None, **options):
    data = dag_gfn.from_array(values, [f"x{j}" for j in range(values.shape[1])])
    posterior = dag_gfn.fit(data, progress=False, **(fit or {}))
    found = dag_gfn.next_experiments(posterior, num_simulations=100, rng=0, **options)
    return found, posterior, "\n".join(next_sentences(found, posterior))


def test_a_chain(rng):
    found, _, text = told(chain(rng), batch=2, costs={"x0": 2.5}, rows=1000)
    assert text.splitlines()[1].startswith("1. Set x1 (to ")
    assert "open there: x1 – x0, x1 – x2" in text or "open there: x1 – x2, x1 – x0" in text
    assert "for a cost of 2.5" in text
    assert "Setting x1 is expected to tell more than that." in text
    assert f"  {' + '.join(found.batch[1].targets)}: " in text
    assert "in the order" not in text


def test_a_certain_posterior(rng):
    known = {"required": [("x0", "x1"), ("x1", "x2")], "forbidden": [("x0", "x2")]}
    _, _, text = told(chain(rng), fit=known)
    assert "Nearly nothing about the graph is open (0 nats)" in text
    assert "cannot be told apart" not in text


def test_noise(rng):
    _, posterior, text = told(rng.normal(size=(100, 3)))
    if posterior.marginal("linked").values.max() < 0.5:
        assert "No two variables are likely linked." in text


def test_symmetric_variables_are_tied(rng):
    found, _, text = told(chain(rng)[:, :2], rows=2000)
    assert len(found.ties()) == 1
    assert f"{found.best.targets[0]} and {found.ties()[0]} cannot be told apart" in text


def test_nothing_beyond_the_error(rng):
    found, posterior, _ = told(chain(rng), rows=1)
    nothing = dag_gfn.next_experiments(
        posterior, about="edge(x0, x1) & edge(x1, x0)", num_simulations=50, rng=0
    )
    assert nothing.tells_nothing()
    assert "Nearly nothing about the question is open" in "\n".join(next_sentences(nothing, posterior))
    assert not found.tells_nothing()


def test_figures_in_words():
    bounds = Information(np.array([1.0, 1.2, 1.1]), 1.1, 2.5)
    assert information_words(bounds).startswith("between 1.10 and 2.50 nats (± 0.06")
    assert limit_words(Limit(1.234, 0.02, True)) == "of at least 1.2 ± 0.02 that any number of rows would"


def test_json_holds_all(rng):
    found, _, _ = told(chain(rng))
    content = json.loads(json.dumps(next_json(found), allow_nan=False))
    assert content["ranking"][0]["targets"] == ["x1"]
    assert content["observing"]["targets"] == []
    assert content["exact"]
