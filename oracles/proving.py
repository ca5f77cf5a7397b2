"""Runs the proof by symbols over a grid of shapes, in this process or in several."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from multiprocessing import get_all_start_methods, get_context
from typing import Any

import numpy as np

from oracles.answer import NotAnArray
from oracles.combination import Combination
from oracles.evidence import Proof
from oracles.exact.definition import Polynomial
from oracles.exact.proof import count_terms, derivatives, difference, symbols
from oracles.exact.symbol import number, unwrapped, wrapped
from oracles.foreign import type_name
from oracles.op import Case, Op
from oracles.proof_grid import grid
from oracles.subject import ask_subject

_REFUSED = "refused"

_CHUNK = 100
"""Shapes that one process proves at a time."""


class NotPolynomial(ValueError):  # noqa: N818 - tells what was asked, not what failed
    """A proof or a lattice was asked of an operation that is no polynomial."""


def polynomial_of(op: Op) -> Polynomial:
    """Return the definition of `op` as polynomials.

    Raises
    ------
    NotPolynomial
        If it is none.
    """
    found = op.definition.polynomial
    if found is None:
        raise NotPolynomial(
            f"{op.name} is not a polynomial, so neither proof nor lattice exists for it; it has "
            "derived rounding bounds (oracle-diff run), and an activation every float "
            "(oracle-diff activations)"
        )
    return found


def prove(op: Op, combinations: Iterable[Combination]) -> Proof:
    """Prove forward, gradients and second gradients of the subject of `op`, shape by shape.

    Parameters
    ----------
    op
        With a polynomial definition.
    combinations
        Shapes and options; the first that refutes ends the proof.

    Raises
    ------
    NotPolynomial
        If the operation is no polynomial.
    """
    polynomial, start = polynomial_of(op), time.perf_counter()
    shapes = terms = refused = 0
    for combination in combinations:
        found, problem, refuted = _prove_one(op, polynomial, combination)
        if problem == _REFUSED:
            refused += 1
            continue
        if problem:
            where = f"{problem}, at {_text(combination)}"
            told = ("", where) if not refuted else (where, "")
            return Proof(op.name, shapes, terms, time.perf_counter() - start, *told)
        shapes, terms = shapes + 1, terms + found
    second = op.double_backward is not None
    seconds = time.perf_counter() - start
    return Proof(op.name, shapes, terms, seconds, second_order=second, refused=refused)


def _prove_one(op: Op, polynomial: Polynomial, combination: Combination) -> tuple[int, str, bool]:
    """Return the number of terms compared, the problem or "", and whether it refutes."""
    made = symbols(op.name, _all_shapes(op, polynomial, combination), combination.options,
                   cotangent=1)  # fmt: skip
    second = op.second_names(made.case)
    true = derivatives(polynomial, made, op.gradient_names(made.case), second)
    answer = ask_subject(op, _wrapped(made.case))
    if answer.kind != "value":
        return 0, _REFUSED if answer.unsupported else answer.detail, False
    for name, expected in true.items():
        said = answer.values[name]
        if not issubclass(type(said), np.ndarray) and number(said) is None:
            return 0, f"returned {name} that {NotAnArray(type_name(said)).problem}", False
        apart = difference(made.ring, unwrapped(said), expected)
        if apart is not None:
            index, how = apart
            return 0, f"{name}{list(index) if index else ''} {how}", True
    return count_terms(made.ring, true), "", False


def _wrapped(case: Case) -> Case:
    """Return the case as the subject sees it: with symbols that NumPy does not unpack."""
    return replace(
        case,
        operands={name: wrapped(array) for name, array in case.operands.items()},
        cotangent=wrapped(case.cotangent),
        directions={name: wrapped(array) for name, array in case.directions.items()},
    )


def _all_shapes(
    op: Op, polynomial: Polynomial, combination: Combination
) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the operands, of the cotangent and of the directions."""
    shapes = dict(combination.shapes)
    zeros = [np.zeros(shape, dtype=object) for shape in shapes.values()]
    y_shape = polynomial.formula(zeros, combination.options).shape
    wanted = op.gradients if op.gradients is not None else tuple(shapes)
    directions = {f"v_{n}": shapes[n] for n in wanted if n in shapes and op.double_backward}
    cotangent = {"cotangent": y_shape} if op.takes_cotangent else {}
    return {**shapes, **cotangent, **directions}


