import pytest
from report_cases import random_posterior, two_graphs

from dag_gfn.errors import OptionError
from dag_gfn.views.plots import training_curve

HISTORY = [
    {"iteration": 10, "loss": 5.0, "ess": 0.1, "jsd": 0.5},
    {"iteration": 20, "loss": 0.5, "ess": None, "jsd": 0.1},
]


def test_the_curve_shows_loss_and_divergence():
    ax = training_curve(random_posterior(list("abc"), num_graphs=20, info={"training": {"history": HISTORY}}))
    ax.figure.canvas.draw()
    assert list(ax.lines[0].get_ydata()) == [5.0, 0.5]
    assert "JSD" in ax.figure.axes[1].get_ylabel()


def test_what_was_not_trained_has_no_curve():
    with pytest.raises(OptionError, match="no record of training"):
        training_curve(two_graphs())
