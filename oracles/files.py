"""Files of a run: the directory is tried before the work, files are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path


def check_writable(directory: str | Path) -> None:
    """Make `directory` if need be, and raise `OSError` if no file can be written to it."""
    home = Path(directory)
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=home):
        pass


def write_files(directory: str, texts: Mapping[str, str]) -> list[str]:
    """Write each text to the file of its name in `directory`; return their paths.

    A reader finds the old file or the new one, never a part of it.
    """
    return [_write(Path(directory) / name, text) for name, text in texts.items()]


def _write(path: Path, text: str) -> str:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")  # with the permissions of any new file
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return str(path)
