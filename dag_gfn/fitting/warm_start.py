"""The start of a training from the sampler of an earlier fit."""

from pathlib import Path
from typing import Any

from dag_gfn.data.messages import listed
from dag_gfn.errors import OptionError
from dag_gfn.posterior.storage import SAMPLER


def require_sampler(folder: str) -> Path:
    """Return the file of the sampler in an earlier posterior's folder.

    Raises
    ------
    OptionError
        If there is none.

    Examples
    --------
    >>> from dag_gfn.fitting.warm_start import require_sampler
    >>> require_sampler("nowhere")
    Traceback (most recent call last):
    dag_gfn.errors.OptionError: 'nowhere' has no saved sampler to train on from (warm_start, --warm-start): fit it ...
    """
    path = Path(folder) / SAMPLER
    if not path.is_file():
        raise OptionError(
            f"'{folder}' has no saved sampler to train on from (warm_start, --warm-start): fit it by method gflownet "
            "with save_sampler (--save-sampler), or leave warm_start out"
        )
    return path


def network_of_earlier_fit(
    folder: str, names: tuple[str, ...], *, environment: str, policy: str
) -> dict[str, Any]:
    """Return the parameters of the networks that an earlier fit has saved.

    Parameters
    ----------
    folder : str
        Of the earlier posterior.
    names : tuple of str
        The columns of this fit.
    environment : {"edges", "layers"}
    policy : {"mlp", "transformer"}

    Raises
    ------
    OptionError
        If there is no sampler, or columns, environment or kind of network differ.
    StorageError
        If it cannot be read.

    Examples
    --------
    >>> from dag_gfn.fitting.warm_start import network_of_earlier_fit
    >>> network_of_earlier_fit("nowhere", ("a", "b"), environment="layers", policy="mlp")
    Traceback (most recent call last):
    dag_gfn.errors.OptionError: 'nowhere' has no saved sampler to train on from (warm_start, --warm-start): fit it ...
    """
    from dag_gfn.gflownet.sampler_file import load_sampler  # imports torch

    stored = load_sampler(require_sampler(folder))
    if stored.names != names:
        missing = [name for name in stored.names if name not in names]
        more = [name for name in names if name not in stored.names]
        differ = [
            *([f"it has {listed(list(map(repr, missing)))}, which are not here"] if missing else []),
            *([f"it lacks {listed(list(map(repr, more)))}"] if more else []),
        ]
        raise OptionError(
            f"the sampler in '{folder}' is of other columns than this table: "
            f"{' and '.join(differ) or 'their order differs'}. Choose the same columns in the same order (--columns), "
            "or leave warm_start (--warm-start) out"
        )
    if stored.kind != environment:
        raise OptionError(
            f"the sampler in '{folder}' builds graphs by {stored.kind}, and this fit would by {environment}: choose "
            f"environment='{stored.kind}' (--environment {stored.kind}), or leave warm_start (--warm-start) out"
        )
    own = "mlp" if stored.policy == "families" else stored.policy
    if own != policy:
        raise OptionError(
            f"the sampler in '{folder}' has the network '{own}', and this fit '{policy}': choose "
            f"policy='{own}' (--policy {own}), or leave warm_start (--warm-start) out"
        )
    return stored.weights
