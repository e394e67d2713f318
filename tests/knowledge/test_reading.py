import pytest

from dag_gfn import Knowledge, OptionError, read_knowledge


def test_the_format_is_that_of_the_content(tmp_path):
    expected = Knowledge(forbidden=(("a", "b"),))
    contents = ("forbidden: [a -> b]\n", '{"forbidden": [["a", "b"]]}', "/knowledge\nforbiddirect\na b\n")
    for k, content in enumerate(contents):
        path = tmp_path / f"k{k}.txt"
        path.write_text(content, encoding="utf-8")
        assert read_knowledge(path) == expected == read_knowledge(str(path))
    assert read_knowledge(expected) is expected
    assert read_knowledge({"forbidden": [("a", "b")]}) == expected


def test_files_that_a_file_names_are_beside_it(tmp_path):
    (tmp_path / "k.yaml").write_text("required: white.csv\n", encoding="utf-8")
    (tmp_path / "white.csv").write_text("from,to\na,b\n", encoding="utf-8")
    known = read_knowledge(tmp_path / "k.yaml")
    assert known.required == (("a", "b"),)
    assert known.place("required", 0) == "white.csv, line 2: "


def test_what_is_no_knowledge_is_refused(tmp_path):
    with pytest.raises(OptionError, match="cannot be read \\(No such file"):
        read_knowledge(tmp_path / "none.yaml")
    with pytest.raises(OptionError, match="not int"):
        read_knowledge(3)
