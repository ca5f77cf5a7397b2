"""The process of a framework witness: reads cases from one file, writes answers to another.

Started by `oracles.workers` with the witness's name and module and the paths of both files
as arguments, and the parent's ``sys.path``. A message lies in the file (`oracles.board`); its
length in 8 bytes, through a pipe, says that it does.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from base64 import b64decode
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from oracles.board import Reader, Writer
from oracles.case_file import case_of
from oracles.op import Op, Reference
from oracles.portable import unpacked

Message = tuple[dict[str, Any], dict[str, Any]]


def main() -> None:
    """Answer until the parent closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    witness, module = sys.argv[1], import_module(sys.argv[2])
    asked, told = _take_pipes()
    requests, replies = Reader(Path(sys.argv[3])), Writer(Path(sys.argv[4]))
    framework, versions, threads = module.load()
    write_length(told, replies.write({"versions": versions, "threads": threads}, {}))
    while (length := read_length(asked)) is not None:
        start = time.perf_counter()
        header, arrays = _reply(witness, module.answer, framework, requests.read(length))
        header["seconds"] = time.perf_counter() - start
        write_length(told, replies.write(header, arrays))


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep the pipes for messages; whatever a framework prints goes to standard error."""
    asked, told = os.fdopen(os.dup(0), "rb", 0), os.fdopen(os.dup(1), "wb", 0)
    os.dup2(2, 1)
    return asked, told


def _reply(witness: str, answer: Callable[..., Any], framework: Any, message: Message) -> Message:
    header, arrays = message
    try:
        case, reference = case_of(header, arrays), _reference(witness, header)
        key = f"{witness} {header['located']} {header['operation']}"
        values = answer(framework, reference, case, header["gradients"], key)
        return {}, {name: np.asarray(value) for name, value in values.items()}
    except Exception as error:
        text = " ".join(str(error).split())
        return {"rejected": f"{type(error).__name__}: {text}"[:2000]}, {}


def _reference(witness: str, header: dict[str, Any]) -> Reference:
    """Return the function that is asked: out of a payload, or of the place that holds it."""
    place: str = header["located"]
    if "payload" in header:
        _UNPACKED[place] = unpacked(b64decode(header["payload"]), witness)
    if place in _UNPACKED:
        return _UNPACKED[place]
    return _located(place)[header["operation"]].references[witness]


_UNPACKED: dict[str, Reference] = {}
"""References that came by value, by their digest: each payload comes once."""


@cache
def _located(place: str) -> Mapping[str, Op]:
    module, attribute = place.split(":")
    found: Mapping[str, Op] = getattr(import_module(module), attribute)
    return found


def write_length(pipe: BinaryIO, length: int) -> None:
    """Say that a message of `length` bytes lies ready."""
    pipe.write(length.to_bytes(8, "little"))


def read_length(pipe: BinaryIO) -> int | None:
    """Wait for what `write_length` says; None if the pipe ends."""
    said = pipe.read(8)  # 8 bytes go through a pipe whole
    return int.from_bytes(said, "little") if said and len(said) == 8 else None


if __name__ == "__main__":
    main()
