"""The process of a framework witness: reads cases from a pipe, writes answers to another.

Started by `oracles.workers` with the witness's name and module as arguments, and the
parent's ``sys.path``. A message is its length in 8 bytes and then bytes of
`oracles.case_file`.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any, BinaryIO

import numpy as np

from oracles.case_file import case_of, dump_arrays, load_arrays
from oracles.op import Op


def main() -> None:
    """Answer until the parent closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    witness, module = sys.argv[1], import_module(sys.argv[2])
    requests, replies = _take_pipes()
    framework, versions, threads = module.load()
    write_message(replies, dump_arrays({"versions": versions, "threads": threads}, {}))
    while (data := read_message(requests)) is not None:
        write_message(replies, _reply(witness, module.answer, framework, data))


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep the pipes for messages; whatever a framework prints goes to standard error."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return requests, replies


def _reply(witness: str, answer: Callable[..., Any], framework: Any, data: bytes) -> bytes:
    header, arrays = load_arrays(data)
    try:
        op = _located(header["located"])[header["operation"]]
        case, reference = case_of(header, arrays), op.references[witness]
        key = f"{witness} {header['located']} {op.name}"
        values = answer(framework, reference, case, header["gradients"], key)
        return dump_arrays({}, {name: np.asarray(value) for name, value in values.items()})
    except Exception as error:
        text = " ".join(str(error).split())
        return dump_arrays({"rejected": f"{type(error).__name__}: {text}"[:2000]}, {})


@cache
def _located(place: str) -> Mapping[str, Op]:
    module, attribute = place.split(":")
    found: Mapping[str, Op] = getattr(import_module(module), attribute)
    return found


def write_message(pipe: BinaryIO, data: bytes) -> None:
    """Write `data` with its length before it."""
    pipe.write(len(data).to_bytes(8, "little") + data)
    pipe.flush()


def read_message(pipe: BinaryIO) -> bytes | None:
    """Read what `write_message` wrote, or None if the pipe ends."""
    head = pipe.read(8)
    if len(head) < 8:
        return None
    data = pipe.read(length := int.from_bytes(head, "little"))
    return data if len(data) == length else None


if __name__ == "__main__":
    main()
