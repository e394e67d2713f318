"""Generative flow networks over DAGs; all that needs PyTorch is here."""

from dag_gfn.errors import OptionError

try:
    import torch  # noqa: F401
except Exception as error:  # absent, or broken in whatever way
    raise OptionError(
        f"GFlowNets need PyTorch, which cannot be loaded ({' '.join(str(error).split())}): install it "
        "(pip install torch), or take another method: exact or mcmc (method='mcmc', --method mcmc)"
    ) from error
