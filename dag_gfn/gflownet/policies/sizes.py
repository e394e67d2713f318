"""The sizes of networks: what their constructors take beside the number of nodes, read from a network itself."""

from torch import nn

from dag_gfn.gflownet.policies.attention import AttentionBlock
from dag_gfn.gflownet.policies.edge_mlp import EdgeMLP, MLPBackward, MLPStateFlow
from dag_gfn.gflownet.policies.edge_transformer import EdgeTransformer
from dag_gfn.gflownet.policies.family_network import FamilyNetwork
from dag_gfn.gflownet.policies.layer_mlp import LayerMLP
from dag_gfn.gflownet.policies.layer_transformer import LayerTransformer


def sizes_of(network: object) -> dict[str, int]:
    """Return the keywords with which a network of the same sizes is built.

    Raises
    ------
    TypeError
        If the network is of no kind that is known here.

    Examples
    --------
    >>> from dag_gfn.gflownet.policies.edge_mlp import EdgeMLP
    >>> from dag_gfn.gflownet.policies.sizes import sizes_of
    >>> sizes_of(EdgeMLP(3, hidden_size=16, num_layers=1))
    {'hidden_size': 16, 'num_layers': 1}
    """
    match network:
        case EdgeMLP() | MLPBackward() | MLPStateFlow():
            return {"hidden_size": network.head.in_features, "num_layers": _num_layers(network.body)}
        case FamilyNetwork():
            return {
                "hidden_size": network.head.in_features,
                "num_layers": _num_layers(network.body),
                "width": network.between.in_features,
                "num_sets": len(network.sets),
            }
        case LayerMLP():
            return {"hidden_size": network.ready.in_features, "num_layers": _num_layers(network.body)}
        case EdgeTransformer() | LayerTransformer():
            return {
                "width": network.identity.shape[1],
                "num_layers": len(network.blocks),
                "num_heads": next(
                    (block.num_heads for block in network.blocks if isinstance(block, AttentionBlock)), 1
                ),
            }
    raise TypeError(f"the sizes of a {type(network).__name__} are not known")


def _num_layers(body: nn.Sequential) -> int:
    return sum(isinstance(layer, nn.Linear) for layer in body)
