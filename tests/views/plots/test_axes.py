from matplotlib import pyplot

from dag_gfn.views.plots.axes import MAX_LABEL, axes_for, label


def test_given_axes_are_used():
    ax = pyplot.figure().add_subplot()
    assert axes_for(ax) is ax
    assert axes_for(None) is not ax


def test_labels_are_cut_and_never_formulae():
    assert label("short") == "short"
    assert len(label("n" * 60)) == MAX_LABEL
    assert label("n" * 60).endswith("…")
    assert label("$x$") == r"\$x\$"
