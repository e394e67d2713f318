from .collecting import collect
from .planned_fits import Plan, read_plan
from .planning import plan
from .running import run

__all__ = ["Plan", "collect", "plan", "read_plan", "run"]
