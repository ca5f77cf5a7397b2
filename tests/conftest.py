"""What several test modules share: limits that send small convolutions down every path."""

from importlib import import_module

import pytest

GENERAL = {"lookup._NUMBERS": -1}
"""Nothing is small."""

CUTS = {
    "as it is": {},
    "whatever the size": GENERAL,
    "pieces": {
        **GENERAL, "plan.CACHE": 64, "plan.MOST": 512, "plan.ROWS": 2, "plan._FEW_STEPS": 1,
        "trilinear._ENOUGH": 1, "plan._STEP": 1, "plan._LONG": 1, "matrices.SMALL": 0,
        "scratch.SMALL": 0,
    },
    "shared rows": {**GENERAL, "layout._FEW_ROWS": 0, "layout._NEAR": 100, "trilinear._ENOUGH": 1},
    "pieces with shared rows": {
        **GENERAL, "plan.CACHE": 256, "plan.MOST": 1024, "plan.ROWS": 6, "layout._FEW_ROWS": 0,
        "layout._NEAR": 100, "matrices.SMALL": 0, "scratch.SMALL": 0,
    },
    "taps apart": {**GENERAL, "plan.MOST": 32, "phases._TOGETHER": 1},
    "scattered": {**GENERAL, "phases._WASTE": 0},
    "side by side": {
        **GENERAL, "threads._WORTH": 1, "threads.cores": lambda: 3, "plan.cores": lambda: 3,
        "plan.CACHE": 512, "plan._LONG": 1, "plan._STEP": 1, "trilinear._ENOUGH": 1,
        "products.ALONE": 20, "products._ROWS": 2, "products._TERMS": 3,
        "products._POSITIONS": 5, "scratch.SMALL": 0, "layout._FEW_ROWS": 0, "layout._NEAR": 100,
    },
    "scattered with shared rows": {
        **GENERAL, "phases._WASTE": 0, "layout._FEW_ROWS": 0, "layout._NEAR": 100,
        "layout._FEW_POSITIONS": -1,
    },
    "scattered in pieces": {
        **GENERAL, "phases._WASTE": 0, "plan.CACHE": 64, "plan.MOST": 512, "plan.ROWS": 2,
        "scratch.SMALL": 0,
    },
    "depthwise": {**GENERAL, "layout._FEW_POSITIONS": -1},
    "depthwise in pieces": {
        **GENERAL, "layout._FEW_POSITIONS": -1, "plan.CACHE": 64, "plan.MOST": 16, "plan.SLIDE": 64,
        "plan.ROWS": 2, "scratch.SMALL": 0,
    },
}  # fmt: skip
"""For each way to cut a convolution the limits, by module and name, that bring it about."""


def _set(monkeypatch, name, spaces=None):
    """Set the limits of a cut, in the modules or in the name spaces that stand for them."""
    for where, limit in CUTS[name].items():
        module, constant = where.split(".")
        found = import_module(f"manualgrad.{module}")
        assert hasattr(found, constant)
        monkeypatch.setattr(found, constant, limit)
        if module in (spaces or {}):
            monkeypatch.setitem(spaces[module], constant, limit)
    import_module("manualgrad.plan").plan.cache_clear()
    phases = import_module("manualgrad.phases")
    for cached in (phases.phases, phases.whole, phases.worthwhile):
        cached.cache_clear()


@pytest.fixture(autouse=True, scope="module")
def _module_directory(tmp_path_factory):
    """Counterexamples that a module's fixtures keep are of no later run, nor of the repository."""
    with pytest.MonkeyPatch.context() as moved:
        moved.chdir(tmp_path_factory.mktemp("module"))
        yield


@pytest.fixture(autouse=True)
def _directory(tmp_path, monkeypatch):
    """Counterexamples that a test keeps are of no other test; what it finds is no CI system's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


@pytest.fixture(params=CUTS)
def cut(request, monkeypatch):
    """Cut convolutions as one of CUTS does; the plans made so are forgotten afterwards."""
    with monkeypatch.context() as limits:
        _set(limits, request.param)
        yield request.param
    _set(monkeypatch, "as it is")


@pytest.fixture
def each_cut():
    """Return a generator function that sets one cut after the other, and yields its name."""

    def cuts(spaces=None):
        try:
            for name in CUTS:
                with pytest.MonkeyPatch.context() as limits:
                    _set(limits, name, spaces)
                    yield name
        finally:
            _set(None, "as it is")

    return cuts
