"""Markov chain Monte Carlo over the root layerings of DAGs."""
