"""Directed graphs as boolean adjacency arrays, and sets of nodes as bitmasks."""
