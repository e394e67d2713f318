import numpy as np
import pytest

from dag_gfn import ConstraintError
from dag_gfn.knowledge import Belief, Knowledge, read_knowledge, resolve

NAMES = ("age", "sex", "gene_a", "gene_b", "cancer")


def edges(matrix):
    return {(NAMES[i], NAMES[j]) for i, j in np.argwhere(matrix)}


def test_wildcards_and_groups_stand_anywhere():
    known = resolve(
        read_knowledge(
            {
                "groups": {"people": ["age", "sex"]},
                "forbidden": ["gene_* -> people", "people -> people"],
                "required": ["age -> gene_?"],
                "max_parents": {"gene_*": 2, "gene_b": 4},
                "beliefs": {"gene_* -> cancer": 0.8},
            }
        ),
        NAMES,
    )
    assert edges(known.forbidden) == {
        *((gene, person) for gene in ("gene_a", "gene_b") for person in ("age", "sex")),
        *(("age", "sex"), ("sex", "age")),
    }
    assert edges(known.required) == {("age", "gene_a"), ("age", "gene_b")}
    assert known.max_parents_of == {"gene_a": 2, "gene_b": 4}  # what is said of one name goes first
    assert known.belief[2:4, 4].tolist() == [0.8, 0.8]
    assert (known.belief == 0.5).sum() == 23


def test_tiers_forbid_the_way_back_and_leave_others_free():
    known = resolve(Knowledge(tiers=(("age", "sex"), ("gene_*",)), closed_tiers=(2,)), NAMES)
    assert edges(known.forbidden) == {
        *((gene, person) for gene in ("gene_a", "gene_b") for person in ("age", "sex")),
        *(("gene_a", "gene_b"), ("gene_b", "gene_a")),
    }


def test_the_belief_in_single_names_goes_before_that_in_groups():
    beliefs = (Belief("age", "cancer", 0.9), Belief("*", "cancer", 0.3))
    for order in (beliefs, beliefs[::-1]):
        known = resolve(Knowledge(beliefs=order), NAMES)
        assert known.belief[:4, 4].tolist() == [0.9, 0.3, 0.3, 0.3]


def test_beliefs_in_edges_that_are_certain_have_no_effect_and_are_named():
    known = resolve(Knowledge(roots=("age",), beliefs=(Belief("sex", "age", 0.9),)), NAMES)
    assert (known.belief == 0.5).all()
    assert known.notes == ("a belief has no effect, since the edge is required or ruled out: sex -> age",)


def test_paths_rule_out_the_edges_that_contradict_them():
    known = resolve(
        Knowledge(
            required=(("sex", "gene_a"),),
            required_paths=(("age", "sex"),),
            forbidden_paths=(("sex", "cancer"),),
        ),
        NAMES,
    )
    assert edges(known.forbidden) == {
        *(("sex", "cancer"), ("gene_a", "cancer")),  # gene_a comes after sex
        *(("sex", "age"), ("gene_a", "age"), ("gene_a", "sex")),  # the way back
    }
    assert known.condition == "path(age, sex) & !path(sex, cancer)"


def test_names_that_queries_would_misread_are_quoted():
    known = resolve(Knowledge(required_paths=(("x[t-1]", 'say "x"'),)), ("x[t-1]", 'say "x"'))
    assert known.condition == 'path("x[t-1]", "say ""x""")'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"required": ["age -> sex"], "forbidden": ["age -> s*"]},
            "edge age -> sex is both required and forbidden: drop",
        ),
        (
            {"required": ["cancer -> age"], "tiers": "age < cancer"},
            "edge cancer -> age is required, but the tiers put 'cancer' after 'age'",
        ),
        (
            {"required": ["sex -> age"], "tiers": "age, sex < cancer", "forbid_within_tiers": True},
            "edge sex -> age is required, but edges within tier 1 are forbidden",
        ),
        ({"required": ["sex -> age"], "roots": ["age"]}, "sex -> age is required, but 'age' is a root"),
        ({"required": ["sex -> age"], "leaves": ["sex"]}, "sex -> age is required, but 'sex' is a leaf"),
        ({"required": ["sex -> age", "age -> sex"]}, "required edges form a cycle"),
        ({"required": ["sex -> age"], "max_parents": {"age": 0}}, "more than its limit of 0"),
        ({"required": ["gene_* -> gene_*"]}, "required edges form a cycle"),
        ({"required_paths": ["sex -> age", "age -> sex"]}, "the path sex ~> age is required, but other"),
        (
            {"required": ["sex -> age"], "required_paths": ["age -> sex"]},
            "the path age ~> sex is required, but other statements require one from sex to age",
        ),
        (
            {"required": ["sex -> age", "age -> cancer"], "forbidden_paths": ["sex -> cancer"]},
            "the path sex ~> cancer is forbidden, but required edges and paths lead",
        ),
        (
            {"tiers": "age < sex, gene_*, cancer", "required_paths": ["sex -> age"]},
            "the path sex ~> age is required, but the edges that are left lead from sex to age in no way",
        ),
        ({"tiers": "age, sex < cancer, age"}, "'age' is in the tiers 1 and 2"),
        ({"beliefs": [["age", "sex", 0.2], ["age", "sex", 0.3]]}, "is 0.3, but 0.2 elsewhere"),
        ({"roots": ["sexx"]}, "root sexx: there is no column 'sexx'; did you mean 'sex'"),
        ({"roots": ["protein_*"]}, "no column matches 'protein_\\*'; columns: age, sex"),
        ({"groups": {"age": ["sex"]}}, "group 'age' has the name of a column"),
        ({"forbidden": ["age -> age"]}, "forbidden edge age -> age is a self-loop"),
    ],
)
def test_contradictions_are_named(content, message):
    with pytest.raises(ConstraintError, match=message):
        resolve(read_knowledge(content), NAMES).constraints()


def test_messages_have_the_lines_of_both_statements(tmp_path):
    file = tmp_path / "known.yaml"
    file.write_text("roots:\n  - age\n\nrequired:\n  - gene_a -> sex\n  - sex -> age\n", encoding="utf-8")
    with pytest.raises(ConstraintError) as error:
        resolve(read_knowledge(file), NAMES)
    assert str(error.value) == (
        "known.yaml, line 6: edge sex -> age is required, but 'age' is a root (known.yaml, line 2): drop one of the two"
    )


def test_columns_that_were_left_out_are_ignored_or_missed():
    left_out = {"id": "it counts the rows"}
    known = resolve(read_knowledge({"tiers": "id, age < sex", "roots": ["id"]}), NAMES, left_out=left_out)
    assert edges(known.forbidden) == {("sex", "age")}
    assert known.notes == ("what is known about 'id' has no effect: the table leaves it out",)
    with pytest.raises(ConstraintError, match="column 'id' is no variable here \\(it counts the rows\\)"):
        resolve(Knowledge(required=(("id", "age"),)), NAMES, left_out=left_out)
