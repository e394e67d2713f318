import pytest

from dag_gfn.errors import DataError
from dag_gfn.graph_check.dagitty import read_dagitty


def test_text_as_the_site_writes_it():
    text = """dag {
bb="-3,-2,4,2"
"age at death" [outcome,pos="1.2,-0.3"]
smoking [exposure,pos="-1,0"]
alone
smoking -> "age at death" [beta=0.3]
smoking <- {income school}
income -> school -> {alone}
}
"""
    graph = read_dagitty(text)
    assert set(graph) == {"age at death", "smoking", "alone", "income", "school"}
    assert set(graph.edges) == {
        ("smoking", "age at death"),
        ("income", "smoking"),
        ("school", "smoking"),
        ("income", "school"),
        ("school", "alone"),
    }


@pytest.mark.parametrize(
    "text", ["dag{a->b;b->c}", "dag { a -> b -> c }", "dag {\n a->b // first\n c <- b\n}"]
)
def test_ways_to_write_a_chain(text):
    assert set(read_dagitty(text).edges) == {("a", "b"), ("b", "c")}


def test_names_with_signs():
    assert set(read_dagitty("dag { blood-pressure -> x_1.2 }").edges) == {("blood-pressure", "x_1.2")}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dag { a <-> b }", "hidden common causes"),
        ("dag { a -- b }", "edges without a direction"),
        ("dag { a -> }", "no variable after"),
        ("dag { -> a }", "no variable before"),
        ("dag { a -> {b c }", "group"),
        ("dag a -> b", "no { and }"),
        ("a -> b", "begin with dag"),
        ('dag { a -> "b }', "cannot be read"),
    ],
)
def test_what_is_no_dag(text, said):
    with pytest.raises(DataError, match=said):
        read_dagitty(text)
