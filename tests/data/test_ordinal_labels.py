import pytest

from dag_gfn.data.known_scales import SCALES
from dag_gfn.data.ordinal_labels import ordered_labels, ordered_part


@pytest.mark.parametrize(
    "ordered",
    [
        ("low", "medium", "high"),
        ("Never", "sometimes", "OFTEN", "always"),
        ("no", "Sometimes", "Frequently", "Always"),
        ("Strongly disagree", "Disagree", "Neutral", "Agree", "Strongly agree"),
        ("poor", "fair", "good", "excellent"),
        ("small", "medium", "large"),
        ("mild", "moderate", "severe"),
        ("None", "Some", "Marked"),
        ("1st", "2nd", "3rd"),
        ("much_worse", "worse", "same", "better", "much_better"),
        ("very bad", "bad", "indifferent", "good", "very good"),
        ("Fair", "Good", "Very Good", "Premium", "Ideal"),
        ("LT HIGH SCHOOL", "HIGH SCHOOL", "JUNIOR COLLEGE", "BACHELOR", "GRADUATE"),
        ("stage I", "stage II", "stage IV"),
        ("grade 2", "grade 9", "grade 10"),
        ("Q1", "Q2", "Q3", "Q4"),
        ("<25", "25-29", "30-35", ">35"),
        ("25-34", "35-44", "75+"),
        ("0-9g/day", "10-19", "20-29", "30+"),
        ("0", "1", "2", "3+"),
        ("1935-", "1940-", "1945-"),
        ("4 or less hours", "5 hours", "6 hours", "10 or more hours"),
        ("<$10k", "$10k-$20k", "$20,000 to $40,000", ">$40,000"),
        ("under 18", "18 to 64", "65 and over"),
    ],
)
def test_orders_without_doubt(ordered, rng):
    for _ in range(3):
        assert ordered_labels([ordered[i] for i in rng.permutation(len(ordered))]) == ordered


@pytest.mark.parametrize(
    "labels",
    [
        ("red", "green", "blue"),
        ("low", "medium", "red"),
        ("medium", "moderate", "high"),  # two of one step
        ("None", "Early", "Late", "Both"),
        ("Light", "Mixed", "Dark"),
        ("T1", "T2", "T3"),
        ("I", "II", "III"),
        ("1", "2", "3"),
        ("0-9", "5-10", "11+"),  # these overlap
        ("<=50K", ">50K", ">80K"),
        ("1-1", "1-2", "2-1"),
        ("1984-85", "1985-86", "1986-87"),
        ("Jan", "Feb", "Mar"),
        ("low", "high"),
        (),
    ],
)
def test_no_order(labels):
    assert ordered_labels(labels) is None


def test_words_for_missing_values_stand_outside_the_order():
    assert ordered_part(["don't know", "agree", "disagree", "neutral"])[1] == ("don't know",)
    assert ordered_part(["don't know", "likely", "unlikely", "very likely"])[1] == ()  # a step of its scale
    assert ordered_part(["high", "unknown", "low", "medium"]) == (("low", "medium", "high"), ("unknown",))
    assert ordered_part(["red", "unknown", "blue"])[0] is None


def test_no_label_has_two_steps_on_a_scale():
    for scale in SCALES:
        labels = [label for step in scale for label in step]
        assert len(labels) == len(set(labels)), scale
        assert all(label == label.strip().casefold() and label for label in labels)
