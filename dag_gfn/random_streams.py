"""Independent random streams, each known by its name, of the one seed that a user gives."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class RandomStreams:
    """The random streams of a seed.

    A stream depends on the seed and on its name alone. A new stream changes no other, and neither does the order in
    which streams are read. Streams of different seeds or names are independent, also those of the seeds 0, 1, 2, ...
    that users compare. Every part of a fit that draws has a stream of its own: two parts never share a name.

    Parameters
    ----------
    seed : int
        At least 0.

    Notes
    -----
    `numpy.random.SeedSequence` mixes the seed with a spawn key. The key is the length of the name and its bytes in
    UTF-8, so that no two names have the same key, and no key is the beginning of another one.

    Examples
    --------
    >>> from dag_gfn.random_streams import RandomStreams
    >>> streams = RandomStreams(0)
    >>> streams.generator("draws").integers(1000, size=4).tolist()
    [708, 774, 282, 90]
    >>> streams.generator("draws").integers(1000, size=4).tolist()
    [708, 774, 282, 90]
    >>> streams.torch_seed("training") == RandomStreams(1).torch_seed("training")
    False
    """

    seed: int

    def sequence(self, name: str) -> np.random.SeedSequence:
        """Return the source of a stream.

        Raises
        ------
        ValueError
            If the seed is negative.
        """
        encoded = name.encode()
        return np.random.SeedSequence(self.seed, spawn_key=(len(encoded), *encoded))

    def sequences(self, name: str, count: int) -> list[np.random.SeedSequence]:
        """Return the sources of so many streams of one name; those of a smaller count are among them."""
        return self.sequence(name).spawn(count)

    def generator(self, name: str) -> np.random.Generator:
        """Return a new generator of NumPy at the beginning of a stream."""
        return np.random.default_rng(self.sequence(name))

    def torch_seed(self, name: str) -> int:
        """Return the seed of a torch generator, from 0 to 2^63 - 1: `torch.Generator().manual_seed(...)`."""
        return int(self.sequence(name).generate_state(1, np.uint64)[0] >> np.uint64(1))
