import numpy as np
import oracles
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dag_gfn.errors import QueryError
from dag_gfn.posterior.features import FEATURES
from dag_gfn.posterior.queries import (
    And,
    DSeparated,
    EffectComparison,
    Not,
    Or,
    PairFeature,
    Parents,
    VStructure,
)
from dag_gfn.posterior.query_language import MAX_DEPTH, parse_query

NAMES = ("a", "b", "c", "age at death", "größe", "don't", 'say "hi"', "x-1", "7", "and", "od280/od315")
AB, BC, CA = (PairFeature("edge", i, j) for i, j in ((0, 1), (1, 2), (2, 0)))


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("edge(a,b)", AB),
        (" edge ( a ,\n b ) ", AB),
        ("linked(a, b)", PairFeature("linked", 0, 1)),
        ("path(b, a)", PairFeature("path", 1, 0)),
        ("blanket(b, a)", PairFeature("markov_blanket", 1, 0)),
        ("compelled(b, a)", PairFeature("compelled", 1, 0)),
        ("reversible(b, a)", PairFeature("reversible", 1, 0)),
        ("parents(b) == {a, c}", Parents(1, "==", 0b101)),
        ("parents(b) = {}", Parents(1, "==", 0)),
        ("parents(b)>={a,a}", Parents(1, ">=", 0b1)),
        ("parents(b) <= {c}", Parents(1, "<=", 0b100)),
        ("parents(b) != {c}", Parents(1, "!=", 0b100)),
        ("v_structure(a, b, c)", VStructure(0, 1, 2)),
        ("dsep(a, b)", DSeparated(0, 1)),
        ("dsep(a, b | c)", DSeparated(0, 1, (2,))),
        ("dsep(a, b | c, größe)", DSeparated(0, 1, (2, 4))),
        ("effect(a, b) > 0.5", EffectComparison(0, 1, ">", 0.5)),
        ("effect(a, b)<=-1e-2", EffectComparison(0, 1, "<=", -0.01)),
        ("effect(a = yes, b = 'in pain') >= 0", EffectComparison(0, 1, ">=", 0.0, "yes", None, "in pain")),
        ("effect(a = 2 over 1, b) < 3", EffectComparison(0, 1, "<", 3.0, "2", "1", None)),
        ("!effect(a, b) > 0 & edge(a,b)", And((Not(EffectComparison(0, 1, ">", 0.0)), AB))),
        ("edge(a,b) & edge(b,c) | edge(c,a)", Or((And((AB, BC)), CA))),
        ("edge(a,b) and edge(b,c) or edge(c,a)", Or((And((AB, BC)), CA))),
        ("edge(a,b) && edge(b,c) || edge(c,a)", Or((And((AB, BC)), CA))),
        ("edge(a,b) & (edge(b,c) | edge(c,a))", And((AB, Or((BC, CA))))),
        ("edge(a,b) & edge(b,c) & edge(c,a)", And((AB, BC, CA))),
        ("!edge(a,b) & edge(b,c)", And((Not(AB), BC))),
        ("not not edge(a,b)", Not(Not(AB))),
        ("!(edge(a,b)|edge(b,c))", Not(Or((AB, BC)))),
        ("edge('a', \"b\")", AB),
        ('edge("age at death", größe)', PairFeature("edge", 3, 4)),
        ('edge(don\'t, "say ""hi""")', PairFeature("edge", 5, 6)),
        ("edge('don''t', 'say \"hi\"')", PairFeature("edge", 5, 6)),
        ("edge(x-1, 7)", PairFeature("edge", 7, 8)),
        ("edge(and, od280/od315)", PairFeature("edge", 9, 10)),
    ],
)
def test_reads(text, query):
    assert parse_query(text, NAMES) == query


