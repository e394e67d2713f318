"""Trajectories drawn from policies, and what policies say of them."""
