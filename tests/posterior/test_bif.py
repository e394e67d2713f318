import numpy as np
import pytest
from pgmpy.readwrite import BIFReader

from dag_gfn.posterior.bif import bif_file

NAMES = [
    "年龄", "性别 (M/F)", "1st visit", "Größe", "größe", "variable", "table", "stable1", "default", "stable_1",
    "probability", "a,b", 'say "no"\n// {}', "नाम", "", "שלום", "🙂", "network",
]  # fmt: skip
STATES = [
    ["(1,999, 20]", "<50", ">=50", "≥50"],
    ["否", "是"],
    ["-1", "1", "_1"],
    ["a b", "a_b", "a-b"],
    ["table", "default", "variable }"],
    ["", " "],
    ["1.5", "1,5", "15"],
]


def network(rng):
    d = len(NAMES)
    states = [STATES[j % len(STATES)] for j in range(d)]
    parents = [tuple(range(max(0, j - 3), j, 2)) for j in range(d)]
    tables = [
        rng.dirichlet(np.ones(len(states[j])), size=[len(states[i]) for i in parents[j]]) for j in range(d)
    ]
    tables[0] = tables[0].reshape(-1)
    tables[1][..., :] = [1e-12, 1 - 1e-12]
    return states, parents, tables


@pytest.mark.filterwarnings("ignore:.*StructureScore:FutureWarning")
def test_pgmpy_reads_variables_states_and_tables_back(rng):
    states, parents, tables = network(rng)
    file = bif_file(NAMES, states, parents, tables)
    reader = BIFReader(string=file.text)
    model = reader.get_model()
    words = reader.variable_names  # in the order of the columns
    assert len({word.lower() for word in words}) == len(NAMES)
    assert words[0] == "年龄"
    assert words[NAMES.index("नाम")] == "नाम"
    assert words[1:5] == ["性别__M_F_", "1st_visit", "Größe", "größe_2"]
    assert len(model.nodes) == len(NAMES)
    for j, word in enumerate(words):
        labels = reader.variable_states[word]
        assert len(set(labels)) == len(states[j])
        cpd = model.get_cpds(word)
        assert cpd.get_evidence()[::-1] == [words[i] for i in parents[j]] or cpd.get_evidence() == [
            words[i] for i in parents[j]
        ]
        np.testing.assert_allclose(
            reader.variable_cpds[word], tables[j].reshape(-1, len(labels)).T, rtol=1e-12, atol=1e-15
        )
    assert model.check_model()


def test_the_file_says_which_name_became_what(rng):
    states, parents, tables = network(rng)
    file = bif_file(NAMES, states, parents, tables)
    comments = [line for line in file.text.split("\n") if line.startswith("// ")]
    assert [line[3:] for line in comments] == list(file.changes)
    assert 'variable 1st_visit is column "1st visit"' in file.changes
    assert 'state ge_50 of variable 年龄 is ">=50"' in file.changes
    assert 'state ge_50_2 of variable 年龄 is "≥50"' in file.changes
    assert 'state minus_1 of variable 1st_visit is "-1"' in file.changes
    assert any(r'"say \"no\"\n// {}"' in change for change in file.changes)
    assert not any(change.startswith(("variable 年龄 ", "variable table ")) for change in file.changes)


def test_nothing_is_said_where_all_names_are_words():
    file = bif_file(["a", "b"], [["no", "yes"], ["0", "1"]], [(), (0,)], [np.array([0.25, 0.75]), np.eye(2)])
    assert file.changes == ()
    assert file.text == (
        "network unknown {\n}\n"
        "variable a {\n    type discrete [ 2 ] { no, yes };\n}\n"
        "variable b {\n    type discrete [ 2 ] { 0, 1 };\n}\n"
        "probability ( a ) {\n    table 0.25, 0.75;\n}\n"
        "probability ( b | a ) {\n    ( no ) 1.0, 0.0;\n    ( yes ) 0.0, 1.0;\n}\n"
    )
