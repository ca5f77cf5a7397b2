"""What a run measured, as a page of Markdown."""

from __future__ import annotations

from benchmarks import checks, convolutions, growth, rates
from benchmarks.arguments import PARTS
from benchmarks.machine import Machine
from benchmarks.results import Results

PLOT = "speed.svg"
PAGE = "speed.md"


def page(results: Results) -> str:
    """Return the page; the plot lies beside it."""
    paragraphs = [
        "# Speed",
        f"Made by `{results.command}`, in one run on:",
        machine_list(results.machine),
        f"![Speed of convolutions, cost of a check, cases per second, growth]({PLOT})",
    ]
    if results.convolutions:
        paragraphs += [_title("a"), _SPEED, convolutions.table(results.convolutions)]
    if results.checks:
        paragraphs += [_title("b"), _COST, checks.table(results.checks)]
    if results.rates:
        paragraphs += [
            _title("c"), _RATES, rates.operations_table(results.rates),
            rates.sizes_table(results.rates),
        ]  # fmt: skip
    if results.growth:
        paragraphs += [
            _title("d"), _GROWTH, growth.claims_list(results.growth), _FITS,
            growth.fits_table(results.growth), growth.points_table(results.growth),
        ]  # fmt: skip
    return "\n\n".join(paragraphs) + "\n"


def _title(part: str) -> str:
    return f"## ({part}) {PARTS[part].capitalize()}"


_SPEED = (
    "Median of the rounds, plus or minus half the distance between the fastest and the slowest. "
    "Within a round manualgrad, PyTorch and jitted JAX take turns, each in a process of its own "
    "with all cores. The matrix product and the copies are NumPy's, measured after each shape. "
    "The last columns say how many times as fast manualgrad is."
)
_COST = (
    f"Fresh cases of {checks.OP} in float64 as the harness draws them, no shape twice; their "
    "elements are those of all operands and the cotangent. The harness runs the subject, the "
    "witnesses and exact arithmetic, and compares every element of the result and of all "
    "gradients. `gradcheck` and `check_grads` compare PyTorch's and JAX's own gradients with "
    "finite differences: the slow one every element, the others along random directions. JAX "
    "compiles for each fresh shape; that is part of the cost where it takes part, and no "
    "program of an earlier run is at hand. `check_grads, compiled` is the same check a second "
    "time. All take turns, case by case, with one thread each."
)
_RATES = (
    "The harness's own loop in float64: drawing, exact arithmetic, witnesses, laws. Nearly every "
    "case has a shape of its own. JAX compiles for each, and has no program of an earlier run; "
    "`once more` is the same run again with new processes, which find the programs kept. With "
    "all evidence the shape of a case is drawn on the integer lattice as well, several times, "
    "and proved: those draws count as cases in the last column of the first table alone."
)
_GROWTH = (
    "Forward and backward of manualgrad, each point in a fresh process. Workspace is the peak of "
    "what NumPy allocated beyond operands and results, as `tracemalloc` tells; resident beyond "
    "is the same by the system's account, which counts what BLAS reserves as well."
)
_FITS = (
    "The exponent is the slope of log time against log multiply-adds, where a call takes at "
    f"least {growth.OVERHEAD} times as long as the operation's fastest."
)


def machine_list(machine: Machine) -> str:
    """Return what was measured on, as a list."""
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    lines = [
        f"{machine.cpu}, {machine.cores} cores for this process, {machine.system}",
        f"{versions}; NumPy's BLAS is {machine.blas}",
        f"load average before the run: {machine.load:.2f}",
    ]
    for dtype, most in machine.ceilings.items():
        lines.append(
            f"{dtype}: matrix product (2048 x 2048) {most.gemm / 1e9:.0f} GFLOP/s; copying 64 MiB "
            f"{most.copy / 1e9:.1f} GB/s, copying {machine.cache // 4 // 2**10} KiB within the "
            f"second level cache {most.copy_in_cache / 1e9:.1f} GB/s, bytes read plus bytes "
            "written"
        )
    return "\n".join(f"- {line}" for line in lines)
