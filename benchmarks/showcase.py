"""Write what the README shows: the tables of evidence and of speed, pictures of the two pages.

The report is that of ``oracle-diff --seed 2018`` unless ``--report`` names one. The pictures are
taken by a headless Chromium, of the README's own wrong example and of the article. The speed is
what ``python -m benchmarks`` has measured last.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.evidence import evidence_table
from benchmarks.markers import with_part
from oracles.files import write_files
from oracles.report_reader import load_report

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
EVIDENCE, SPEED = "evidence", "speed"
MEASURED = ROOT / "benchmarks" / "speed.md"
PICTURES = ROOT / "docs" / "pictures"
_WIDTH, _HEIGHT = 1280, 800


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.showcase", description=__doc__)
    parser.add_argument("--report", metavar="PATH", help="report.json of a run of the catalog")
    parser.add_argument("--no-pictures", action="store_true", help="the table alone")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        write_tables(given.report or str(_catalog(home) / "report.json"))
        if not given.no_pictures:
            PICTURES.mkdir(parents=True, exist_ok=True)
            for name, page in (("report", _wrong(home)), ("article", _article(home))):
                picture(page, PICTURES / f"{name}.png")
                print(f"written: {PICTURES / name}.png")


def write_tables(path: str) -> None:
    """Write the tables between the README's markers, and print them; `path` has the report."""
    tables = {
        EVIDENCE: evidence_table(load_report(path)),
        SPEED: speed_table(MEASURED.read_text(encoding="utf-8")),
    }
    text = README.read_text(encoding="utf-8")
    for name, table in tables.items():
        text = with_part(text, name, table)
        print(table, end="\n\n")
    write_files(str(README.parent), {README.name: text})


_MEANS = re.compile(
    r"^(float\d+): .* manualgrad is ([\d.]+) times as fast as torch \(least ([\d.]+)\), "
    r"([\d.]+) times as fast as jax \(least ([\d.]+)\)",
    re.MULTILINE,
)


def speed_table(page: str) -> str:
    """Return the means over all shapes that the page of speed states, as a table."""
    head = "| dtype | times torch, mean | least | times jax, mean | least |\n|---|--:|--:|--:|--:|"
    return "\n".join([head, *(f"| {' | '.join(each)} |" for each in _MEANS.findall(page))])


def _call(home: Path, *arguments: str) -> None:
    """Run ``oracle-diff``; 1 is its answer to what is wrong."""
    command = [sys.executable, "-m", "oracles.cli", *arguments]
    done = subprocess.run(command, cwd=home, check=False, stdout=subprocess.DEVNULL)
    if done.returncode not in (0, 1):
        raise SystemExit(done.returncode)


def _catalog(home: Path) -> Path:
    _call(home, "--seed", "2018", "--output", "catalog")
    return home / "catalog"


def _wrong(home: Path) -> Path:
    """Return the page of the README's example, run from a file of its own beside right ones."""
    (example,) = re.findall(r"```python\n([^`]*?)op = (?:[^`]*?)```", README.read_text("utf-8"))[:1]
    code = f"{example}op = oracles.ops.conv2d.implemented_by(conv2d, backward)\n"
    (home / "mine.py").write_text(code, encoding="utf-8")
    _call(home, "run", "mine.py:op", "conv_transpose2d", "dense", "tanh", "--seed", "2018",
          "--oracles", "torch,jax", "--output", "wrong")  # fmt: skip
    return home / "wrong" / "report.html"


def _article(home: Path) -> Path:
    _call(home, "article", "--html", "article.html")
    return home / "article.html"


def picture(page: Path, path: Path) -> None:
    """Take a picture of the first screen of a page."""
    from playwright.sync_api import sync_playwright  # not needed for the table

    executable = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        options: dict[str, Any] = {"executable_path": executable, "args": ["--no-sandbox"]}
        browser = playwright.chromium.launch(**options)
        opened = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
        opened.goto(page.resolve().as_uri())
        opened.screenshot(path=path)
        browser.close()


if __name__ == "__main__":
    main()
