"""`oracle-diff`: hand-written backward passes against every oracle, on the command line.

Nothing heavy is imported until a command needs it, so that ``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn

from oracles.broken_pipe import is_lost, open_streams, say
from oracles.exit_status import BROKEN, INTERRUPTED, RIGHT
from oracles.ranges import seconds, seed

_ORACLES = ("torch", "jax", "complex_step", "finite_difference")
_COMMANDS = (
    "run", "report", "merge", "replay", "article", "prove", "selftest", "activations", "soak",
    "list",
)  # fmt: skip
_EPILOG = """\
exit status: 0 right, 1 a subject is wrong, 2 bad usage, 3 a required witness is missing or
failed, 4 the harness itself failed, or the report or the output of a run that is right could not
be written, 5 nothing was compared or could be seen, 130 interrupted, 143 told to end by SIGTERM
(run writes the report of what was done, also after 4 if it can be). With --fail-on new: 1 a
subject is wrong that was not, 5 one cannot be seen any more that could, 0 also if others are wrong
or unseen as before.
"""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run ``oracle-diff`` and exit with its status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    open_streams()
    try:
        status = _run(given)
    except SystemExit as done:  # of bad usage, of help, of a missing witness
        status = done.code if isinstance(done.code, int) else BROKEN
    except KeyboardInterrupt:
        status = INTERRUPTED
    except Exception:
        # Status 1 says that a subject is wrong; a fault of the harness must not read so.
        traceback.print_exc()
        status = BROKEN
    say("")
    # Any other status says already that this is no pass, and more than that the output is lost:
    # a wrong subject is one whoever reads of it, and the files of the report are written.
    sys.exit(BROKEN if is_lost() and status == RIGHT else status)


def _run(given: list[str]) -> int:
    parser = _parser()
    if given[:1] not in (["-h"], ["--help"], ["--version"]):
        given = given if _first_word(given) in _COMMANDS else ["run", *given]
    options = parser.parse_args(given)
    if options.version or options.command is None:
        from importlib.metadata import version  # noqa: PLC0415

        say(f"oracle-diff {version('manualgrad')}\n")
        return RIGHT
    try:
        from oracles import arguments, commands  # noqa: PLC0415
    except ModuleNotFoundError as error:
        parser.error(f"{error.name} is not installed: pip install 'manualgrad[oracles]'")
    try:
        return commands.run_command(options)
    except arguments.UsageError as error:
        parser.error(str(error))


def _first_word(given: Sequence[str]) -> str:
    """Return the first word that is neither an option of ``run`` nor an option's value, or ""."""
    run, words = argparse.ArgumentParser(), iter(given)
    _add_run_options(run)
    for word in words:
        if not word.startswith("-"):
            return word
        # An option may be shortened, and is then the one that it is the beginning of.
        named = [a for o, a in run._option_string_actions.items() if o.startswith(word)]
        if any(action.nargs != 0 for action in named):
            next(words, None)
    return ""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="oracle-diff",
        description="Compare hand-written backward passes with PyTorch, JAX and exact arithmetic.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar=f"{{{','.join(_COMMANDS)}}}")
    run = commands.add_parser("run", help="check the catalog (the default), or some of it")
    run.add_argument(
        "ops", nargs="*", metavar="OP", help="operation, or module:op or file.py:op of your own"
    )
    _add_run_options(run)
    _add_report_commands(commands)
    replay = commands.add_parser("replay", help="a kept counterexample once more")
    _add_replay_options(replay)
    article = commands.add_parser("article", help="the article's network, step by step")
    article.add_argument("--html", metavar="PATH",
        help="write it as an HTML page as well, in which every number can be changed")  # fmt: skip
    _add_witness_options(article)
    _add_scratch_option(article)
    proof = commands.add_parser("prove", help="proof by symbols, for all inputs, of small shapes")
    _add_proof_options(proof)
    strength = commands.add_parser("selftest", help="how strong a check is: wrong subjects in it")
    _add_selftest_options(strength)
    survey = commands.add_parser("activations", help="activations on every float, in ULP")
    _add_survey_options(survey)
    soak = commands.add_parser("soak", help="very many generated cases: is there a false alarm?",
                               description=_SOAK)  # fmt: skip
    _add_soak_options(soak)
    listing = commands.add_parser("list", help="operations, oracles found, versions")
    listing.add_argument("--schema", action="store_true",
        help="print the JSON Schema of report.json instead")  # fmt: skip
    return parser


