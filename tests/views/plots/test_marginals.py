import numpy as np
import pytest
from report_cases import NASTY_NAMES, exact_chain, random_posterior, two_graphs

from dag_gfn.errors import OptionError
from dag_gfn.views.plots import agreement, calibration, edge_heat_map


def drawn(ax):
    ax.figure.canvas.draw()
    return ax


def test_heat_map_shows_the_marginals_row_to_column():
    ax = drawn(edge_heat_map(two_graphs()))
    shown = np.ma.filled(ax.images[0].get_array(), -1.0)
    assert shown[0, 1] == pytest.approx(0.25)
    assert shown[1, 0] == pytest.approx(0.75)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b", "c"]
    texts = {t.get_position(): t.get_text() for t in ax.texts}
    assert texts[1, 0] == "0.25"  # column 1, row 0


@pytest.mark.filterwarnings("ignore:Glyph")  # of a font without Japanese
def test_heat_map_takes_any_name_and_feature():
    drawn(edge_heat_map(random_posterior(NASTY_NAMES), feature="path"))


def test_many_variables_have_no_numbers():
    assert not edge_heat_map(random_posterior([f"v{i}" for i in range(20)], num_graphs=20)).texts


def test_agreement_matches_variables_by_name():
    posterior = two_graphs()
    order = [2, 0, 1]
    other = type(posterior).from_weights(
        tuple(posterior.names[i] for i in order),
        posterior.graphs[:, order][:, :, order],
        posterior.log_weights,
    )
    ax = drawn(agreement(posterior, other))
    points = ax.collections[-1].get_offsets()
    assert np.allclose(points[:, 0], points[:, 1])
    assert "difference 0.000" in ax.get_title()


def test_agreement_of_other_variables_is_refused():
    with pytest.raises(OptionError, match="only one has"):
        agreement(two_graphs(), two_graphs(("a", "b", "x")))


def test_calibration_counts_true_edges():
    truth = np.zeros((3, 3), dtype=bool)
    truth[1, 0] = truth[1, 2] = True
    ax = drawn(calibration(two_graphs(), truth))
    points = ax.collections[-1].get_offsets()
    # 0 (three pairs), ¼, ¾ and 1
    assert np.allclose(points, [[0, 0], [0.25, 0], [0.75, 1], [1, 1]])
    assert [t.get_text() for t in ax.texts] == ["3", "1", "1", "1"]
    with pytest.raises(OptionError, match="shape"):
        calibration(two_graphs(), np.zeros((2, 2), dtype=bool))


def test_an_exact_posterior_can_be_drawn():
    drawn(edge_heat_map(exact_chain()))
