"""Trajectories and finished objects drawn from policies, and the log-probabilities that policies give them."""
