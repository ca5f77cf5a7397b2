"""Files of a run: the directory is tried before the work, files are written whole or not at all.

Whatever happens, a full disk, an interrupt, the death of the process or of the machine, each file
is the old one or the new one, never a part. All files of a call are written beside their places
first, and then moved to them one after another: what can fail has failed by then, and the old
files stay as they were. Only a process that dies between two of these moves leaves some files of
the new run beside some of the old. So every format of a report shows the run's seed and the time
of its start, and the file that other programs read, ``report.json``, comes last: once it is the
new run's, all are.

A process that is killed may leave a file ``.NAME.HOST-PID.part`` behind. The next to write in the
directory on that machine removes it.
"""

from __future__ import annotations

import errno
import os
import platform
import re
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any
from zlib import crc32


def check_writable(directory: str | Path) -> None:
    """Make `directory` if need be, and raise `OSError` if no file can be written to it."""
    home = Path(directory)
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=home):
        pass


def make_home(directory: str | Path) -> None:
    """Make the directory of a run, and raise `OSError` if no file can be written to it.

    One that was not there gets a ``.gitignore`` of everything, as caches have: no run leaves
    something to be committed by chance. One that was there is its owner's.
    """
    home = Path(directory)
    home.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        home.mkdir()
        (home / ".gitignore").write_text("# made by oracle-diff\n*\n", encoding="utf-8")
    check_writable(home)


def write_files(directory: str, texts: Mapping[str, str]) -> list[str]:
    """Write each text to the file of its name in `directory`; return their paths.

    See `write_paths`.
    """
    return write_paths({Path(directory) / name: text for name, text in texts.items()})


def write_paths(texts: Mapping[Path, str]) -> list[str]:
    """Write each text to its path; return the paths.

    A reader finds the old file or the new one, never a part of it. The files are put in their
    places in the order given, when all of them have been written.

    Raises
    ------
    OSError
        If one cannot be written; then all are as they were.
    """
    targets = {path: Path(os.path.realpath(path)) for path in texts}  # where links lead
    try:
        for path, text in texts.items():
            _check_replaceable(path)
            _write(_part(targets[path]), text, path)
        for target in dict.fromkeys(targets.values()):
            _part(target).replace(target)
    finally:
        for target in targets.values():
            _part(target).unlink(missing_ok=True)
    for directory in {target.parent for target in targets.values()}:
        _remove_left_behind(directory)
    return [str(path) for path in texts]


def _check_replaceable(path: Path) -> None:
    """Raise unless a file may take the place of what is there: a device, say, must stay."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "not a regular file", str(path))


def _write(part: Path, text: str, path: Path) -> None:
    try:
        with part.open("w", encoding="utf-8") as file:  # with the permissions of any new file
            file.write(text)
            sync(file)
    except OSError as error:  # which names the part, or nothing
        raise OSError(error.errno, error.strerror, str(path)) from error


def sync(file: IO[Any]) -> None:
    """Write an open file to the disk itself: else a power cut may leave an empty one of its name.

    Raises
    ------
    OSError
        If that fails.
    """
    file.flush()
    os.fsync(file.fileno())


_HERE = re.sub(r"\W", "-", platform.node(), flags=re.ASCII)[:40]
_LONGEST = 40  # bytes at most four times as many: with what is put around it still a name


def _part(path: Path) -> Path:
    """Return where a file is made: long names may begin alike, their checksums tell them apart."""
    name = path.name[:_LONGEST]
    if name != path.name:
        name += f"-{crc32(os.fsencode(path.name)):08x}"
    return path.with_name(f".{name}.{_HERE}-{os.getpid()}.part")


def _remove_left_behind(directory: Path) -> None:
    """Remove what processes of this machine that are gone have not finished."""
    for part in directory.glob(f".*.{_HERE}-*.part"):
        pid = part.name.removesuffix(".part").rpartition("-")[2]
        if pid.isdecimal() and _is_gone(int(pid)):
            part.unlink(missing_ok=True)


def _is_gone(pid: int) -> bool:
    if os.name != "posix":  # elsewhere there is no asking
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):  # another user's, or no PID at all
        return False
    return False
