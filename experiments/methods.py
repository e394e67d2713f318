"""The objectives that are compared, what they are called in tables, and how they look in figures."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """Title, colour and marker of an objective.

    The colours are of M. Krzywinski's twelve for colour-blind readers (mk.bcgsc.ca/colorblind), and grey; since nobody
    tells twelve apart with ease, each has a marker too.
    """

    title: str
    colour: str
    marker: str


LOOKS = {
    "modified_db": Look("modified DB", "#008DF9", "o"),
    "detailed_balance": Look("DB", "#9F0162", "s"),
    "forward_looking_db": Look("forward-looking DB", "#FF5AAF", "D"),
    "trajectory_balance": Look("TB", "#009F81", "^"),
    "log_partition_variance": Look("log-partition variance", "#00C2F9", "v"),
    "subtrajectory_balance": Look("SubTB", "#8400CD", "P"),
    "flow_matching": Look("flow matching", "#00FCCF", "X"),
    "reverse_kl": Look("reverse KL", "#FF6E3A", "<"),
    "forward_kl": Look("forward KL", "#E20134", ">"),
    "wake_sleep": Look("wake-sleep", "#FFC33B", "h"),
    "reverse_wake_sleep": Look("reverse wake-sleep", "#FFB2FD", "*"),
    "published_off_policy_kl": Look("reverse KL, off-policy as published", "#555555", "d"),
}
"""GFlowNet objectives first, then those of hierarchical variational inference, by name in `dag_gfn`."""

HIERARCHICAL_VI = (
    "reverse_kl",
    "forward_kl",
    "wake_sleep",
    "reverse_wake_sleep",
    "published_off_policy_kl",
)
OFF_POLICY_ONLY = ("published_off_policy_kl",)


def methods(objectives: Iterable[str], behaviours: Iterable[str]) -> list[tuple[str, str]]:
    """Return the pairs of objective and behaviour that exist, off-policy first."""
    return [
        (objective, behaviour)
        for objective in objectives
        for behaviour in sorted(behaviours)
        if behaviour == "off" or objective not in OFF_POLICY_ONLY
    ]


def title(objective: str, behaviour: str) -> str:
    """Return what a method is called in a table."""
    name = LOOKS[objective].title
    return name if objective in OFF_POLICY_ONLY else f"{name}, {behaviour}-policy"
