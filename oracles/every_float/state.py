"""What an exhaustive run has done so far, one JSON file for each activation.

A state counts for the code and the versions that it was made with, and for no others.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from oracles.environment import installed_version
from oracles.every_float.engine import Scores, added
from oracles.every_float.score import score_from
from oracles.files import check_writable, write_files


@dataclass(frozen=True)
class State:
    """The blocks that are done (their numbers), and the scores on all of them.

    `key` names what the scores depend on: see `state_key`.
    """

    key: str
    done: frozenset[int] = frozenset()
    scores: Scores = field(default_factory=dict)

    def after(self, block: int, scores: Scores) -> State:
        """Return the state with one more block done."""
        return replace(self, done=self.done | {block}, scores=added(self.scores, scores))


def state_key(participants: Sequence[str], block: int) -> str:
    """Return a digest of participants, versions, the size of blocks and the code that counts."""
    versions = [f"{name} {installed_version(name)}" for name in ("numpy", "jaxlib", *participants)]
    digest = sha256(" ".join([*versions, str(block)]).encode())
    for path in _code():
        digest.update(path.read_bytes())
    return digest.hexdigest()


def read_state(home: Path, name: str, key: str) -> State:
    """Return the state of an activation; empty if there is none, or none with this key."""
    try:
        read = json.loads(_path(home, name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return State(key)
    if read.get("key") != key:
        return State(key)
    scores = {(who, part): score_from(fields) for who, part, fields in read["scores"]}
    return State(key, frozenset(read["done"]), scores)


def write_state(home: Path, name: str, state: State) -> None:
    """Write the state of an activation, whole or not at all."""
    rows = [[*key, asdict(score)] for key, score in sorted(state.scores.items())]
    text = json.dumps({"key": state.key, "done": sorted(state.done), "scores": rows}, indent=1)
    path = _path(home, name)
    check_writable(path.parent)
    write_files(str(path.parent), {path.name: text})


def _path(home: Path, name: str) -> Path:
    return home / "every_float" / f"{name}.json"


def _code() -> list[Path]:
    """Return the source files that answers, truth and counts come from."""
    found: list[Path] = []
    for package in ("manualgrad", "oracles.exact", "oracles.every_float"):
        spec = find_spec(package)
        for folder in (spec and spec.submodule_search_locations) or []:
            found += sorted(Path(folder).glob("*.py"))
    return found
