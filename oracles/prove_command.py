"""``oracle-diff prove``: the grid of shapes, and the article's theorem."""

from __future__ import annotations

import json
import time
from argparse import Namespace
from collections.abc import Sequence

from oracles.article_steps import PUBLISHED
from oracles.article_theorem import ArticleTheorem, prove_article
from oracles.broken_pipe import say
from oracles.evidence import Proof
from oracles.exit_status import RIGHT, WRONG
from oracles.files import write_files
from oracles.op import Op
from oracles.progress import bar
from oracles.proof_grid import grid
from oracles.proving import prove_grid
from oracles.reporting.json_form import plain
from oracles.reporting.proof import LEDGER_HEAD, ledger_row, ledger_total
from oracles.reporting.theorem import theorem_text


def prove_command(options: Namespace, chosen: Sequence[Op], *, article: bool) -> int:
    """Prove operations and, if asked, the article's theorem; print and write the ledger."""
    start = time.perf_counter()
    proofs = _ledger(chosen, options.processes)
    text = ledger_total(proofs) + "\n" if proofs else ""
    theorem = prove_article() if article else None
    text += f"\n{theorem_text(theorem)}" if theorem else ""
    right = all(proof.holds for proof in proofs) and (theorem is None or _holds(theorem))
    text += f"\n{_verdict(proofs, theorem, right)}, {time.perf_counter() - start:.0f} s\n"
    say(text)
    rows = "\n".join([LEDGER_HEAD, *map(ledger_row, proofs), text])
    found = {"right": right, "proofs": plain(proofs), "article": plain(theorem)}
    written = write_files(
        options.output,
        {
            "proof.json": json.dumps(found, indent=1),
            "proof.md": f"# Proofs\n\n```text\n{rows}```\n",
        },
    )
    say(f"report: {' '.join(written)}\n")
    return RIGHT if right else WRONG


def _ledger(chosen: Sequence[Op], processes: int) -> list[Proof]:
    """Prove every operation, printing rows as they come and progress on a terminal."""
    proofs: list[Proof] = []
    if not chosen:
        return proofs
    say(f"{LEDGER_HEAD}\n")
    total = sum(1 for op in chosen for _ in grid(op.name))
    with bar() as drawn:
        task = drawn.add_task("", total=total, count="")

        def show(name: str, done: int, of: int) -> None:
            before = sum(proof.shapes for proof in proofs)
            count = f"{done}/{of} shapes"
            drawn.update(task, completed=before + done, description=name, count=count)

        for proof in prove_grid(chosen, processes=processes, progress=show):
            proofs.append(proof)
            drawn.stop()  # it stands on another stream, where the row is to go
            say(f"{ledger_row(proof)}\n")
            drawn.start()
    return proofs


def _holds(theorem: ArticleTheorem) -> bool:
    """Whether the theorem is proved, and every published version refuted."""
    return theorem.proved and set(theorem.versions) == set(PUBLISHED)


def _verdict(proofs: Sequence[Proof], theorem: ArticleTheorem | None, right: bool) -> str:
    if not right:
        return "NOT PROVED"
    shapes = f"{sum(proof.shapes for proof in proofs)} shapes proved" if proofs else ""
    about = "the article's theorem proved, both published versions refuted" if theorem else ""
    return "; ".join(part for part in (shapes, about) if part)
