"""Draws of the cells that were not seen: completed tables, one score for each."""
