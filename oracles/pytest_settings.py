"""What a pytest session is asked for: command line over ini file over ``[tool.oracles]``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from oracles.limits import make_limits

DTYPES = ("float32", "float64")
WITNESSES = ("torch", "jax", "jax_dilated", "complex_step", "finite_difference")
"""As in `oracles.choices`, which would import NumPy."""


@dataclass(frozen=True)
class Settings:
    """What the user has set; None or empty is not set.

    Attributes
    ----------
    seed, max_examples, dtypes, oracles, limits
        Defaults of the arguments of `oracles.run`.
    select
        Patterns of names of operations; others are left out.
    require
        Witnesses that must be there and must not die.
    report
        Where the JSON report goes.
    """

    seed: int | None = None
    max_examples: int | None = None
    select: tuple[str, ...] = ()
    require: tuple[str, ...] = ()
    report: Path | None = None
    dtypes: tuple[str, ...] | None = None
    oracles: tuple[str, ...] | None = None
    limits: Mapping[str, Any] = field(default_factory=dict)

    def selects(self, operation: str) -> bool:
        """Whether the operation of this name is to be checked."""
        return not self.select or any(fnmatchcase(operation, each) for each in self.select)

    def arguments(self) -> dict[str, Any]:
        """Return what is set of the arguments of `oracles.run`."""
        given = {"seed": self.seed, "max_examples": self.max_examples,
                 "dtypes": self.dtypes, "oracles": self.oracles}  # fmt: skip
        return {**self.limits, **{name: it for name, it in given.items() if it is not None}}


OPTIONS = {
    "seed": ("S", "seed from which every case follows (default: drawn, and told)"),
    "max_examples": ("N", "cases for each operation and dtype (default 100)"),
    "select": ("PATTERN", "only operations whose name matches; repeatable, or with commas"),
    "require": ("NAME", "fail if this witness is not installed, crashes or times out; repeatable"),
    "report": ("PATH", "write the report of all checks there, as JSON"),
}
"""By setting: what its value stands for, and its help."""

_REPEATABLE = ("select", "require")


def add_options(parser: pytest.Parser) -> None:
    """Declare the options of the command line and of the ini file."""
    group = parser.getgroup("oracles", "hand-written backward passes against oracles")
    for name, (metavar, told) in OPTIONS.items():
        many = name in _REPEATABLE
        action = "append" if many else "store"
        group.addoption(
            _option(name), dest=f"oracle_{name}", metavar=metavar, action=action, help=told
        )
        kind = "args" if many else "string"
        parser.addini(f"oracle_{name}", told, type=kind, default=None)  # type: ignore[arg-type]


def _option(name: str) -> str:
    return f"--oracle-{name.replace('_', '-')}"


def settings_of(config: pytest.Config) -> Settings:
    """Return the settings of a session.

    Raises
    ------
    pytest.UsageError
        If a value is of the wrong type or out of range, or ``[tool.oracles]`` has an unknown key.
    """
    given = {**_table(config), **_ini(config), **_command_line(config)}
    return Settings(**given)


def _command_line(config: pytest.Config) -> dict[str, Any]:
    values = {name: config.getoption(f"oracle_{name}") for name in OPTIONS}
    home = config.invocation_params.dir
    return {
        name: _checked(name, f"`{_option(name)}`", _from_text(name, value), home)
        for name, value in values.items()
        if value is not None
    }


def _ini(config: pytest.Config) -> dict[str, Any]:
    values = {name: config.getini(f"oracle_{name}") for name in OPTIONS}
    home = config.inipath.parent if config.inipath else config.rootpath
    return {
        name: _checked(name, f"`oracle_{name}`", _from_text(name, value), home)
        for name, value in values.items()
        if value
    }


def _table(config: pytest.Config) -> dict[str, Any]:
    """Return the settings of ``[tool.oracles]`` in the ``pyproject.toml`` of the root, if any."""
    path = config.rootpath / "pyproject.toml"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    if "oracles" not in text:
        return {}
    import tomllib  # noqa: PLC0415 - needed here alone

    try:
        table = tomllib.loads(text).get("tool", {}).get("oracles", {})
    except tomllib.TOMLDecodeError as error:
        raise pytest.UsageError(f"{path}: {error}") from error
    if not isinstance(table, dict):
        raise pytest.UsageError(f"{path}: `tool.oracles` (={table!r}) must be a table")
    known = {name.replace("_", "-"): name for name in _CHECKS}
    for key, value in table.items():
        if key not in known:
            raise pytest.UsageError(
                f"{path}: [tool.oracles] has no `{key}` (={value!r}); known are {', '.join(known)}"
            )
    return {
        known[key]: _checked(known[key], f"{path}: [tool.oracles] `{key}`", value, config.rootpath)
        for key, value in table.items()
    }


def _from_text(name: str, value: Any) -> Any:
    """Return the text of an option as the type of its setting, or as it is if it is none such."""
    if name in _REPEATABLE:
        return [part for text in value for part in text.split(",")]
    if name == "report":
        return value
    try:
        return int(value)
    except ValueError:
        return value


def _checked(name: str, called: str, value: Any, home: Path) -> Any:
    """Return a setting's value; `called` is what its user calls it.

    Raises
    ------
    pytest.UsageError
        If the value will not do.
    """
    try:
        found = _CHECKS[name](value)
    except (TypeError, ValueError) as error:
        raise pytest.UsageError(f"{called} (={value!r}) {error}") from error
    return home / found if name == "report" else found


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("must be an int")
    return value


def _natural(value: Any) -> int:
    if _integer(value) < 0:
        raise ValueError("must be at least 0")
    return int(value)


def _positive(value: Any) -> int:
    if _integer(value) < 1:
        raise ValueError("must be at least 1")
    return int(value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError("must be a path")
    return value


def _names(value: Any) -> tuple[str, ...]:
    """Return names from a list of them, or from one text with commas."""
    found = value.split(",") if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise TypeError("must be a name or a list of names")
    names = tuple(name.strip() for name in found if name.strip())
    if found and not names:
        raise ValueError("names nothing")
    return names


def _names_of(known: tuple[str, ...]) -> Callable[[Any], tuple[str, ...]]:
    def names(value: Any) -> tuple[str, ...]:
        found = _names(value)
        for name in found:
            if name not in known:
                raise ValueError(f"holds {name!r}; known are {', '.join(known)}")
        return found

    return names


def _limits(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("must be a table")
    limits = {name.replace("-", "_"): item for name, item in value.items()}
    try:
        make_limits(limits)
    except (TypeError, ValueError) as error:
        raise type(error)(f"will not do: {error}") from error
    return limits


_CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "seed": _natural,
    "max_examples": _positive,
    "select": _names,
    "require": _names_of(WITNESSES),
    "report": _text,
    "dtypes": _names_of(DTYPES),
    "oracles": _names_of(WITNESSES),
    "limits": _limits,
}
"""By setting, what makes of a value one that will do, or raises."""
