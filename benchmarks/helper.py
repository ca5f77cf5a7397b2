"""A process that answers one question after the other, and keeps what it has prepared."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Self

Answer = Callable[..., Any]


class Helper:
    """A process of its own: a context manager.

    Parameters
    ----------
    make
        ``make(*given)`` is called in the process and returns what answers the questions; a
        function of a module, since it crosses to the process by name.
    """

    def __init__(self, make: Callable[..., Answer], *given: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, far = context.Pipe()
        self._process = context.Process(target=_serve, args=(far, make, given), daemon=True)
        self._process.start()
        far.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, *question: Any) -> Any:
        """Return the answer.

        Raises
        ------
        RuntimeError
            If the process died, or could not answer.
        """
        try:
            self._connection.send(question)
            answered, answer = self._connection.recv()
        except (EOFError, OSError):
            self._process.join()
            code = self._process.exitcode
            raise RuntimeError(f"the process ended with exit status {code}") from None
        if not answered:
            raise RuntimeError(answer)
        return answer

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.join()


def _serve(connection: Connection, make: Callable[..., Answer], given: tuple[Any, ...]) -> None:
    answer = make(*given)
    while True:
        try:
            question = connection.recv()
        except EOFError:  # who asked has ended
            return
        try:
            connection.send((True, answer(*question)))
        except Exception as error:
            connection.send((False, f"{type(error).__name__}: {error}"))
