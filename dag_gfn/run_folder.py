"""The folder that a run works in, OUT.partial, which a kill leaves and --resume takes up."""

import json
import shutil
from pathlib import Path
from typing import Any

from dag_gfn.errors import StorageError
from dag_gfn.posterior import GraphPosterior, save_posterior

_OPTIONS = "options.json"
_CHECKPOINT = "checkpoint.safetensors"


class RunFolder:
    """OUT.partial while a run goes on, and OUT when it is done.

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
        resume, its options differ, or the folder cannot be made.
    """

    def __init__(self, out: Path, options: dict[str, Any], *, overwrite: bool, resume: bool):
        if out.name in ("", ".."):
            raise StorageError(
                f"'{out}' cannot be a posterior's folder: name a new one, for example posterior/"
            )
        self.out, self.overwrite, self.resume = out, overwrite, resume
        self.partial = out.with_name(out.name + ".partial")
        try:
            self._refuse_existing()
        except OSError as error:
            raise StorageError(f"cannot write '{out}': {error.strerror or error}") from error
        if resume:
            self._take_up(options)
        elif self.partial.exists() and not overwrite:
            raise StorageError(
                f"'{self.partial}' holds an unfinished run: continue it with --resume, or forget it with --overwrite"
            )
        else:
            self._begin(options)

    @property
    def checkpoint(self) -> Path:
        """Where training saves its state."""
        return self.partial / _CHECKPOINT

    def _refuse_existing(self) -> None:
        if not self.out.exists():
            return
        is_posterior = (self.out / "posterior.json").is_file()
        if not is_posterior and (not self.out.is_dir() or any(self.out.iterdir())):
            raise StorageError(
                f"'{self.out}' exists and is not a posterior folder, so it is not replaced: choose another name"
            )
        if not self.overwrite:
            raise StorageError(
                f"'{self.out}' exists already: choose another folder, or replace it with --overwrite"
            )

    def _take_up(self, options: dict[str, Any]) -> None:
        try:
            before = json.loads((self.partial / _OPTIONS).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            anew = "start anew with --overwrite" if self.partial.exists() else "leave --resume out"
            raise StorageError(f"there is no unfinished run in '{self.partial}' to resume: {anew}") from error
        differ = [name for name in options if before.get(name) != options[name]]
        if differ:
            raise StorageError(
                f"the unfinished run in '{self.partial}' had other options ({', '.join(differ)}): repeat those, "
                "or start anew with --overwrite"
            )

    def _begin(self, options: dict[str, Any]) -> None:
        try:
            if self.partial.exists():
                shutil.rmtree(self.partial)
            self.partial.mkdir(parents=True)
            (self.partial / _OPTIONS).write_text(json.dumps(options, indent=2), encoding="utf-8")
        except OSError as error:
            raise StorageError(f"cannot write '{self.out}': {error.strerror or error}") from error

    def finish(self, posterior: GraphPosterior, pages: dict[str, str] | None = None) -> None:
        """Write OUT, with pages by their file names, complete or not at all, and drop the unfinished state."""
        save_posterior(posterior, self.out, overwrite=self.overwrite, pages=pages)
        self.discard()

    def leave(self) -> bool:
        """Keep what training has saved, if anything, and return whether there is something to resume.

        An unfinished run that this one was to resume is kept in any case.
        """
        if self.checkpoint.exists():
            return True
        if not self.resume:
            self.discard()
        return False

    def discard(self) -> None:
        """Leave nothing of the run behind."""
        shutil.rmtree(self.partial, ignore_errors=True)
