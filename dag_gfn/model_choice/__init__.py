"""Which model the data support: the evidence of each on one scale, so that the numbers compare."""

from dag_gfn.model_choice.comparison import ModelComparison, OtherModel, RankedModel

__all__ = ["ModelComparison", "OtherModel", "RankedModel"]
