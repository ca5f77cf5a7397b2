"""Kills writers of reports at random moments and looks at what they leave; a program of its own.

``python -m tests.oracles.killing DIRECTORY SEED KILLS whole|careless`` prints as JSON what it saw.
The careless writer is there to show that half a file would be seen.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from oracles.files import write_files
from oracles.outputs import texts
from tests.oracles.reports import entry, report

ROUND = [texts(report(*(entry(f"op{n}") for n in range(1 + 7 * n % 5)), seed=n)) for n in range(10)]
"""The files of some reports of several lengths, which are written over and over in this order."""


def write_carelessly(directory, files):
    for name, text in files.items():
        (Path(directory) / name).write_text(text)


def killed(writer, directory, first, seconds):
    """Start a process that writes report after report, and kill it after so many seconds."""
    child = os.fork()
    if not child:
        while True:
            writer(str(directory), ROUND[first % len(ROUND)])
            first += 1
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL


def number_of(directory, name):
    """Return which report a file is the whole of, None without a file, -1 for half of one."""
    try:
        text = (directory / name).read_text()
    except FileNotFoundError:
        return None
    return next((n for n, files in enumerate(ROUND) if files[name] == text), -1)


def main(directory, seed, kills, kind):
    rng, home = random.Random(int(seed)), Path(directory)
    writer = {"whole": write_files, "careless": write_carelessly}[kind]
    seen = {"kills": 0, "halves": 0, "absent": 0, "left behind": 0, "mixed": 0, "json ahead": 0}
    last = -1
    for _ in range(int(kills)):
        killed(writer, home, last + 1, 0.01 + rng.random() * 0.04)
        numbers = [number_of(home, name) for name in ROUND[0]]
        last = -1 if numbers[-1] is None else numbers[-1]
        seen["kills"] += 1
        seen["halves"] += -1 in numbers
        seen["absent"] += None in numbers
        seen["left behind"] += any(home.glob(".*.part"))
        seen["mixed"] += len(set(numbers)) > 1
        # Beside a report.json there is what belongs to it, or to the next report.
        seen["json ahead"] += None not in numbers and not {*numbers} <= {last, (last + 1) % 10}
    writer(str(home), ROUND[0])
    seen["files"] = sorted(path.name for path in home.iterdir())
    json.dump(seen, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
