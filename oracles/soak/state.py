"""What a soak has done so far, in one JSON file.

A state counts for the arguments, the code and the versions that it was made with, and for no
others.
"""

from __future__ import annotations

import json
import platform
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from oracles.environment import installed_version
from oracles.files import write_files
from oracles.reporting.json_form import plain
from oracles.soak.chunk import DIGEST, Done
from oracles.soak.plan import CHUNK, Plan

FILE = "soak.json"

_PACKAGES = ("manualgrad", "numpy", "hypothesis", "python-flint")

Finished = dict[str, Done]
"""What became of the chunks that are finished, by `Chunk.name`."""


def versions() -> dict[str, str]:
    """Return the versions of whatever has a part in drawing and judging cases."""
    found = {name: installed_version(name) for name in _PACKAGES}
    return {"python": platform.python_version(), **found}


def state_key(plan: Plan) -> dict[str, Any]:
    """Return what a state depends on, as JSON has it."""
    return {
        "seed": plan.seed,
        "examples": plan.examples,
        "chunk": CHUNK,
        "operations and dtypes": [" ".join(pair) for pair in plan.pairs],
        "limits": dict(plan.limits.stated()),
        "lattice": plan.lattice,
        "versions": versions(),
        "code": _code_digest({op for op, _ in plan.pairs}),
    }


def read_state(home: Path, key: Mapping[str, Any]) -> tuple[Finished, str]:
    """Return what is finished, and in words why there is nothing although there is a file."""
    try:
        text = (home / FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}, ""
    except (OSError, ValueError) as error:
        return {}, f"cannot be read: {error}"
    try:
        read = json.loads(text)
        others = [name for name in key if read["key"].get(name) != key[name]]
        finished = {name: _done(told) for name, told in read["chunks"].items()}
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        return {}, f"is damaged ({type(error).__name__}: {error})"
    if others:
        return {}, f"is of another run ({', '.join(others)} differ)"
    return finished, ""


def write_state(home: Path, key: Mapping[str, Any], finished: Finished) -> None:
    """Write the state, whole or not at all."""
    chunks = {
        name: {**plain(asdict(done)), "digests": b64encode(done.digests).decode()}
        for name, done in finished.items()
    }
    write_files(str(home), {FILE: json.dumps({"key": key, "chunks": chunks}, indent=1)})


def _done(told: Mapping[str, Any]) -> Done:
    """Return what `write_state` wrote of a chunk; an infinite ratio is text there.

    Raises
    ------
    KeyError, TypeError, ValueError, AttributeError
        If it did not write that.
    """
    counts = {name: told[name] for name in ("cases", "refused", "elements", "draws")}
    digests = b64decode(told["digests"], validate=True)
    if any(type(count) is not int or count < 0 for count in counts.values()):
        raise ValueError(f"no counts: {counts}")
    if len(digests) % DIGEST or len(digests) > DIGEST * counts["cases"]:
        raise ValueError(f"{len(digests)} bytes of digests for {counts['cases']} cases")
    return Done(
        **counts,
        worst_ratio=float(told["worst_ratio"]),
        seconds=float(told["seconds"]),
        digests=digests,
        failure=str(told["failure"]),
    )


def _code_digest(operations: set[str]) -> str:
    """Return a digest of the source of both packages, and of the files of the user's operations."""
    found = sha256()
    for package in ("manualgrad", "oracles"):
        spec = find_spec(package)
        for folder in (spec and spec.submodule_search_locations) or []:
            for path in sorted(Path(folder).rglob("*.py")):
                found.update(path.read_bytes())
    for name in sorted(operations):
        for path in _files_of(name):
            found.update(path.read_bytes())
    return found.hexdigest()


def _files_of(name: str) -> list[Path]:
    """Return the file in which a user's operation is, none for one of the catalog."""
    place = name if name.endswith(".py") else name.rpartition(":")[0]
    if not place:
        return []
    if place.endswith(".py"):
        return [Path(place)]
    spec = find_spec(place)
    return [Path(spec.origin)] if spec is not None and spec.has_location and spec.origin else []
