"""A process for each framework witness: a time limit, and a crash is an outcome.

XLA can abort the whole process on a valid program; nothing in Python catches that. So a
witness lives in a process of its own, and each case lies on disk before it is sent.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from multiprocessing.connection import wait
from pathlib import Path
from types import TracebackType
from typing import IO, Any, BinaryIO, Self, cast

from oracles.answer import Answer
from oracles.board import Reader, Writer
from oracles.case_file import header_of
from oracles.files import make_home
from oracles.op import Case, Op
from oracles.worker_main import read_length, write_length

WITNESSES = {
    "torch": ("torch", "oracles.witnesses.torch"),
    "jax": ("jax", "oracles.witnesses.jax"),
    "jax_dilated": ("jax", "oracles.witnesses.jax"),
}
"""Framework witnesses: package and module. ``jax_dilated`` is JAX by its faulty lowering."""

START_LIMIT = 300.0
"""Seconds that importing a framework may take."""

EXIT_LIMIT = 5.0
"""Seconds that a process may live on after its pipe has ended."""


class CannotAsk(OSError):  # noqa: N818 - says what became of asking
    """A witness cannot be asked, for want of room on the disk or the like: no fault of its own."""


def missing_reason(witness: str) -> str:
    """Return why `witness` cannot answer here, with the remedy, or ""; imports nothing.

    Raises
    ------
    ValueError
        If there is no such witness.
    """
    if witness not in WITNESSES:
        raise ValueError(f"`witness` (={witness!r}) must be one of {', '.join(WITNESSES)}")
    package = WITNESSES[witness][0]
    if find_spec(package) is not None:
        return ""
    return f"{package} is not installed: pip install 'manualgrad[{package}]'"


class Workers:
    """The processes of some framework witnesses: a context manager.

    Parameters
    ----------
    witnesses
        Names out of `WITNESSES`.
    time_limit
        For one answer, in seconds; the start of a process is not counted.
    directory
        For the pending cases, for those that killed a witness, and for logs.

    Raises
    ------
    ValueError
        If `directory` cannot be written.
    """

    def __init__(self, witnesses: Sequence[str], *, time_limit: float, directory: str) -> None:
        home = Path(directory)
        if witnesses:
            try:
                make_home(home)
            except OSError as error:
                message = f"`directory` (={directory!r}) cannot be written: {error}"
                raise ValueError(message) from error
        self._workers = {name: _Worker(name, time_limit, home) for name in witnesses}
        self._asked: list[_Worker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def ask(self, op: Op, case: Case, *, without: Collection[str] = ()) -> None:
        """Send `case` to every witness that has a reference for `op`; all work at once.

        Those named in `without` are left alone.

        Raises
        ------
        CannotAsk
            If a case cannot be written, or a process not be started.
        """
        wanted = [name for name in op.references if name not in without]
        self._asked = [w for name, w in self._workers.items() if name in wanted]
        for worker in self._asked:
            with _reached(worker.name):
                worker.ask(op, case)

    def answers(self) -> dict[str, Answer]:
        """Wait for the answers to the last `ask`, by witness.

        Raises
        ------
        CannotAsk
            If the case that killed a process cannot be kept.
        """
        asked, self._asked, answers = self._asked, [], {}
        for worker in asked:
            with _reached(worker.name):
                answers[worker.name] = worker.answer()
        return answers

    def versions(self) -> dict[str, str]:
        """Return the versions that the witnesses which have started report, by package."""
        return {k: v for w in self._workers.values() for k, v in w.versions.items()}

    def threads(self) -> dict[str, int]:
        """Return the number of threads of each witness that has started."""
        return {name: w.threads for name, w in self._workers.items() if w.threads}

    def close(self) -> None:
        """End the processes."""
        for worker in self._workers.values():
            worker.stop()


@contextmanager
def _reached(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CannotAsk(f"{name} cannot be asked: {error}") from error


class _Worker:
    """One witness: its process, started when first asked, and again after a crash."""

    def __init__(self, name: str, time_limit: float, home: Path) -> None:
        self.name, self.time_limit, self.home = name, time_limit, home
        self.versions: dict[str, str] = {}
        self.threads = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: Writer | None = None
        self._replies: Reader | None = None
        self._sent, self._length = 0.0, 0
        self._awaited = False
        self._late_start = ""
        self._told = set[str]()
        # Runs side by side in one directory keep out of each other's files.
        self._request_path = home / f"pending-{name}-{os.getpid()}.case"
        self._reply_path = home / f"reply-{name}-{os.getpid()}.case"
        self._log_path = home / f"{name}-{os.getpid()}.log"

    def ask(self, op: Op, case: Case) -> None:
        if self._awaited:  # an interrupt left a request behind: its reply is not for this case
            self._end()
        gradients = op.gradient_names(case)
        call = {"operation": op.name, "located": op.located, "gradients": gradients}
        if op.payload and op.located not in self._told:  # the process keeps it
            self._told.add(op.located)
            call["payload"] = b64encode(op.payload).decode()
        # On disk before anyone computes with it: it stays behind if this process dies as well.
        self._requests = self._requests or Writer(self._request_path)
        self._length = length = self._requests.write(header_of(case, **call), case.arrays)
        process = self._process or self._start()
        self._sent, self._awaited = time.perf_counter(), True
        with suppress(OSError):  # if it has died, answer() will find out how
            write_length(_pipe(process.stdin), length)

    def answer(self) -> Answer:
        if self._late_start:
            return self._gone("timed out", self._late_start)
        try:
            length = self._next_length(self._patience())
        except TimeoutError:
            return self._gone("timed out", f"no answer within {self.time_limit:g} s")
        if length is None:
            return self._gone("crashed", self._cause())
        self._awaited = False
        try:
            header, views = cast("Reader", self._replies).read(length)
        except ValueError as error:  # a dtype that no case has, such as bool
            return Answer("rejected", detail=f"unreadable answer: {error}")
        if "rejected" in header:
            return Answer("rejected", detail=header["rejected"], seconds=header["seconds"])
        values = {name: array.copy() for name, array in views.items()}
        return Answer("value", values, seconds=header["seconds"])

    def stop(self) -> None:
        self._end()
        if self._requests is not None:
            self._requests.close()
            self._requests = None
            for path in (self._request_path, self._reply_path, self._log_path):
                path.unlink(missing_ok=True)

    def _end(self) -> None:
        self._awaited = False
        self._told.clear()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                _close(pipe)
            self._process = None
        if self._replies is not None:
            self._replies.close()
            self._replies = None

    def _patience(self) -> float:
        """Return what is left of the time limit, which runs from the request on.

        After a pause of the whole machine the witness still gets a moment to reply.
        """
        left = self.time_limit - (time.perf_counter() - self._sent)
        return max(left, min(1.0, self.time_limit))

    def _next_length(self, seconds: float) -> int | None:
        """Return the length of the next reply, or None if the process has closed its pipe.

        Raises
        ------
        TimeoutError
            If there is neither within so many seconds.
        """
        pipe = _pipe(cast("subprocess.Popen[bytes]", self._process).stdout)
        if not wait([pipe.fileno()], seconds):
            raise TimeoutError
        return read_length(pipe)

    def _start(self) -> subprocess.Popen[bytes]:
        code = (
            f"import sys; sys.path[:] = {sys.path!r}; from oracles.worker_main import main; main()"
        )
        paths = [str(self._request_path), str(self._reply_path)]
        self._reply_path.write_bytes(b"")
        with self._log_path.open("wb") as log:
            # Known at once to stop(): an interrupt may come while the framework is imported.
            self._process = process = subprocess.Popen(
                [sys.executable, "-c", code, self.name, WITNESSES[self.name][1], *paths],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,
                start_new_session=True,
            )
        self._replies = Reader(self._reply_path)
        self._greet()
        return process

    def _greet(self) -> None:
        """Wait until the framework is imported; a failure shows at the first answer."""
        self._late_start = ""
        try:
            length = self._next_length(START_LIMIT)
        except TimeoutError:
            self._late_start = f"not started within {START_LIMIT:g} s"
            return
        if length is not None:
            header, _ = cast("Reader", self._replies).read(length)
            self.versions, self.threads = header["versions"], header["threads"]

    def _gone(self, kind: Any, detail: str) -> Answer:
        """Bury the process, keep the case, and say what happened."""
        seconds = time.perf_counter() - self._sent
        request = self._request_path.read_bytes()[: self._length]
        self.stop()
        digest = hashlib.sha256(request).hexdigest()[:12]
        kept = self.home / "crashes" / f"{self.name}-{digest}.case"
        kept.parent.mkdir(exist_ok=True)
        kept.write_bytes(request)
        return Answer(kind, detail=detail, seconds=seconds, case_file=str(kept))

    def _cause(self) -> str:
        """Return how the process ended, and the most telling line that it left."""
        try:
            code = cast("subprocess.Popen[bytes]", self._process).wait(EXIT_LIMIT)
        except subprocess.TimeoutExpired:  # stop() will end it
            return "closed its pipe and lived on"
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        lines = self._log_path.read_text(errors="replace").splitlines()
        told = [line.strip() for line in lines if line.strip()]
        telling = [line for line in told if "Check failed" in line or "Error" in line] or told
        return f"{how}: {telling[-1][:300]}" if telling else how


def _pipe(pipe: IO[bytes] | None) -> BinaryIO:
    return cast("BinaryIO", pipe)


def _close(file: IO[bytes] | None) -> None:
    with suppress(OSError):  # a pipe to a process that is gone
        if file is not None:
            file.close()
