"""Other programs that sample or search DAGs, each behind the same few functions: one file for each program.

An adapter is a module with

- `name`: what it is called in tables, and `gives`: "posterior", or "frequencies" of point estimates on resampled rows;
- `installed()`: None, or why it cannot be used here, with what to do;
- `score_of(data, dag)`: the log-score that it gives a DAG, its prior over graphs included, or None if it uses no score;
- `run(data, seconds, seed)`: a `Drawn`.

`data` is a `peers.table.Table`. Adapters import neither dag_gfn nor one another's programs, and run in a process of
their own (`peers/worker.py`), with a Python of the user's choice, so that what one needs does not meet what others
need.
"""

PEERS = (
    "dibs",
    "gadget",
    "bidag",
    "bnlearn",
    "bnlearn_port",
    "gibby",
    "causal_learn_ges",
    "causal_learn_pc",
    "pgmpy_hill_climb",
    "pgmpy_ges",
)
"""Names of the adapters, which are their modules."""
