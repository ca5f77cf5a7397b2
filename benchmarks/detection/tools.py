"""The tools that people use today: what each is called, and can be asked; a process for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from benchmarks.detection import jax_tool, torch_tools
from benchmarks.detection.questions import questions
from benchmarks.detection.subjects import KINDS, Subject
from benchmarks.detection.trial import Check, Trial, tried
from oracles.catalog import ops
from oracles.plugging import DTYPES


@dataclass(frozen=True)
class Tool:
    """A tool, with numbers of one dtype.

    Attributes
    ----------
    name
        As the tables show it.
    check
        Raises if the tool convicts.
    prepare
        Imports what it needs.
    dtype
        In which wrong implementations are put to it.
    backward
        Whether it looks at the backward alone, and at the forward only to differentiate it.
    """

    name: str
    check: Check
    prepare: Callable[[], None]
    dtype: str
    backward: bool

    @property
    def dtypes(self) -> tuple[str, ...]:
        """In which right code is put to it."""
        return DTYPES if self.backward else (self.dtype,)


TOOLS = {
    tool.name: tool
    for tool in (
        Tool("gradcheck", partial(torch_tools.gradcheck, fast=False), torch_tools.prepare,
             "float64", backward=True),
        Tool("gradcheck, fast mode", partial(torch_tools.gradcheck, fast=True),
             torch_tools.prepare, "float64", backward=True),
        Tool("check_grads", jax_tool.check_grads, jax_tool.prepare, "float64", backward=True),
        Tool("assert_close, float32", torch_tools.assert_close, torch_tools.prepare, "float32",
             backward=False),
        Tool("assert_close, float64", torch_tools.assert_close, torch_tools.prepare, "float64",
             backward=False),
    )
}  # fmt: skip
"""By name, in the order of the tables."""


def cannot(tool: Tool, subject: Subject) -> str:
    """Return why a tool cannot be asked about a subject, or ""."""
    op = subject.make()
    if op.double_backward is not None:
        return "second derivatives of NumPy code"
    if tool.dtype not in op.dtypes or tool.dtype not in subject.dtypes:
        return f"wrong in {' and '.join(subject.dtypes)} alone"
    if tool.backward and op.backward is None:
        return "no backward"
    if "torch" not in op.references and not tool.backward:
        return "no reference in PyTorch"
    return ""


Answer = Callable[[str, str, str, int, float, bool], Trial]


def serving(name: str) -> Answer:
    """Return, in a process of its own, what answers for the tool `name`.

    The answer to ``(kind, title, dtype, cases, budget, once)`` is a `Trial`.
    """
    tool = TOOLS[name]
    tool.prepare()

    def answer(kind: str, title: str, dtype: str, cases: int, budget: float, once: bool) -> Trial:
        op = KINDS[kind]()[title].make()
        asked = questions(op, cases, dtype)
        return tried(tool.check, op, asked, budget=budget, once=once)

    # What the first check costs once is start-up.
    tried(tool.check, ops["dense"], questions(ops["dense"], 3, tool.dtype), budget=60, once=False)
    return answer
