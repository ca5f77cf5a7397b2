"""The pytest plugin: a fixture, a marker, options. Only a test that uses them imports NumPy."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from oracles.files import check_writable, write_files
from oracles.pytest_settings import Settings, add_options, settings_of

if TYPE_CHECKING:
    from oracles.report import Report

_MARK = (
    "oracle(*names, **arguments): the operations that the test is about (see --oracle-select), "
    "and defaults of the arguments of its oracle_check"
)
_INSTALL = "{} is not installed: pip install 'manualgrad[oracles]'"


@dataclass(eq=False)  # pytest keeps its plugins in sets
class OracleSession:
    """What one pytest session is asked for and finds; in a worker of xdist, asked for alone.

    Attributes
    ----------
    settings
        What the user has set.
    seed
        From which every case follows, the same in all workers.
    found
        Each report that a test's `oracle_check` made, as JSON, after the test's node ID.
    """

    settings: Settings
    seed: int
    found: list[tuple[str, str]] = field(default_factory=list)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what a test has found, in whichever process it ran."""
        self.found += [(report.nodeid, text) for text in vars(report).get("oracle_reports", ())]

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the report of all checks."""
        path = self.settings.report
        if path is None or session.config.option.collectonly:
            return
        from oracles.pytest_summary import merged  # noqa: PLC0415 - heavy
        from oracles.reporting.json_form import json_text  # noqa: PLC0415

        stopped = exitstatus == pytest.ExitCode.INTERRUPTED
        text = json_text(merged(self.found, self.settings, self.seed, interrupted=stopped))
        write_files(str(path.parent), {path.name: text})

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show a line for each operation and dtype that was checked."""
        if not self.found:
            return
        from oracles.pytest_summary import summary_lines  # noqa: PLC0415 - heavy

        terminalreporter.section("oracles")
        width = max(80, terminalreporter.config.get_terminal_writer().fullwidth)
        for line in summary_lines(self.found, self.settings, self.seed, width):
            terminalreporter.line(line)
        if self.settings.report:
            terminalreporter.line(f"report: {self.settings.report}")


_SESSION = pytest.StashKey[OracleSession]()
_FOUND = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the options."""
    add_options(parser)
    # pytest fails on a module that it is given under two names, and this one has two: that of
    # its entry point, and its own for ``-p``.
    for name in ("oracles", __name__):
        if not pluginmanager.has_plugin(name):
            pluginmanager.set_blocked(name)


@pytest.hookimpl(trylast=True)  # Hypothesis has loaded its profile
def pytest_configure(config: pytest.Config) -> None:
    """Settle what is asked for, and refuse what cannot be had before any test is run."""
    config.addinivalue_line("markers", _MARK)
    settings = settings_of(config)
    handed = getattr(config, "workerinput", None)
    if handed is not None:
        config.stash[_SESSION] = OracleSession(settings, handed["oracle_seed"])
        return
    _check_required(settings.require)
    _check_report(settings.report)
    config.stash[_SESSION] = OracleSession(settings, _seed(config, settings))
    config.pluginmanager.register(config.stash[_SESSION], "oracle-session")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the seed to a worker of xdist."""
    node.workerinput["oracle_seed"] = node.config.stash[_SESSION].seed


def pytest_report_header(config: pytest.Config) -> str:
    """Return the versions of what is compared, none of it imported, and the seed."""
    names = ("manualgrad", "torch", "jax")
    return f"oracles: {', '.join(map(_version, names))}; seed {config.stash[_SESSION].seed}"


@pytest.hookimpl(wrapper=True)
def pytest_pycollect_makeitem() -> Generator[None, Any, Any]:
    """Refuse a test whose mark `oracle` has arguments that nothing takes."""
    made = yield
    for item in made if isinstance(made, list) else ():
        _check_marks(item)
    return made


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that are about operations of which none is selected."""
    selects = config.stash[_SESSION].settings.selects
    kept: list[pytest.Item] = []
    dropped: list[pytest.Item] = []
    for item in items:
        names = _names(item)
        (dropped if names and not any(map(selects, names)) else kept).append(item)
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept


@pytest.fixture
def oracle_check(request: pytest.FixtureRequest) -> Callable[..., Report]:
    """Return `oracles.check` that fails the test with the counterexample alone.

    ``oracle_check(op, **arguments)`` takes the arguments of `oracles.run`. What is not given
    is as in the test's mark ``oracle``, then as the session's settings have it.
    """
    try:
        from oracles.pytest_check import Checker  # noqa: PLC0415 - heavy
    except ModuleNotFoundError as error:
        pytest.fail(_INSTALL.format(error.name), pytrace=False)
    session = request.config.stash[_SESSION]
    given: dict[str, Any] = {}
    for mark in _marks(request.node):
        given = {**mark.kwargs, **given}  # the nearest mark comes first
    found = request.node.stash.setdefault(_FOUND, [])
    return Checker(session.settings, session.seed, given, found, _profile(request.config))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put what the test has found into its report, which travels to the session's process."""
    report = yield
    if found := item.stash.get(_FOUND, []):
        vars(report)["oracle_reports"] = list(found)
        found.clear()
    return report


def _seed(config: pytest.Config, settings: Settings) -> int:
    """Return the seed that is set, or that of a loaded profile that wants the same cases always."""
    if settings.seed is not None:
        return settings.seed
    if "hypothesis" in sys.modules:  # else no profile is loaded
        from oracles.profiles import loaded_profile  # noqa: PLC0415

        profile = loaded_profile(_profile(config))
        if profile is not None and profile.derandomize:
            return 0
    return random.SystemRandom().randrange(2**32)


def _profile(config: pytest.Config) -> str | None:
    """Return the profile that ``--hypothesis-profile`` names, if any."""
    return config.getoption("--hypothesis-profile", None)


def _check_required(names: Sequence[str]) -> None:
    if not names:
        return
    from oracles.workers import WITNESSES, missing_reason  # noqa: PLC0415 - heavy

    for name in names:
        reason = missing_reason(name) if name in WITNESSES else ""
        if reason:
            raise pytest.UsageError(f"required witness: {reason}")


def _check_report(path: Path | None) -> None:
    if path is None:
        return
    try:
        if path.is_dir():
            raise IsADirectoryError("it is a directory")
        check_writable(path.parent)
    except OSError as error:
        raise pytest.UsageError(f"cannot write the report to {str(path)!r}: {error}") from error


def _version(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"{package} not installed"


def _marks(item: pytest.Item) -> Iterator[pytest.Mark]:
    return item.iter_markers("oracle")


def _names(item: pytest.Item) -> list[str]:
    return [name for mark in _marks(item) for name in mark.args]


def _check_marks(item: pytest.Item) -> None:
    """Raise an error of collection if a mark `oracle` of a test will not do."""
    for mark in _marks(item):
        trouble = _trouble(mark, getattr(item, "fixturenames", ()))
        if trouble:
            raise pytest.Collector.CollectError(f"{item.nodeid}: {trouble}")


def _trouble(mark: pytest.Mark, fixtures: Sequence[str]) -> str:
    for name in mark.args:
        if not isinstance(name, str):
            return f"mark oracle takes names of operations, not {name!r}"
    if not mark.kwargs:
        return ""
    if "oracle_check" not in fixtures:
        return f"mark oracle without fixture oracle_check, but with {', '.join(mark.kwargs)}"
    from oracles.pytest_check import unknown_arguments  # noqa: PLC0415 - heavy

    return unknown_arguments(mark.kwargs)
