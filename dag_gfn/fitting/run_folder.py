"""The folder of a run in progress, OUT.partial, which a killed run leaves and --resume continues."""

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from dag_gfn import files
from dag_gfn.errors import StorageError, shortened
from dag_gfn.posterior import GraphPosterior, save_posterior
from dag_gfn.posterior.storage import listed, own_files, recover, require_replaceable

_OPTIONS = "options.json"
_CHECKPOINT = "checkpoint.safetensors"
_GUIDES = "checkpoint.guides.safetensors"
_WEIGHTS = "checkpoint.weights.safetensors"
_LOCK = ".dag-gfn.lock"
_MAX_OPTIONS = 10_000_000  # bytes
_FILES = frozenset(
    (
        *(_OPTIONS, _CHECKPOINT, _GUIDES, _WEIGHTS, _LOCK),
        *("checkpoint.new", "checkpoint.guides.new"),  # of earlier versions, killed while they saved
    )
)
"""All that runs write into OUT.partial."""


class RunFolder:
    """OUT.partial while a run goes on, and OUT when it is done.

    Everything that can stop the result from being written is looked at before the work begins: names, rights, files of
    other origin, another process at work. Where OUT is a link, the folder that it leads to is replaced.

    Parameters
    ----------
    out : path
        Where the posterior is to be.
    options : dict
        What determines the result, JSON-able; a resumed run must have the same.
    overwrite : bool
        Replace OUT, and forget an unfinished run.
    resume : bool
        Take up an unfinished run.

    Raises
    ------
    StorageError
        If OUT exists, an unfinished run is neither to be resumed nor to be forgotten, there is none to
        resume, its options differ, another process works on it, OUT or OUT.partial hold what dag_gfn did not write, or
        the folder cannot be made.

    Warns
    -----
    StorageWarning
        If OUT is back from where an earlier run, which was killed, had left it.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from dag_gfn.fitting.run_folder import RunFolder
    >>> from dag_gfn.posterior import GraphPosterior
    >>> place = RunFolder(Path("result"), {"method": "exact", "data": "0a1b"}, overwrite=False, resume=False)
    >>> Path("result.partial").is_dir(), Path("result").exists()
    (True, False)
    >>> place.finish(GraphPosterior.from_weights(("a", "b"), np.zeros((1, 2, 2), dtype=bool), np.zeros(1)))
    >>> Path("result.partial").exists(), Path("result").is_dir()
    (False, True)
    """

    def __init__(self, out: Path, options: dict[str, Any], *, overwrite: bool, resume: bool):
        if out.name in ("", ".."):
            raise StorageError(
                f"'{out}' cannot be a posterior's folder: name a new one, for example posterior/"
            )
        self.out = Path(os.path.realpath(out)) if os.path.islink(out) else out
        self.overwrite, self.resume = overwrite, resume
        self.partial = self.out.with_name(self.out.name + ".partial")
        self.saved = False
        self._lock: files.Lock | None = None
        self._made: list[Path] = []
        self._begun = False
        try:
            recover(self.out)
            require_replaceable(self.out, overwrite)
            self._refuse_strangers()
            self._made = files.check_place(self.out)
            files.remove_leftovers(self.out, known=own_files(self.out))
            self._begin(options)
        except OSError as error:
            self._abandon()
            raise StorageError(f"cannot write '{out}': {error.strerror or error}") from error
        except BaseException:  # an interrupt, too
            self._abandon()
            raise
        self._before = self._checkpoint_stamp()

    @property
    def checkpoint(self) -> Path:
        """Where training saves its state."""
        return self.partial / _CHECKPOINT

    @property
    def saved_training(self) -> bool:
        """Whether this run has saved training, beyond what it took up."""
        return self._checkpoint_stamp() not in (None, self._before)

    def _checkpoint_stamp(self) -> tuple[int, int] | None:
        try:
            found = self.checkpoint.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns

    def _refuse_strangers(self) -> None:
        """Raise unless OUT.partial is not there, is empty, or holds an unfinished run and nothing else."""
        if not os.path.lexists(self.partial):
            return
        ours, others = False, []
        if self.partial.is_dir() and not self.partial.is_symlink():
            others = files.strangers(self.partial, _FILES)
            ours = _is_of_a_run(self.partial) or not any(self.partial.iterdir())
        if ours and (self.resume or not others):
            return
        what = f" (it holds {listed(others)})" if others else ""
        raise StorageError(
            f"'{self.partial}', where a run would work, exists and holds more than an unfinished run of dag_gfn"
            f"{what}: move it away, or choose another name for OUT"
        )

    def _begin(self, options: dict[str, Any]) -> None:
        there = self.partial.exists() and any(self.partial.iterdir())
        self._begun = not there
        if self.resume and not there:
            raise StorageError(
                f"there is no unfinished run in '{self.partial}' to resume: leave --resume out"
            )
        self.partial.mkdir(exist_ok=True)
        lock = files.Lock(self.partial / _LOCK)
        if not lock.held:
            by = "" if lock.owner is None else f" {lock.owner}"
            raise StorageError(
                f"another process{by} is working in '{self.partial}': wait until it has ended, or choose another folder"
            )
        self._lock = lock
        require_replaceable(
            self.out, self.overwrite
        )  # another run may have ended just before the lock was ours
        if self.resume:
            self._check_options(options)
        elif there and not self.overwrite:
            raise StorageError(
                f"'{self.partial}' holds an unfinished run: continue it with --resume, or forget it with --overwrite"
            )
        self._begun = not self.resume
        kept = {_LOCK, *files.strangers(self.partial, _FILES)}
        if self.resume:
            kept |= {_OPTIONS, _CHECKPOINT, _GUIDES}
        for path in list(self.partial.iterdir()):  # of a save that was killed, or of the run to forget
            if path.name not in kept:
                path.unlink()
        if not self.resume:
            files.write_text(self.partial / _OPTIONS, json.dumps(options, indent=2))

    def _check_options(self, options: dict[str, Any]) -> None:
        try:
            before = json.loads(files.read_text(self.partial / _OPTIONS, _MAX_OPTIONS))
            if not isinstance(before, dict):
                raise ValueError(f"{_OPTIONS} holds no options")
        except (OSError, ValueError, RecursionError) as error:
            raise StorageError(
                f"there is no unfinished run in '{self.partial}' to resume ({_OPTIONS} cannot be read): start anew "
                "with --overwrite"
            ) from error
        differ = [name for name in options if before.get(name) != options[name]]
        if differ:
            raise StorageError(
                f"the unfinished run in '{self.partial}' had other options ({shortened(', '.join(differ))}): repeat "
                "those, or start anew with --overwrite"
            )

    def finish(self, posterior: GraphPosterior, pages: dict[str, str] | None = None) -> None:
        """Write OUT, with pages by their file names, complete or not at all, and drop the unfinished state.

        Afterwards `saved` tells whether OUT is there, even if Ctrl-C ended this early.
        """
        before = self._out_stamp()
        try:
            save_posterior(posterior, self.out, overwrite=self.overwrite, pages=pages)
        finally:
            self.saved = self._out_stamp() not in (None, before)
        with files.uninterrupted():
            self.discard()

    def _out_stamp(self) -> tuple[int, int] | None:
        try:
            found = self.out.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def leave(self) -> bool:
        """Keep what training has saved, if anything, and return whether there is something to resume.

        An unfinished run that this one was to resume is kept in any case, unless its result is there.
        """
        with files.uninterrupted():
            if not self.saved and self.checkpoint.exists():
                self._release()
                return True
            if self.saved or not self.resume:
                self.discard()
            self._release()
            return False

    def discard(self) -> None:
        """Leave nothing of the run behind."""
        with contextlib.suppress(OSError):
            files.remove_files(self.partial, _FILES)
        self._release()
        files.remove_empty(self._made)

    def _abandon(self) -> None:
        """Leave everything as it was before a run that cannot begin."""
        with files.uninterrupted(), contextlib.suppress(OSError):
            if self._begun and (self._lock is not None or not any(self.partial.iterdir())):
                files.remove_files(self.partial, _FILES)
        self._release()
        files.remove_empty(self._made)

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()


def _is_of_a_run(folder: Path) -> bool:
    """Return whether a folder is OUT.partial of some run: it has our lock, or options that name data and method."""
    if (folder / _LOCK).is_file():
        return True
    try:
        options = json.loads(files.read_text(folder / _OPTIONS, _MAX_OPTIONS))
    except (OSError, ValueError, RecursionError):
        return (folder / _CHECKPOINT).is_file()
    return isinstance(options, dict) and {"method", "data"} <= options.keys()
