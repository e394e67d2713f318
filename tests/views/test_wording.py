import pytest

from dag_gfn.views.wording import assumptions, method_words


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("continuous", "linear-Gaussian relations"),
        ("discrete", "tabular (multinomial) relations"),
        (None, "the score's relations"),
    ],
)
def test_the_model_is_among_the_assumptions(kind, said):
    assert said in assumptions(kind)
    assert "no hidden common causes" in assumptions(kind)


def test_methods_in_words():
    assert method_words("exact") == "computed exactly"
    assert method_words(None) == "given as weighted graphs"
