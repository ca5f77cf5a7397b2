"""When a subject is wrong or refuses: the options and shapes that all such cases have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from oracles.diagnosis.cause import FEWEST
from oracles.diagnosis.circumstance import Circumstance
from oracles.diagnosis.question import Question
from oracles.diagnosis.sums import left_over, sums_of
from oracles.op import Case, Op


def circumstances(op: Op) -> Iterator[Circumstance]:
    """Yield what cases of `op` may have, the plainest first."""
    options = op.options
    if "padding" in options:
        yield Circumstance("padding is named", "named_padding=False", _named)
    for option, default in options.items():
        limit = f"{option}={default}" if "padding" in options else "default_parameters=True"
        yield Circumstance(f"{option} is not {default}", limit, _other_than(option, default))
    if "padding" in options:
        yield Circumstance("padding is 0 along some axis", "", lambda q: _least(q.case) == 0)
    if "padding" in options:
        yield Circumstance("an option differs from axis to axis", "scalar_options=True", _tuples)
        yield Circumstance(
            "something is left over behind the last position of the kernel", "", _left_over
        )
        yield Circumstance("the kernel has more than one tap", "max_kernel=1", _wide)
        yield Circumstance("the kernel is not square", "square_kernel=True", _not_square)
        yield Circumstance("the kernel is square", "", lambda q: not _not_square(q))
        yield Circumstance("x is as high as wide", "", lambda q: not _oblong(q))
        yield Circumstance("x is not as high as wide", "square=True", _oblong)
    if op.letters:
        yield Circumstance("there is no batch", "batched=True", _unbatched)
        yield Circumstance("the batch is empty", "min_batch=1", lambda q: _batch(q) == 0)
        yield Circumstance("the batch has more than one sample", "max_batch=1", _batches)
        yield Circumstance("there is a bias", "bias=False", lambda q: "b" in q.case.operands)
        yield Circumstance("there is no bias", "bias=True", lambda q: "b" not in q.case.operands)
    yield Circumstance(
        "an array is not in C order or is read-only", "layouts=False",
        lambda q: bool(q.case.layouts),
    )  # fmt: skip
    yield Circumstance("a number is NaN, infinite or extreme", "special_values=False", _special)
    yield Circumstance("an array is empty", "min_batch=1", _empty)
    yield Circumstance("the array has no axes", "", lambda q: _first(q.case).ndim == 0)
    yield Circumstance("the array has more than one axis", "", lambda q: _first(q.case).ndim > 1)


def when(op: Op, asked: Sequence[Question], bad: Callable[[Question], bool]) -> Circumstance | None:
    """Return the first circumstance that all bad questions have and no other, or None."""
    told = [(each, bad(each)) for each in asked]
    if sum(is_bad for _, is_bad in told) < FEWEST or sum(not b for _, b in told) < FEWEST:
        return None
    return next(
        (c for c in circumstances(op) if all(c.holds(each) == is_bad for each, is_bad in told)),
        None,
    )


def together(
    op: Op, asked: Sequence[Question], bad: Callable[[Question], bool]
) -> list[Circumstance]:
    """Return circumstances of which each is always bad, and which explain all that is."""
    good = [each for each in asked if not bad(each)]
    open_ = [each for each in asked if bad(each)]
    always = [c for c in circumstances(op) if not any(c.holds(each) for each in good)]
    found: list[Circumstance] = []
    while open_ and always:
        best = max(always, key=lambda c: (sum(c.holds(q) for q in open_), bool(c.limit)))
        left = [each for each in open_ if not best.holds(each)]
        if len(left) == len(open_):
            return []
        found, open_ = [*found, best], left
    return found if not open_ else []


def _other_than(option: str, default: Any) -> Callable[[Question], bool]:
    def holds(question: Question) -> bool:
        value = question.case.options[option]
        if isinstance(value, str) and option == "padding":
            return False
        return bool(set(value) != {default} if isinstance(value, tuple) else value != default)

    return holds


def _named(question: Question) -> bool:
    return isinstance(question.case.options["padding"], str)


def _least(case: Case) -> Any:
    value = case.options["padding"]
    return min(value) if isinstance(value, tuple) else value


def _tuples(question: Question) -> bool:
    return any(isinstance(value, tuple) for value in question.case.options.values())


def _left_over(question: Question) -> bool:
    return any(left_over(sums_of(question)))


def _wide(question: Question) -> bool:
    return max(question.case.operands["w"].shape[2:]) > 1


def _not_square(question: Question) -> bool:
    return len(set(question.case.operands["w"].shape[2:])) > 1


def _oblong(question: Question) -> bool:
    return len(set(question.case.operands["x"].shape[2 - _unbatched(question) :])) > 1


def _unbatched(question: Question) -> bool:
    return question.case.operands["x"].ndim < len(question.op.letters["x"])


def _batch(question: Question) -> int:
    return -1 if _unbatched(question) else question.case.operands["x"].shape[0]


def _batches(question: Question) -> bool:
    return _batch(question) > 1


def _special(question: Question) -> bool:
    return " at flat index " in question.case.origin


def _empty(question: Question) -> bool:
    return any(array.size == 0 for array in question.case.operands.values())


def _first(case: Case) -> Any:
    return next(iter(case.operands.values()))
