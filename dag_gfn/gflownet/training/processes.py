"""Several processes that train one network together: what they share, average and agree on."""

import datetime
import io
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import TypeVar

import torch
import torch.distributed as dist

from dag_gfn.errors import OptionError, TrainingError

_PATIENCE = datetime.timedelta(days=1)
"""How long a process waits for another one, which may draw or compute what it then shares."""

Shared = TypeVar("Shared")


class TookPart(Exception):
    """Ends a fit in every process but the leading one, which alone draws and writes, once training is over.

    Examples
    --------
    >>> from dag_gfn.gflownet.training.processes import TookPart
    >>> issubclass(TookPart, Exception)
    True
    """


class LostConnection(TrainingError):
    """Another process of the training has ended before its time.

    Examples
    --------
    >>> from dag_gfn.errors import TrainingError
    >>> from dag_gfn.gflownet.training.processes import LostConnection
    >>> issubclass(LostConnection, TrainingError)
    True
    """


@dataclass(eq=False)
class Processes:
    """The processes of one training, as one of them sees them.

    Each collects trajectories of its own and computes the gradient on its own batch. The gradients are averaged, so
    that all processes take the same step from the same weights. What depends on a clock is decided by the leading
    process, and what it makes for all, such as guides, it shares. A single process shares with nobody, and waits for
    nobody.

    Attributes
    ----------
    rank : int
        Number of this process, from 0.
    count : int
        Number of all.
    here : int
        Number of those on this machine.

    Examples
    --------
    >>> from dag_gfn.gflownet.training.processes import Processes
    >>> alone = Processes()
    >>> alone.leads, alone.shared(lambda: "guides"), alone.agreed([100.0, 0.0])
    (True, 'guides', [100.0, 0.0])
    """

    rank: int = 0
    count: int = 1
    here: int = 1
    _interrupts: list[int] = field(default_factory=list, repr=False)

    @property
    def leads(self) -> bool:
        """Whether this is the process that decides, draws, prints and writes."""
        return self.rank == 0

    def stream(self, name: str) -> str:
        """Return the name of this process's own random stream; that of the leading process is the plain name."""
        return name if self.leads else f"{name}, process {self.rank}"

    def shared(self, make: Callable[[], Shared]) -> Shared:
        """Return what the leading process makes; tensors arrive on the CPU.

        Raises
        ------
        LostConnection
            If the leading process has ended.
        """
        if self.count == 1:
            return make()
        packed: list[bytes | None] = [None]
        made: Shared | None = None
        if self.leads:
            made, file = make(), io.BytesIO()
            torch.save(made, file)
            packed[0] = file.getvalue()
        with _connected():
            dist.broadcast_object_list(packed, src=0, device=torch.device("cpu"))
        if packed[0] is None or made is not None:
            return made  # type: ignore[return-value]
        # from the leading process of the same run: no file of a stranger
        received: Shared = torch.load(io.BytesIO(packed[0]), map_location="cpu", weights_only=False)
        return received

    def average_gradients(self, parameters: Iterable[torch.Tensor]) -> None:
        """Give each parameter the mean of its gradients over all processes, in place; a missing one counts as zero.

        Raises
        ------
        LostConnection
            If another process has ended.
        """
        if self.count == 1:
            return
        learned = [parameter for parameter in parameters if parameter.requires_grad]
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in learned]
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
        with _connected():
            dist.all_reduce(flat)
        flat /= self.count
        parts = flat.split([parameter.numel() for parameter in learned])
        for parameter, part in zip(learned, parts, strict=True):
            parameter.grad = part.view_as(parameter)

    def agreed(self, plan: Sequence[float]) -> list[float]:
        """Return the leading process's numbers, which every process must ask for at the same time.

        They take one message between processors, on the CPU: nothing waits for a GPU.

        Raises
        ------
        KeyboardInterrupt
            In all processes, if one was interrupted within `noting_interrupts`.
        LostConnection
            If another process has ended.
        """
        if self.count == 1:
            return list(plan)
        said = list(plan) if self.leads else [0.0] * len(plan)
        sums = torch.tensor([*said, float(len(self._interrupts))], dtype=torch.float64)
        with _connected():
            dist.all_reduce(sums)
        *decided, interrupts = sums.tolist()
        if interrupts:
            self._interrupts.clear()
            raise KeyboardInterrupt
        return decided

    @contextmanager
    def noting_interrupts(self) -> Iterator[None]:
        """Keep Ctrl-C, and a polite kill, for the next agreement: otherwise other processes would wait in vain.

        Raises
        ------
        KeyboardInterrupt
            At the end of the block, if there was no further agreement.
        """
        if self.count == 1 or threading.current_thread() is not threading.main_thread():
            yield
            return

        def note(number: int, frame: FrameType | None) -> None:
            self._interrupts.append(number)

        before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        if self._interrupts:
            self._interrupts.clear()
            raise KeyboardInterrupt


ALONE = Processes()
"""A training in one process."""


def are_several(variables: Mapping[str, str] = os.environ) -> bool:
    """Return whether torchrun, or what sets the same variables, has started this process as one of several.

    Examples
    --------
    >>> from dag_gfn.gflownet.training.processes import are_several
    >>> are_several({"WORLD_SIZE": "2", "RANK": "0", "MASTER_ADDR": "localhost"}), are_several({})
    (True, False)
    """
    return "RANK" in variables and "MASTER_ADDR" in variables and variables.get("WORLD_SIZE", "1") != "1"


@contextmanager
def joined() -> Iterator[Processes]:
    """Connect to the other processes that torchrun has started, for the time of the block.

    Messages take gloo between processors and NCCL between GPUs; each process on a machine has a GPU of its own. Without
    others the block is entered at once.

    Raises
    ------
    OptionError
        If the connection fails, or the variables of torchrun are no numbers.

    Examples
    --------
    >>> from dag_gfn.gflownet.training.processes import joined
    >>> with joined() as processes:  # this is one process
    ...     processes.rank, processes.count
    (0, 1)
    """
    if not are_several():
        yield Processes()
        return
    backend = "gloo"
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
        backend = "cpu:gloo,cuda:nccl"
    try:
        dist.init_process_group(backend, timeout=_PATIENCE)
    except (RuntimeError, ValueError) as error:
        raise OptionError(f"the processes cannot connect: {str(error).splitlines()[0]}") from error
    try:
        here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        yield Processes(dist.get_rank(), dist.get_world_size(), here)
    finally:
        dist.destroy_process_group()


@contextmanager
def _connected() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise LostConnection(f"another process of this training has ended ({_first_line(error)})") from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
