import pytest
from matplotlib.colors import to_hex
from report_cases import NASTY_NAMES, random_posterior, two_graphs

from dag_gfn.views.plots import class_graph, consensus_graph, top_graphs
from dag_gfn.views.plots.graphs import OPEN_COLOR, SETTLED_COLOR


def drawn(ax):
    ax.figure.canvas.draw()
    return ax


def test_consensus_shows_both_directions_of_an_open_link():
    ax = drawn(consensus_graph(two_graphs(), threshold=0.5))
    colors = [to_hex(patch.get_edgecolor()) for patch in ax.patches]
    # a line with two heads for a – b, a line with one for b → c
    assert sorted(colors) == sorted([OPEN_COLOR] * 3 + [SETTLED_COLOR] * 2)
    heads = sorted(patch.get_mutation_scale() for patch in ax.patches)
    assert heads == pytest.approx([1, 1, 4 + 14 * 0.25, 4 + 14 * 0.75, 18])


def test_no_name_hides_an_arrowhead():
    posterior = two_graphs(("the first cause", "between them", "the last effect"))
    ax = drawn(consensus_graph(posterior, threshold=0.5))
    boxes = [text.get_window_extent() for text in ax.texts]
    heads = [patch for patch in ax.patches if patch.get_mutation_scale() > 1]
    assert len(heads) == 3
    assert len(boxes) == 3
    for head in heads:
        outline = ax.transData.transform(head.get_path().vertices[-4:-1])  # a triangle at the end of its line
        assert not any(box.contains(*corner) for box in boxes for corner in outline)


def test_the_threshold_leaves_links_out():
    assert len(consensus_graph(two_graphs(), threshold=1.1).patches) == 0


def test_top_graphs_have_their_probabilities():
    ax = drawn(top_graphs(two_graphs(), k=5))
    assert [inner.get_title() for inner in ax.child_axes] == ["probability 0.75", "probability 0.25"]
    assert [len(inner.patches) for inner in ax.child_axes] == [2, 2]


def test_the_class_of_a_chain_has_no_heads():
    ax = drawn(class_graph(two_graphs()))
    assert {to_hex(patch.get_edgecolor()) for patch in ax.patches} <= {OPEN_COLOR, SETTLED_COLOR}
    assert "probability" in ax.get_title()


@pytest.mark.filterwarnings("ignore:Glyph")  # of a font without Japanese
@pytest.mark.parametrize("draw", [consensus_graph, top_graphs, class_graph])
def test_any_name_can_be_drawn(draw):
    drawn(draw(random_posterior(NASTY_NAMES, num_graphs=30)))


def test_given_axes_are_drawn_on():
    ax = drawn(consensus_graph(two_graphs()))
    assert class_graph(two_graphs(), ax) is ax
