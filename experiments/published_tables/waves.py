"""Ten columns, 100 rows, curves or lines: the simulation of GP networks, whose figures `nonlinear.py` makes."""

TABLES = {"waves": "curves", "straight waves": "straight lines"}
"""The names in `experiments/results/nonlinear/tables.csv`, and what they are called here."""
SOURCE = "Giudice, Kuipers and Moffa, NeurIPS 2023, and its authors' files"
PUBLISHED = {
    "GP networks (Laplace)": {"waves": "3.43", "straight waves": "2.78"},
    "BGe, partition MCMC": {"waves": "5.08", "straight waves": "2.66"},
    "kernel PC": {"waves": "7.9", "straight waves": "7.5"},
    "DiBS+": {"waves": "10.3", "straight waves": "11.1"},
}
"""Expected SHD."""
