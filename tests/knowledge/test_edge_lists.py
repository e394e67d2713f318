import pytest

from dag_gfn import OptionError
from dag_gfn.knowledge import Belief
from dag_gfn.knowledge.edge_lists import probability_of, read_beliefs, read_pairs


def written(tmp_path, text):
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "from,to\na,b\nb,c\n",
        "a,b\nb,c\n",  # without a header
        '"","from","to"\n"1","a","b"\n"2","b","c"\n',  # write.csv of R
        "from;to\r\na;b\r\n\r\nb;c\r\n",
        "\ufeffSource\tTarget\na\tb\nb\tc",
        "to,from,note\nb,a,first\nc,b,\n",
    ],
)
def test_lists_of_edges_as_programs_write_them(tmp_path, text):
    assert [pair for pair, _ in read_pairs(written(tmp_path, text))] == [("a", "b"), ("b", "c")]


def test_beliefs_with_their_lines(tmp_path):
    path = written(tmp_path, "from,to,probability\n\na,b,0.9\nb,c,.2\n")
    assert read_beliefs(path) == [(Belief("a", "b", 0.9), 3), (Belief("b", "c", 0.2), 4)]
    assert read_beliefs(written(tmp_path, "a,b,0.9\n")) == [(Belief("a", "b", 0.9), 1)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("from,to,probability\na,b,1.0\n", "list.csv, line 2: the belief in a -> b is 1"),
        ("from,to,probability\na,b,high\n", "line 2: .* not 'high'"),
        ("from,to,probability\na,b\n", "line 2: expected from, to, probability, not 'a,b'"),
        ("from,to\na,b\n", "has no column 'probability', only from, to"),
    ],
)
def test_beliefs_that_cannot_be_read(tmp_path, text, message):
    with pytest.raises(OptionError, match=message):
        read_beliefs(written(tmp_path, text))


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(OptionError, match="cannot be read \\(No such file"):
        read_pairs(tmp_path / "none.csv")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(OptionError, match="no UTF-8 text"):
        read_pairs(tmp_path / "bytes.csv")


def test_probabilities():
    assert probability_of(" 0.5 ", "a -> b") == 0.5
    with pytest.raises(OptionError, match="not None"):
        probability_of(None, "a -> b")
