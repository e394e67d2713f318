"""How objects show themselves in a notebook: each names its view, which is loaded when a notebook asks for it.

Posteriors and tables stand below the views and cannot import them. So a view is found by its name, as pandas finds a
plotting backend.
"""

import importlib

_VIEWS = "dag_gfn.views.notebook"


class ShownInNotebook:
    """An object that a notebook shows as HTML, by `dag_gfn.views.notebook.html_of`.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 3)))
    >>> "<table" in data._repr_html_()
    True
    """

    def _repr_html_(self) -> str:
        text: str = importlib.import_module(_VIEWS).html_of(self)
        return text


class Explored(ShownInNotebook):
    """An object with a report, which `explore` opens within a notebook.

    Examples
    --------
    >>> from dag_gfn.notebook import Explored
    >>> from dag_gfn.posterior import GraphPosterior
    >>> issubclass(GraphPosterior, Explored)
    True
    """

    def explore(self, *, height: int = 700) -> ShownInNotebook:
        """Return the report as a frame that a notebook shows inline.

        Parameters
        ----------
        height : int
            Of the frame, in pixels.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.posterior import GraphPosterior
        >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
        >>> posterior = GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25]))
        >>> posterior.explore()._repr_html_()[:7]
        '<iframe'
        """
        frame: ShownInNotebook = importlib.import_module(_VIEWS).report_frame(self, height=height)
        return frame
