import pytest


@pytest.fixture(autouse=True)
def no_windows():
    """Draw into memory, and leave no figure behind."""
    import matplotlib
    from matplotlib import pyplot

    matplotlib.use("Agg")
    yield
    pyplot.close("all")
