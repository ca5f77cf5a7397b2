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
from pathlib import Path

from oracles.files import write_paths
from oracles.outputs import ALWAYS
from tests.oracles.reports import entry, report

VARIANTS = 8
PLACE = 10**18
"""Stands for the seed in what is rendered once: rendering takes far longer than writing."""


def rendered():
    """Return reports of several lengths as texts, in which `PLACE` is to be the seed."""
    lengths = [1 + 8 * variant for variant in range(VARIANTS)]
    reports = [report(*(entry(f"op{n}") for n in range(m)), seed=PLACE) for m in lengths]
    return [{name: render(each) for name, render in ALWAYS.items()} for each in reports]


def texts_of(made, seed):
    """Return the files of the report that a seed stands for, of one length or another."""
    return {
        name: text.replace(str(PLACE), str(seed)) for name, text in made[seed % VARIANTS].items()
    }


def write(found, directory):
    write_paths({directory / name: text for name, text in found.items()})


def write_carelessly(found, directory):
    for name, text in found.items():
        (directory / name).write_text(text)


def killed(writer, made, directory, seconds):
    """Start a process that writes report after report, and kill it after so many seconds."""
    child = os.fork()
    if not child:
        while True:
            writer(texts_of(made, time.time_ns()), directory)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL


def seed_of(made, directory, name):
    """Return the seed of the report of which a file is the whole, "none" without a file."""
    try:
        text = (directory / name).read_text()
    except FileNotFoundError:
        return "none"
    for seed in set(re.findall(r"\b\d{19}\b", text)):
        if texts_of(made, int(seed))[name] == text:
            return int(seed)
    return "half"


def main(directory, seed, kills, kind):
    rng, home, made = random.Random(int(seed)), Path(directory), rendered()
    writer = {"whole": write, "careless": write_carelessly}[kind]
    seen = {"kills": 0, "halves": 0, "absent": 0, "left behind": 0, "mixed": 0, "json ahead": 0}
    for _ in range(int(kills)):
        killed(writer, made, home, 0.02 + rng.random() * 0.06)
        seeds = {name: seed_of(made, home, name) for name in made[0]}
        numbers = [seed for seed in seeds.values() if isinstance(seed, int)]
        last = seeds["report.json"]
        seen["kills"] += 1
        seen["halves"] += "half" in seeds.values()
        seen["absent"] += "none" in seeds.values()
        seen["left behind"] += any(home.glob(".*.part"))
        seen["mixed"] += len(set(numbers)) > 1
        seen["json ahead"] += isinstance(last, int) and any(last > seed for seed in numbers)
    writer(texts_of(made, 1), home)
    seen["files"] = sorted(path.name for path in home.iterdir())
    json.dump(seen, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
