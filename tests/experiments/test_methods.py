from methods import HIERARCHICAL_VI, LOOKS, OFF_POLICY_ONLY, methods, title

from dag_gfn.gflownet.objectives import OBJECTIVES


def test_every_objective_is_compared_and_looks_like_no_other():
    assert set(LOOKS) == set(OBJECTIVES)
    assert set(OFF_POLICY_ONLY) <= set(HIERARCHICAL_VI) <= set(LOOKS)
    assert len({look.colour for look in LOOKS.values()}) == len(LOOKS)
    assert len({look.marker for look in LOOKS.values()}) == len(LOOKS)


def test_what_was_published_off_policy_is_not_run_on_policy():
    pairs = methods(["reverse_kl", "published_off_policy_kl"], ["on", "off"])
    assert pairs == [("reverse_kl", "off"), ("reverse_kl", "on"), ("published_off_policy_kl", "off")]
    assert len(set(methods(LOOKS, ["on", "off"]))) == 2 * len(LOOKS) - 1
    assert title("reverse_kl", "on") == "reverse KL, on-policy"
