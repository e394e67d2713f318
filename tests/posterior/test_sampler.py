"""What counts as a sampler: the protocols, beside objects that have all or some of their methods."""

from types import SimpleNamespace

import numpy as np
import pytest

from dag_gfn.fitting.saved_sampler import SavedSampler
from dag_gfn.gflownet.edges.sampler import EdgeSampler
from dag_gfn.gflownet.layers.sampler import LayerSampler
from dag_gfn.gflownet.sampling.importance import ImportanceEstimate
from dag_gfn.posterior.sampler import (
    ConditionalSampler,
    EvidenceEstimate,
    Sampler,
    StorableSampler,
    WeightedGraphs,
)

ASKED = ("sample", "log_probability", "log_z", "log_z_upper", "entropy")


def with_methods(*names):
    return SimpleNamespace(**dict.fromkeys(names, lambda *args, **options: None))


def test_a_sampler_answers_all_questions():
    assert isinstance(with_methods(*ASKED), Sampler)
    assert not isinstance(with_methods(*ASKED), ConditionalSampler)
    assert isinstance(with_methods(*ASKED, "given"), ConditionalSampler)
    for missing in ASKED:
        assert not isinstance(with_methods(*(name for name in ASKED if name != missing), "given"), Sampler)


@pytest.mark.parametrize("kind", [EdgeSampler, LayerSampler, SavedSampler])
def test_all_samplers_can_be_conditioned_and_saved(kind):
    assert all(callable(getattr(kind, name)) for name in (*ASKED, "given", "save"))
    assert isinstance(with_methods("save"), StorableSampler)


def test_an_estimate_by_importance_weights_is_one_of_the_evidence():
    assert isinstance(ImportanceEstimate(0.5, -4.0, -3.0, 0.1), EvidenceEstimate)
    assert not isinstance(SimpleNamespace(log_z=-3.0, standard_error=0.1, ess=0.5), EvidenceEstimate)


def test_the_shapes_of_draws_are_declared():
    with pytest.raises(TypeError, match="log_weights"):
        WeightedGraphs(np.zeros((2, 3, 3), dtype=bool), np.zeros(2), np.zeros(3))
