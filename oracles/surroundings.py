"""Puts back what code of the subject may change about this process."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


@contextmanager
def restored() -> Iterator[None]:
    """Restore working directory, standard streams and NumPy's error state after the block.

    In the block NumPy's floating-point warnings are off: cases hold NaN and infinities, and that
    NumPy warns of them is no fault of the subject.
    """
    directory, streams = _directory(), (sys.stdout, sys.stderr)
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        sys.stdout, sys.stderr = streams
        if directory and _directory() != directory:
            os.chdir(directory)


def _directory() -> str:
    """Return the working directory, "" if it is no more."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        return ""
