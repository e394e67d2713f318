"""Causal effects averaged over graphs and parameters."""

from dag_gfn.effects.contrast_effect import contrast_effect, contrast_effects
from dag_gfn.effects.contrast_posterior import ContrastEffect
from dag_gfn.effects.dose_response import DoseResponse, dose_response, dose_responses
from dag_gfn.effects.effect_questions import probability
from dag_gfn.effects.interventional_distribution import (
    InterventionalDistribution,
    interventional_distribution,
    interventional_distributions,
)
from dag_gfn.effects.interventional_mean import InterventionalMeans, interventional_means
from dag_gfn.effects.several_causes import SeveralCauses, several_causes
from dag_gfn.effects.total_effect import TotalEffect, TotalEffects, parent_adjustment, total_effects

__all__ = [
    "ContrastEffect",
    "DoseResponse",
    "InterventionalDistribution",
    "InterventionalMeans",
    "SeveralCauses",
    "TotalEffect",
    "TotalEffects",
    "contrast_effect",
    "contrast_effects",
    "dose_response",
    "dose_responses",
    "interventional_distribution",
    "interventional_distributions",
    "interventional_means",
    "parent_adjustment",
    "probability",
    "several_causes",
    "total_effects",
]
