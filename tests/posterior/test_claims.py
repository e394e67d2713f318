from dag_gfn.posterior.claims import Claim, Claims

CLAIMS = Claims(
    Claim(True, "the chains agree"), Claim(False, "few draws"), Claim(None, "no estimate"), Claim(False)
)


def test_claims_come_back_from_json():
    assert Claims.from_json(CLAIMS.to_json()) == CLAIMS
    assert Claims.from_json({"edges": {"converged": True}}) is None


def test_the_sentence_says_what_is_known_and_why_the_rest_is_not():
    assert CLAIMS.sentence() == (
        "Known are edge probabilities; not known: path probabilities (few draws) and probabilities of single graphs; "
        "not shown: log evidence (no estimate)."
    )


def test_where_nothing_is_known_the_sentence_begins_with_that():
    nothing = Claim(False, "why")
    assert (
        Claims(nothing, nothing, nothing, nothing)
        .sentence()
        .startswith("Not known: edge probabilities (why), ")
    )


def test_words_for_claims():
    assert [claim.word for _, claim in CLAIMS.rows()] == ["yes", "no", "not shown", "no"]
