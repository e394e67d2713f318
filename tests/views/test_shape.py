import pytest

from dag_gfn.views.shape import shape_sentences

MARKED = {"source": "x", "target": "y", "share": 0.9, "by_independences": 0.5}


@pytest.mark.parametrize(
    ("weight", "words"), [(0.05, "93% of these were right"), (1.0, "taken at its word"), (None, "93%")]
)
def test_it_says_what_such_directions_are_worth(weight, words):
    (sentence,) = shape_sentences(
        {"directions_by_shape": [MARKED] * 2, "score_options": {"curve_weight": weight}}
    )
    assert sentence.startswith("* 2 directions are oriented by shape")
    assert words in sentence


@pytest.mark.parametrize("info", [{}, {"directions_by_shape": None}, {"directions_by_shape": []}])
def test_nothing_is_said_where_none_is_marked(info):
    assert shape_sentences(info) == []
