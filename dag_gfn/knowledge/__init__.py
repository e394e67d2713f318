"""What people know about the graph before they see the data: edges, tiers, beliefs and paths."""

from dag_gfn.knowledge.knowledge import Belief, Knowledge
from dag_gfn.knowledge.reading import read_knowledge
from dag_gfn.knowledge.resolution import resolve
from dag_gfn.knowledge.resolved import ResolvedKnowledge

__all__ = ["Belief", "Knowledge", "ResolvedKnowledge", "read_knowledge", "resolve"]
