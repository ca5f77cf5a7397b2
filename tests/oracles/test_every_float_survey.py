"""The engine: short formats in full, interruption, the command."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from oracles.every_float import engine, state, survey
from oracles.every_float.entries import ENTRIES
from oracles.every_float.kinks import kinks_of
from oracles.every_float.score import Score, Worst
from oracles.every_float.survey import Row, Survey, exhaustive, quick
from oracles.reporting.activations import activations_markdown

ONLY = ("manualgrad",)


def silent(progress):
    pass


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_manualgrad_is_right_on_every_short_float(name, kind):
    for found in engine.quick_scores(name, kind, ONLY).values():
        assert found.inputs >= 2**16 - 2**11
        assert (found.spurious, found.flushed) == (0, 0)
        assert found.ulps <= 2


def test_float64_is_surveyed():
    found = engine.quick_scores("sigmoid", "float64", ONLY)["manualgrad", "value"]
    assert found.inputs > 7000
    assert found.ulps <= 2


def test_the_blocks_make_up_the_whole():
    first, count = 0x3F000000, 5 * engine.CHUNK // 2  # not a whole number of chunks
    whole = engine.block_scores("silu", first, count, ONLY)
    half = count // 2
    parts = [engine.block_scores("silu", first + k * half, half, ONLY) for k in (0, 1)]
    assert engine.added(*parts) == whole
    assert whole["manualgrad", "value"].inputs == count


def test_around_the_zero_of_a_derivative_truth_comes_from_balls():
    first = int(np.array([-1.2784645], np.float32).view(np.uint32)[0]) - 200
    found = engine.block_scores("silu", first, 400, ONLY)["manualgrad", "derivative"]
    assert found.ulps <= 1


class StopHereError(Exception):
    pass


def run(home, show=silent, executor=None):
    with executor or ThreadPoolExecutor(1) as pool:
        return exhaustive(["tanh", "relu"], ONLY, home=home, executor=pool, show=show,
                          inputs=2**14, block=2**12)  # fmt: skip


def test_an_interrupted_run_goes_on_to_the_same_totals(tmp_path):
    whole = run(tmp_path / "whole")

    def interrupt(progress):
        if progress.done == 3:
            raise StopHereError

    with pytest.raises(StopHereError):
        run(tmp_path / "cut", interrupt)
    steps = []
    assert run(tmp_path / "cut", lambda progress: steps.append(progress.steps)) == whole
    assert steps == [5] * 5
    assert [row.score.inputs for row in whole] == [2**14] * 4
    assert run(tmp_path / "cut", steps.append) == whole
    assert len(steps) == 5  # nothing was left to do


def test_a_state_of_other_code_or_half_a_file_is_not_gone_on_with(tmp_path):
    run(tmp_path)
    path = tmp_path / "every_float" / "tanh.json"
    key = json.loads(path.read_text())["key"]
    assert state.read_state(tmp_path, "tanh", key).done == {0, 1, 2, 3}
    assert not state.read_state(tmp_path, "tanh", "other").done
    path.write_text(path.read_text()[:50])
    assert not state.read_state(tmp_path, "tanh", key).done


def test_the_key_tells_participants_apart():
    keys = {state.state_key(ONLY, 16), state.state_key(("manualgrad", "jax"), 16),
            state.state_key(ONLY, 32)}  # fmt: skip
    assert len(keys) == 3


def test_kinks_are_the_knots_where_the_derivative_jumps():
    assert [(k.x, k.left, k.right) for k in kinks_of("relu6", ONLY)] == [(0, 0, 1), (6, 1, 0)]
    assert kinks_of("relu6", ONLY)[1].answers == {"manualgrad": 0.0}
    assert kinks_of("elu", ONLY) == kinks_of("softsign", ONLY) == kinks_of("gelu", ONLY) == []


def test_frameworks_answer(tmp_path):
    names = ("manualgrad", "torch", "jax")
    for name in names[1:]:
        pytest.importorskip(name)
    with survey.worker_processes() as executor:
        found = quick(["tanh", "hardtanh"], names, executor=executor, show=silent)
    by = {(r.kind, r.activation, r.part, r.participant): r.score for r in found.rows}
    assert len(by) == 2 * 2 * (3 + 3 + 2) + 2 * 3  # and the second derivatives
    assert by["bfloat16", "tanh", "value", "torch"].ulps < 2
    assert by["bfloat16", "hardtanh", "derivative", "torch"].spurious == 0  # NaN may choose
    assert not found.failures
    assert "## Derivatives at kinks" in activations_markdown(found)


def a_survey(score, kind="float32", who="manualgrad"):
    return Survey(ONLY, (Row(kind, "tanh", "value", who, score),), ())


def test_the_verdict():
    off = Score(8, 1, worst=Worst(2.5, 0.15625, 1.0, 2.0))
    assert a_survey(off).failures
    assert a_survey(Score(8, 1, flushed=1)).failures
    assert a_survey(Score(8, 1, nans=1)).failures
    assert not a_survey(off, "float64").failures
    assert not a_survey(off, who="jax").failures
    assert "| 2.500 | 0x1.4p-3 (0.15625) | 12.500% | 0 |  | 0 |" in (
        activations_markdown(a_survey(off))
    )


def call(*arguments, cwd):
    command = [sys.executable, "-m", "oracles.cli", "activations", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def test_the_command_writes_its_tables(tmp_path):
    done = call("arctan", "--table", "docs/table.md", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "docs/table.md").read_text()
    assert text.startswith("# Activations\n\n**right")
    assert text == (tmp_path / ".oracles/activations.md").read_text()
    assert text in done.stdout
    assert "5/5 arctan, 0:00 left" in done.stderr


def test_an_unknown_name_is_a_usage_error(tmp_path):
    done = call("gellu", cwd=tmp_path)
    assert done.returncode == 2
    assert "no activation 'gellu'; the nearest name is 'gelu'" in done.stderr
