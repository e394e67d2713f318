"""Parameters of a network given its graph: their posterior, draws from it and its means."""

from dag_gfn.parameters import fitted_network as fitted
from dag_gfn.parameters.additive import AdditiveBatch, AdditiveParameters
from dag_gfn.parameters.block_gaussian import BlockGaussianBatch, BlockGaussianParameters
from dag_gfn.parameters.discrete import DiscreteParameters
from dag_gfn.parameters.from_posterior import parameter_posterior
from dag_gfn.parameters.linear_gaussian import LinearGaussianBatch, LinearGaussianParameters

__all__ = [
    "AdditiveBatch",
    "AdditiveParameters",
    "BlockGaussianBatch",
    "BlockGaussianParameters",
    "DiscreteParameters",
    "LinearGaussianBatch",
    "LinearGaussianParameters",
    "fitted",
    "parameter_posterior",
]
