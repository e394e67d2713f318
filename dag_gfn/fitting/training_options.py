"""The options of a GFlowNet's training, declared once as those of `dag_gfn.fitting.options` are."""

# ruff: noqa: RUF009  # option() makes a field

import os
from dataclasses import dataclass, replace
from typing import Any

from dag_gfn.errors import OptionError
from dag_gfn.options import Folder, OneOf, OptionGroup, Settings, one_of, option, settings, true_or_false

DEFAULT_OBJECTIVES = {"edges": "modified_db", "layers": "subtrajectory_balance"}


def objective_names() -> tuple[str, ...]:
    """Return the names of the training objectives; this loads torch.

    Examples
    --------
    >>> from dag_gfn.fitting.training_options import objective_names
    >>> "trajectory_balance" in objective_names()
    True
    """
    from dag_gfn.gflownet.objectives import OBJECTIVES

    return tuple(OBJECTIVES)


def folder(name: str, value: Any) -> None:
    """Raise `OptionError` unless the value is the path of a folder; whether it is there is seen when it is read.

    Examples
    --------
    >>> from dag_gfn.fitting.training_options import folder
    >>> folder("warm_start", 7)
    Traceback (most recent call last):
    dag_gfn.errors.OptionError: warm_start must be the folder of an earlier fit, not 7
    """
    if not isinstance(value, str | os.PathLike):
        raise OptionError(f"{name} must be the folder of an earlier fit, not {value!r}")


@dataclass(frozen=True)
class TrainingOptions(OptionGroup, panel="Training a GFlowNet", used_by=("gflownet",)):
    """How a GFlowNet is trained; None stands for an option that was not given.

    Examples
    --------
    >>> from dag_gfn.fitting.training_options import TrainingOptions
    >>> TrainingOptions(backward="learned").completed().environment
    'edges'
    """

    environment: str | None = option(
        None,
        "How graphs are built; default layers, if the rest allows.",
        details="Edge by edge, or as root layers with all parent sets summed out. ``layers`` is by far the more "
        "accurate. ``edges`` is the default for what needs them: the objectives ``modified_db`` and "
        "``flow_matching``, and a learned backward policy.",
        check=one_of("edges", "layers"),
        recorded=True,
    )
    objective: str | None = option(
        None,
        "What training minimises; a wrong name lists them all.",
        details="A name in ``dag_gfn.gflownet.objectives.OBJECTIVES``. By default ``subtrajectory_balance``, and with "
        "``edges`` ``modified_db``.",
        check=OneOf(objective_names),
    )
    behaviour: str = option(
        "off",
        "Training off or on policy.",
        details="``off``: exploration, replay, and short Markov chains (with ``edges`` beyond 6 columns). ``on``: its "
        "own samples alone.",
        check=one_of("off", "on"),
        recorded=True,
    )
    policy: str = option(
        "mlp",
        "Network.",
        details="``transformer`` has attention among the columns, and is slower by far.",
        check=one_of("mlp", "transformer"),
        recorded=True,
        silent=True,
    )
    backward: str | None = option(
        None,
        "Backward policy; default by objective.",
        details="By default uniform, but learned for wake-sleep and its reverse.",
        check=one_of("uniform", "learned", what="backward policy"),
    )
    reweight: bool | None = option(
        None,
        "With layers: correct draws by their weights; default beyond 5 columns, where reliable.",
        details="False takes draws as they are. Where the weights cannot be relied on, draws are by default pooled "
        "with layerings of Markov chains. Up to 5 columns the policy's own distribution over all graphs is known, and "
        "is the result unless this is True.",
        check=true_or_false,
    )
    objective_options: Settings | None = option(
        None,
        "Of the objective.",
        details='Fields of it to set otherwise than by default, as ``{"control_variate": "running"}``.',
        check=settings,
        flag="--objective-option",
    )
    train_options: Settings | None = option(
        None,
        "Of training, as learning_rate=1e-3.",
        details="Fields of `dag_gfn.gflownet.training.config.TrainConfig` to set otherwise than by default, as "
        '``{"learning_rate": 1e-3}``.',
        check=settings,
        flag="--train-option",
    )
    device: str = option(
        "cpu",
        "Where to train: cpu, cuda, ...",
        details="As torch names it.",
        identity=False,
        silent=True,
    )

    save_sampler: bool = option(
        False,
        "Save the trained sampler with the posterior.",
        details="`dag_gfn.load` then gives it back: more draws, probabilities of graphs, the posterior given edges or "
        "tiers, and a start for later fits (`warm_start`).",
        check=true_or_false,
        identity=False,
        recorded=True,
    )
    warm_start: Folder | None = option(
        None,
        "Folder of an earlier fit with its sampler, to train on from.",
        details="For the same columns, network and environment; rows, prior, constraints and options of the score may "
        "differ. Training takes a quarter of the steps, unless their number is given.",
        check=folder,
        recorded=True,
        metavar="OUT",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.warm_start is not None:  # a path may have come, and the record holds text
            object.__setattr__(self, "warm_start", os.fspath(self.warm_start))

    def completed(self) -> "TrainingOptions":
        """Return the options with environment and objective chosen, as by :meth:`resolved`."""
        environment, objective = self.resolved()
        return replace(self, environment=environment, objective=objective)

    def resolved(self) -> tuple[str, str]:
        """Return environment and objective: root layers, unless something asks for edges.

        Raises
        ------
        OptionError
            If options do not go together.
        """
        environment = self.environment or ("edges" if self._only_edges() else "layers")
        if environment == "layers" and self.backward == "learned":
            raise OptionError(
                "with root layers every state has one predecessor, and there is no backward policy to learn: leave "
                "backward (--backward) out, or choose environment='edges' (--environment edges)"
            )
        if environment == "edges" and self.reweight is not None:
            raise OptionError(
                "reweight (--reweight) is for environment='layers' (--environment layers), where weights are exact"
            )
        return environment, self.objective or DEFAULT_OBJECTIVES[environment]

    def _only_edges(self) -> bool:
        if self.backward == "learned":
            return True
        if self.objective is None:
            return False
        from dag_gfn.gflownet.objectives import OBJECTIVES  # loads torch

        return "every_state_terminal" in OBJECTIVES[self.objective].needs

    def check_unused(self, d: int) -> None:
        """Raise `OptionError` for wrong values of options that the method ignores: a mistake should not pass unseen."""
        from dag_gfn.fitting.warm_start import require_sampler
        from dag_gfn.gflownet.training.config import default_config, make_objective

        environment, objective = self.resolved()
        if self.warm_start is not None:
            require_sampler(os.fspath(self.warm_start))
        make_objective(objective, self.objective_options)
        default_config(d, environment=environment, behaviour=self.behaviour, options=self.train_options)