def _text(combination: Combination) -> str:
    shapes = ", ".join(f"{name} {shape}" for name, shape in combination.shapes.items())
    options = ", ".join(f"{name}={value}" for name, value in combination.options.items())
    return f"{shapes}; {options}" if options else shapes


def prove_apart(op: Op, combinations: Sequence[Combination], *, time_limit: float) -> Proof:
    """Prove as `prove` does, in a child process: symbols may kill code that expects floats.

    Code behind a C interface may take the symbols of an object array for numbers, and die.

    Parameters
    ----------
    op, combinations
        Of `prove`.
    time_limit
        In seconds; then the subject is unproved.
    """
    if "fork" not in get_all_start_methods():
        return Proof(op.name, 0, 0, 0.0, unproved="needs a process of its own: no fork here")
    context, start = get_context("fork"), time.perf_counter()
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=lambda: sender.send(prove(op, combinations)), daemon=True)
    with warnings.catch_warnings():
        # Newer Pythons, and JAX, warn that threads do not survive a fork. The child needs none:
        # what hangs in it all the same ends with the time limit.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        child.start()
    sender.close()
    try:
        if not receiver.poll(time_limit):
            why = f"gave no answer within {time_limit:g} s"
        else:
            proof: Proof = receiver.recv()
            return proof
    except EOFError:
        why = "killed its process"
    finally:
        child.kill()
        child.join()
    return Proof(op.name, 0, 0, time.perf_counter() - start, unproved=why)


def prove_grid(
    ops: Sequence[Op],
    *,
    processes: int = 2,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> Iterator[Proof]:
    """Prove catalog operations on their whole grids, several chunks at once.

    Parameters
    ----------
    ops
        Of the catalog, since other processes find them there by name.
    processes
        How many work side by side; 1 works in this one.
    progress
        Called with the operation's name, the shapes done and their number.
    """
    for op in ops:
        polynomial_of(op)
    pool = ProcessPoolExecutor(processes, get_context("spawn")) if processes > 1 else None
    try:
        for op in ops:
            combinations = list(grid(op.name))
            chunks = [combinations[i : i + _CHUNK] for i in range(0, len(combinations), _CHUNK)]
            parts: list[Proof] = []
            for part in _parts(pool, op, chunks):
                parts.append(part)
                progress(op.name, sum(p.shapes for p in parts), len(combinations))
            yield _joined(op, parts)
    finally:
        if pool is not None:
            pool.shutdown(cancel_futures=True)


def _parts(pool: Any, op: Op, chunks: Sequence[Sequence[Combination]]) -> Iterator[Proof]:
    if pool is None:
        yield from (prove(op, chunk) for chunk in chunks)
    else:
        futures = [pool.submit(_prove_named, op.name, chunk) for chunk in chunks]
        yield from (future.result() for future in as_completed(futures))


def _prove_named(name: str, chunk: Sequence[Combination]) -> Proof:
    from oracles.catalog import ops  # noqa: PLC0415 - in the other process

    return prove(ops[name], chunk)


def _joined(op: Op, parts: Sequence[Proof]) -> Proof:
    return Proof(
        op.name,
        sum(part.shapes for part in parts),
        sum(part.terms for part in parts),
        sum(part.seconds for part in parts),
        refutation=next((part.refutation for part in parts if part.refutation), ""),
        unproved=next((part.unproved for part in parts if part.unproved), ""),
        second_order=all(part.second_order for part in parts),
        refused=sum(part.refused for part in parts),
    )
