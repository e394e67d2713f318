"""Files, and the JSON schema that documents them."""

import json
from pathlib import Path

import pytest

from dag_gfn import OptionError
from dag_gfn.knowledge.entries import KEYS
from dag_gfn.knowledge.knowledge_file import parse_knowledge

DOCS = Path(__file__).parents[2] / "docs"
YAML = """
tiers: age, sex < smoking   # the order in time
roots: [no, on, 1]
beliefs:
  "age -> smoking": 0.7
max_parents:
  smoking: 2
"""


def test_words_stay_words_and_lines_are_known():
    known = parse_knowledge(YAML, "k.yaml", Path())
    assert known.roots == ("no", "on", "1")
    assert known.tiers == (("age", "sex"), ("smoking",))
    assert known.place("tiers", 1) == "k.yaml, line 2: "
    assert known.place("beliefs", 0) == "k.yaml, line 5: "
    assert known.place("max_parents", "smoking") == "k.yaml, line 7: "


def test_json_is_read_with_its_lines():
    text = '{\n\t"required": [\n\t\t["\\u00e4", "\\ud83d\\ude00"],\n\t\t["b", "c"]\n\t]\n}'
    known = parse_knowledge(text, "k.json", Path())
    assert known.required == (("ä", "😀"), ("b", "c"))
    assert known.place("required", 1) == "k.json, line 4: "


def test_an_empty_file_says_nothing():
    assert parse_knowledge("# nothing yet\n", "k.yaml", Path()).is_empty


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("required: [a -> b\n", "k.yaml, line 2: it is no YAML: expected"),
        ('{"required": [}', "k.yaml, line 1: it is no JSON"),
        ("roots: [a]\nroots: [b]\n", "k.yaml, line 2: 'roots' is there twice"),
        ('{"roots": ["a"], "roots": ["b"]}', "'roots' is there twice"),
        ("- a\n", "k.yaml: knowledge is a mapping"),
        ("roots:\n- a\n-\n", r"k.yaml, line 3: roots\[1\]: expected the name"),
        ("\n\nrots: [a]\n", "k.yaml, line 3: rots: unknown key; did you mean 'roots'"),
        ("? [a]\n: b\n", "line 1: expected a word"),
        ("a: \x01\n", "it is no YAML"),
    ],
)
def test_errors_have_the_line(text, message):
    with pytest.raises(OptionError, match=message):
        parse_knowledge(text, "k.yaml", Path())


def test_the_schema_has_every_key_and_the_page_an_example():
    schema = json.loads((DOCS / "knowledge.schema.json").read_text(encoding="utf-8"))
    assert tuple(schema["properties"]) == KEYS
    assert schema["additionalProperties"] is False
    page = (DOCS / "knowledge.md").read_text(encoding="utf-8")
    example = page.partition("```yaml\n")[2].partition("```")[0]
    known = parse_knowledge(example, "example.yaml", Path())
    assert set(known.to_json()) == set(KEYS)
    for key in KEYS:
        assert f"`{key}`" in page
