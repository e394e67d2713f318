"""DiBS: Stein variational particles in a relaxed space of graphs (Lorch et al., NeurIPS 2021)."""

import contextlib
import importlib
import time

import numpy as np

from peers.table import Drawn, Table, is_acyclic, require

name = "DiBS"
gives = "posterior"
_PARTICLES = 20
_STEPS_AT_ONCE = 20


class _TimeIsUp(Exception):
    """Ends the steps."""


def installed() -> str | None:
    try:
        importlib.import_module("dibs.inference")
    except Exception as error:
        return f"needs dibs-lib (JAX) in the peers' Python: pip install dibs-lib ({type(error).__name__}: {error})"
    return None


def _model(data: Table):
    """Return DiBS's BGe in double precision."""
    import jax

    jax.config.update("jax_enable_x64", True)
    from dibs.models import BGe

    require(data.score == "bge", f"of the scores here DiBS has BGe alone, not {data.score}")
    return BGe(n_vars=data.d, alpha_mu=data.alpha_mu, alpha_lambd=data.alpha_w)


class _UniformPrior:
    """Every graph has the same prior probability, soft ones too."""

    def unnormalized_log_prob_soft(self, *, soft_g):
        return 0.0 * soft_g.sum()


def score_of(data: Table, dag: np.ndarray) -> float | None:
    model = _model(data)
    import jax.numpy as jnp

    require(data.prior == "uniform", "this adapter runs DiBS under the uniform prior alone")
    unset = jnp.zeros(data.values.shape, dtype=jnp.int32)
    graph = jnp.asarray(dag, dtype=jnp.int32)
    return float(model.log_marginal_likelihood(g=graph, x=jnp.asarray(data.values), interv_targets=unset))


def run(data: Table, seconds: float, seed: int) -> Drawn:
    require(data.prior == "uniform", "this adapter runs DiBS under the uniform prior alone")
    model = _model(data)
    import jax
    from dibs.inference import MarginalDiBS

    particles = MarginalDiBS(
        x=jax.numpy.asarray(data.values), graph_model=_UniformPrior(), likelihood_model=model
    )
    last: dict = {}

    def look(*, dibs, t, zs):
        last.update(steps=t, zs=zs)
        start = last.setdefault("start", time.monotonic())  # the first steps, which compile, are not counted
        if time.monotonic() - start > seconds:
            raise _TimeIsUp

    with contextlib.suppress(_TimeIsUp):
        particles.sample(
            key=jax.random.PRNGKey(seed),
            n_particles=_PARTICLES,
            steps=10**9 // _STEPS_AT_ONCE * _STEPS_AT_ONCE,
            callback=look,
            callback_every=_STEPS_AT_ONCE,
        )
    found = np.asarray(particles.particle_to_g_lim(last["zs"])).astype(bool)
    acyclic = [graph for graph in found if is_acyclic(graph)]
    note = f"{last['steps']} steps, {len(found)} particles, {len(found) - len(acyclic)} of them with cycles"
    graphs = np.array(acyclic, dtype=bool).reshape(-1, data.d, data.d)
    taken = time.monotonic() - last["start"]
    return Drawn(found.mean(axis=0), graphs, np.zeros(len(graphs)), note, taken)