@pytest.mark.parametrize(
    ("text", "character", "said"),
    [
        ("", 1, "it is empty"),
        ("   ", 1, "it is empty"),
        ("edge(a, bb)", 9, "no column 'bb'; did you mean b? The columns are a, b, c, \"age at death\""),
        ("edge(Größe, a)", 6, "did you mean größe"),
        ("edge(a, zzzzz)", 9, "no column 'zzzzz'. The columns are"),
        ("edge(age at death, a)", 6, "no column 'age'"),
        ("edge(a at, b)", 8, "expected ',', not 'at' (a name with spaces goes in quotes)"),
        ("edeg(a, b)", 1, "there is no 'edeg'; did you mean edge?"),
        ("cause(a, b)", 1, "There are edge, linked, path"),
        ("edge(a, a)", 9, "'a' stands here twice"),
        ("edge(a)", 7, "expected ',', not ')'"),
        ("edge(a, b, c)", 10, "expected ')', not ','"),
        ("edge(a, b) edge(b, c)", 12, "expected '&', '|' or the end, not 'edge'"),
        ("edge(a, b) &", 13, "not the end"),
        ("& edge(a, b)", 1, "expected one of edge"),
        ("(edge(a, b)", 12, "expected ')', not the end"),
        ("edge(a, 'b", 9, "the quote is not closed"),
        ("effect(a, b)", 13, "expected one of > < >= <= and a number, not the end"),
        ("effect(a, b) == 2", 14, "expected one of > < >= <="),
        ("effect(a, b) > much", 16, "expected a number, not 'much'"),
        ("effect(a, a) > 0", 11, "stands here twice"),
        ("effect(a = , b) > 0", 12, "expected a level"),
        ("edge(a > b)", 8, "expected ',', not '>'"),
        ("parents(b) & edge(a, b)", 12, "expected one of == != >= <="),
        ("parents(b) == {a c}", 18, "expected '}' or ',', not 'c'"),
        ("parents(b) == {a,}", 18, "expected a column, not '}'"),
        ("parents(b) == {b}", 16, "stands here twice"),
        ("parents(b) == {a", 17, "not the end"),
        ("dsep(a, b | a)", 13, "stands here twice"),
        ("dsep(a, b | )", 13, "expected a column"),
        ("v_structure(a, b, a)", 19, "stands here twice"),
        ("'edge'(a, b)", 1, "expected one of edge"),
        ("(" * 200 + "edge(a, b)" + ")" * 200, MAX_DEPTH + 1, "within one another"),
        ("!" * 200 + "edge(a, b)", MAX_DEPTH + 1, "within one another"),
    ],
)
def test_points_at_what_cannot_be_read(text, character, said):
    with pytest.raises(QueryError) as caught:
        parse_query(text, NAMES)
    message = str(caught.value)
    assert f"character {character}: " in message
    assert said in message
    line, caret = caught.value.__notes__[0].split("\n")
    assert line[4:] == text[:200]  # a window of what is longer
    assert len(caret) - 4 == character


def test_at_most_so_many_columns_are_listed():
    with pytest.raises(QueryError, match=r"v0, v1, .* and 48 more"):
        parse_query("edge(x, y)", [f"v{i}" for i in range(60)])


def test_many_parts_are_no_depth():
    query = parse_query(" & ".join(["!(edge(a, b))"] * 1000), NAMES)
    assert len(query.parts) == 1000


WORDS = ["edge", "path", "parents", "dsep", "v_structure", "and", "or", "not", "a", "b", "größe", "edge(a,b)"]
SYMBOLS = [*"(){},|&!='\"<# \n\x00", "==", ">="]
PIECES = st.sampled_from(WORDS + SYMBOLS)


@given(st.one_of(st.lists(PIECES, max_size=15).map("".join), st.text(max_size=30)))
@example("\ud800")
@example("edge(a,\u2003b)")
@example("edge(a,\x85b)")
def test_any_text_is_a_query_or_a_query_error(text):
    try:
        query = parse_query(text, NAMES)
    except QueryError:
        return
    assert parse_query(f"({text}) & !({text})", NAMES) == And((query, Not(query)))


@given(st.lists(st.text(min_size=1, max_size=8), min_size=2, max_size=4, unique=True))
def test_every_name_can_be_quoted(names):
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    assert parse_query(f"edge({quoted[0]}, {quoted[1]})", names) == AB
    single = ["'" + name.replace("'", "''") + "'" for name in names]
    assert parse_query(f"edge({single[0]}, {single[1]})", names) == AB


@given(st.lists(st.text(min_size=1, max_size=4), min_size=2, max_size=4, unique=True))
def test_the_names_an_error_lists_can_be_copied_into_a_query(names):
    with pytest.raises(QueryError) as caught:
        parse_query("", names)
    suggestion = str(caught.value).split("it could be ", 1)[1]
    assert parse_query(suggestion, names) == AB


def test_long_queries_are_refused_and_echoed_in_part():
    many = " & ".join(["edge(a, b)"] * 1_001)
    with pytest.raises(QueryError, match="more than 1,000 statements"):
        parse_query(many, NAMES)
    with pytest.raises(QueryError, match="at most 200,000 characters"):
        parse_query("!" * 200_001, NAMES)
    with pytest.raises(QueryError, match="more than 200 dsep"):
        parse_query(" & ".join(["dsep(a, b)"] * 201), NAMES)
    with pytest.raises(QueryError, match="'c' stands here twice"):
        parse_query("dsep(a, b | c, c)", NAMES)
    for text in (many, "edge(a, " + "z" * 5_000 + ")", "z" * 5_000 + "(a, b)", "edge(a, b) " + "z" * 5_000):
        with pytest.raises(QueryError) as caught:
            parse_query(text, NAMES)
        assert all(len(part) <= 200 for part in str(caught.value).split("'")[1:])
        assert all(len(line) < 300 for line in caught.value.__notes__[0].split("\n"))


def test_each_feature_is_computed_once_for_many_statements(monkeypatch, rng):
    calls = []
    path = FEATURES["path"]
    monkeypatch.setitem(FEATURES, "path", lambda graphs: calls.append(len(graphs)) or path(graphs))
    graphs = np.array([oracles.random_dag(4, 0.5, rng) for _ in range(50)])
    query = parse_query(" | ".join(["path(a, b)", "path(b, a) & path(c, d)"] * 100), list("abcd"))
    holds = path(graphs)
    expected = holds[:, 0, 1] | holds[:, 1, 0] & holds[:, 2, 3]
    np.testing.assert_array_equal(query.holds(graphs), expected)
    assert calls == [50]