def _add_run_options(run: argparse.ArgumentParser) -> None:
    _add_witness_options(run)
    _add_case_options(run)
    _add_output_options(run, kept=" and kept cases")
    _add_baseline_options(run)
    add = run.add_argument
    add("--named", action="store_true",
        help="exit 2 if no operation is named, instead of checking the catalog")  # fmt: skip
    add("--no-keep", dest="keep", action="store_false",
        help="keep no counterexample, and try none of those kept")  # fmt: skip


_REPORT = """\
Show the report of an earlier run again, and write the files that are asked for, in DIR only if
--output names it. Nothing is run. The exit status is that of the run with the same --require and
--fail-on.
"""
_MERGE = """\
Show the reports of several runs as one, for a run that was shared out over machines, and write it.
The exit status is that of one run of all. Entries keep the order of the files; the same one in two
files is taken once, another of the same operation stays beside it.
"""


def _add_report_commands(commands: Any) -> None:
    report = commands.add_parser("report", help="an earlier run's report once more",
                                 description=_REPORT)  # fmt: skip
    report.add_argument("path", metavar="REPORT.json", help="what an earlier run has written")
    merge = commands.add_parser("merge", help="several runs' reports as one", description=_MERGE)
    merge.add_argument("paths", nargs="+", metavar="REPORT.json", help="what runs have written")
    _add_output_options(report, directory=None)
    _add_output_options(merge)
    for command in (report, merge):
        _add_baseline_options(command)
        command.add_argument("--require", action="append", default=[], metavar="NAME",
            help="exit 3 if this witness was missing or died")  # fmt: skip


def _add_baseline_options(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--baseline", metavar="PATH",
        help="report.json of an earlier run: say what has changed since")  # fmt: skip
    add("--fail-on", choices=("any", "new"), default="any",
        help="new: exit 1 only for what the baseline has not as wrong (default any)")  # fmt: skip


