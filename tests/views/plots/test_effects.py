import numpy as np
import pytest
from report_cases import exact_chain, random_posterior

from dag_gfn.effects import total_effects
from dag_gfn.views.plots import effect_posterior


def test_the_bars_hold_the_probability_of_an_effect():
    posterior = random_posterior(list("abcde"))
    i, j = np.unravel_index(posterior.marginal("path").values.argmax(), (5, 5))
    effect = total_effects(posterior, num_draws=500, rng=0).effect(posterior.names[i], posterior.names[j])
    ax = effect_posterior(effect)
    ax.figure.canvas.draw()
    area = sum(bar.get_width() * bar.get_height() for bar in ax.patches)
    assert area == pytest.approx((effect.samples != 0).mean())
    assert f"no effect {effect.probability_zero:.2f}" in ax.get_title()


def test_a_posterior_and_two_names_do():
    ax = effect_posterior(exact_chain(), source="a", target="d", num_draws=200)
    assert "d per unit of a" in ax.get_xlabel()
    with pytest.raises(TypeError, match="source and target"):
        effect_posterior(exact_chain())


def test_no_effect_at_all_is_a_stem():
    posterior = random_posterior(list("abc"), num_graphs=20)
    empty = type(posterior).from_samples(
        posterior.names,
        np.zeros((5, 3, 3), dtype=bool),
        info=posterior.info,
        statistics=posterior.statistics,
    )
    ax = effect_posterior(empty, source="a", target="b", num_draws=50)
    ax.figure.canvas.draw()
    assert not ax.patches
