"""What a fitted model misses: checks of each column and pair, against what the model would make of them."""

from dag_gfn.criticism.criticism import Criticism, Finding, criticise

__all__ = ["Criticism", "Finding", "criticise"]
