"""Kills writers of reports at random moments and looks at what they leave; a program of its own.

``python -m tests.oracles.killing DIRECTORY SEED KILLS whole|careless`` prints as JSON what it saw.
The careless writer is there to show that half a file would be seen.
"""

import json
import os
import random
import re
import signal
import sys
import time
from argparse import Namespace
from pathlib import Path

from oracles.outputs import texts, write_outputs
from tests.oracles.reports import entry, report


def report_of(seed):
    """Return the report that a seed stands for, of one length or another."""
    return report(*(entry(f"op{n}") for n in range(1 + seed % 61)), seed=seed)


def write(report, directory):
    write_outputs(Namespace(output=str(directory), no_report=False), report)


def write_carelessly(report, directory):
    for name, text in texts(report).items():
        (directory / name).write_text(text)


def killed(writer, directory, seconds):
    """Start a process that writes report after report, and kill it after so many seconds."""
    child = os.fork()
    if not child:
        while True:
            writer(report_of(time.time_ns()), directory)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL


def seed_of(directory, name):
    """Return the seed of the report of which a file is the whole, "none" without a file."""
    try:
        text = (directory / name).read_text()
    except FileNotFoundError:
        return "none"
    for seed in set(re.findall(r"\b\d{19}\b", text)):
        if texts(report_of(int(seed)))[name] == text:
            return int(seed)
    return "half"


def main(directory, seed, kills, kind):
    rng, home = random.Random(int(seed)), Path(directory)
    writer = {"whole": write, "careless": write_carelessly}[kind]
    seen = {"kills": 0, "halves": 0, "absent": 0, "left behind": 0, "mixed": 0, "json ahead": 0}
    for _ in range(int(kills)):
        killed(writer, home, 0.02 + rng.random() * 0.06)
        seeds = {name: seed_of(home, name) for name in texts(report_of(0))}
        numbers = [seed for seed in seeds.values() if isinstance(seed, int)]
        last = seeds["report.json"]
        seen["kills"] += 1
        seen["halves"] += "half" in seeds.values()
        seen["absent"] += "none" in seeds.values()
        seen["left behind"] += any(home.glob(".*.part"))
        seen["mixed"] += len(set(numbers)) > 1
        seen["json ahead"] += isinstance(last, int) and any(last > seed for seed in numbers)
    writer(report_of(1), home)
    seen["files"] = sorted(path.name for path in home.iterdir())
    json.dump(seen, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