def _add_case_options(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--dtypes", default="float32,float64", metavar="A,B", help="default: float32,float64")
    add("--max-examples", type=int, default=40, metavar="N",
        help="cases for each operation and dtype (default 40)")  # fmt: skip
    add("--seed", type=seed, metavar="S", help="from which every case follows")
    add("--limit", action="append", default=[], metavar="NAME=VALUE",
        help="limit on the generated options, e.g. stride=1, max_batch=2, square=true")  # fmt: skip
    add("--evidence", metavar="A,B",
        help="bound, lattice, proof (default: all that an operation allows)")  # fmt: skip


def _add_replay_options(replay: argparse.ArgumentParser) -> None:
    add = replay.add_argument
    add("path", metavar="PATH", help="the folder in which it is kept, or its case.json")
    add("--subject", metavar="MODULE:OP",
        help="the operation to ask, also file.py:op (default: where it was found)")  # fmt: skip
    _add_witness_options(replay)
    _add_scratch_option(replay)


def _add_proof_options(proof: argparse.ArgumentParser) -> None:
    add = proof.add_argument
    add("ops", nargs="*", metavar="OP",
        help="polynomial operation, or article (default: all of them)")  # fmt: skip
    add("--processes", type=int, default=2, metavar="N", help="side by side (default 2)")
    add("--output", default=".oracles", metavar="DIR",
        help="for proof.json and proof.md (default .oracles)")  # fmt: skip


def _add_selftest_options(strength: argparse.ArgumentParser) -> None:
    add = strength.add_argument
    strength.description = (
        "Make a subject wrong from outside in one way after another, put each to the cases that "
        "run would ask with the same options, and say what killed it, or what would have. "
        "Exit status: 0 every mutation that was reached was killed, 1 one survived or a subject is "
        "wrong before anything is done to it, 5 nothing was killed, else as for run."
    )
    add("ops", nargs="*", metavar="OP",
        help="operation, or module:op or file.py:op of your own (default: conv2d, "
        "conv_transpose2d, dense, tanh, softmax, mse_loss, without tables of kills)")  # fmt: skip
    _add_case_options(strength)
    add("--kind", metavar="A,B",
        help="result, operand, cotangent, option, rare, manners (default: all)")  # fmt: skip
    add("--only", default="*", metavar="PATTERN",
        help="mutations whose name matches, or holds this text: 'grad_w', 'stride*'")  # fmt: skip
    add("--list", action="store_true", help="name the mutations and what they are, try none")
    add("--time-limit", type=seconds, default=30.0, metavar="S",
        help="seconds for one call of the subject (default 30)")  # fmt: skip
    add("--output", default=".oracles", metavar="DIR",
        help="for selftest.json and selftest.md (default .oracles)")  # fmt: skip


def _add_survey_options(survey: argparse.ArgumentParser) -> None:
    add = survey.add_argument
    add("names", nargs="*", metavar="NAME", help="activation, also gelu_tanh (default: all)")
    add("--exhaustive", action="store_true",
        help="also all 2^32 float32 numbers, minutes for each activation; goes on where "
        "an earlier run stopped")  # fmt: skip
    add("--table", metavar="PATH", help="write the tables there as well, as Markdown")
    add("--output", default=".oracles", metavar="DIR",
        help="for activations.md and what is done so far (default .oracles)")  # fmt: skip


_SOAK = """\
Draw very many cases and judge them by exact arithmetic, without frameworks. Of the catalog, which
is meant to be right, none may be convicted. A call with the same arguments goes on where the last
one was interrupted.
"""


def _add_soak_options(soak: argparse.ArgumentParser) -> None:
    add = soak.add_argument
    add("ops", nargs="*", metavar="OP",
        help="operation, also module:op or file.py:op (default: the catalog)")  # fmt: skip
    add("--examples", type=int, default=20_000, metavar="N",
        help="cases in all, shared out evenly over operations and dtypes (default 20000, about a "
        "minute)")  # fmt: skip
    add("--seed", type=seed, metavar="S", help="from which every case follows (default: drawn)")
    add("--dtypes", default="float32,float64", metavar="A,B", help="default: float32,float64")
    add("--limit", action="append", default=[], metavar="NAME=VALUE",
        help="limit on the generated options, e.g. stride=1, max_batch=2, square=true")  # fmt: skip
    add("--evidence", metavar="A,B", help="bound, lattice (default: all that an operation allows)")
    add("--processes", type=int, default=2, metavar="N", help="side by side (default 2)")
    add("--restart", action="store_true", help="forget what an earlier call has done")
    add("--table", metavar="PATH", help="write the summary there as well, as Markdown")
    add("--output", default=".oracles", metavar="DIR",
        help="for soak.json (what is done), soak.md and kept cases (default .oracles)")  # fmt: skip


def _add_witness_options(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--oracles", default=",".join(_ORACLES), metavar="A,B",
        help=f"witnesses to ask (default {','.join(_ORACLES)}); also jax_dilated")  # fmt: skip
    add("--require", action="append", default=[], metavar="NAME",
        help="exit 3 if this witness is missing or dies")  # fmt: skip
    add("--time-limit", type=seconds, default=30.0, metavar="S",
        help="seconds for one answer of a framework (default 30)")  # fmt: skip


def _add_output_options(
    command: argparse.ArgumentParser, directory: str | None = ".oracles", kept: str = ""
) -> None:
    """Add what every command has that ends in a report: which files, and what is printed."""
    add, stated = command.add_argument, directory or "none"
    add("--output", default=directory, metavar="DIR",
        help=f"for report.json, .md, .html{kept} (default {stated})")  # fmt: skip
    add("--no-report", action="store_true", help="write no report files there")
    add("--html", metavar="PATH", help="write the report there as well, as one HTML page")
    add("--junit", metavar="PATH", help="write JUnit XML there as well, for pages of test results")
    add("--sarif", metavar="PATH", help="write SARIF there as well, for code scanning")
    add("--json", metavar="PATH",
        help="the JSON report there; - for standard output, then without all else")  # fmt: skip
    how_much = command.add_mutually_exclusive_group().add_argument
    how_much("--quiet", action="store_true", help="print the verdict alone")
    how_much("--verbose", action="store_true", help="print all that was found")


def _add_scratch_option(command: argparse.ArgumentParser) -> None:
    command.add_argument("--output", default=".oracles", metavar="DIR",
        help="for cases that kill a witness, and its log (default .oracles)")  # fmt: skip


if __name__ == "__main__":
    main()
