"""Tables in which causes act through curves, and their posteriors."""

import numpy as np
import pandas as pd

import dag_gfn

SHAPES = {"tanh": lambda x: np.tanh(2 * x), "square": lambda x: x**2, "line": lambda x: 1.5 * x}


def bent_pair(shape, rng, n=300, noise=0.5):
    """Return x and y = f(x) + noise."""
    x = rng.normal(size=n)
    return np.column_stack([x, SHAPES[shape](x) + noise * rng.normal(size=n)])


def known_pair(values, names=("x", "y"), **options):
    """Return the posterior of two columns of which the first is known to cause the second."""
    data = dag_gfn.from_array(values, list(names))
    return dag_gfn.fit(data, score="additive", required=[tuple(names)], progress=False, **options)


def mixed_table(rng, n=200):
    """Return numbers and two categories: a dose that acts as a bowl, a sex that shifts, and an outcome of both."""
    dose = rng.normal(size=n)
    sex = rng.integers(0, 2, n)
    pain = dose**2 + 2.0 * sex + 0.4 * rng.normal(size=n)
    well = np.where(pain + 0.5 * rng.normal(size=n) > 2.0, "no", "yes")
    return pd.DataFrame({"dose": dose, "sex": np.where(sex == 1, "f", "m"), "pain": pain, "well": well})


def chain(rng, n=200):
    """Return a -> b -> c, bent and in units of their own, and d on its own."""
    a = rng.normal(size=n)
    b = np.tanh(2 * a) + 0.3 * rng.normal(size=n)
    c = b**2 + 0.3 * rng.normal(size=n)
    return pd.DataFrame({"a": 10 + 2 * a, "b": np.exp(b), "c": c, "d": rng.normal(size=n)})
