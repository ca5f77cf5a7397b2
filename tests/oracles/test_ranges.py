"""Numbers out of range are bad usage, in every command that takes them; no subject is convicted."""

import pytest

from oracles import cli

LIMITED = (("run", "dense"), ("replay", "here"), ("article",), ("selftest", "dense"))
SEEDED = (("run", "dense"), ("selftest", "dense"), ("soak", "dense"))


def refused(capsys, *arguments):
    with pytest.raises(SystemExit) as done:
        cli.main(arguments)
    assert done.value.code == 2
    return capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("command", LIMITED)
@pytest.mark.parametrize("limit", ["inf", "1e300", "nan", "1000001", "0.0001", "0", "-1", "soon"])
def test_a_time_limit_out_of_range_is_bad_usage(capsys, command, limit):
    told = refused(capsys, *command, "--time-limit", limit)
    name = f"oracle-diff {command[0]}"
    wanted = f"argument --time-limit: '{limit}' is not from 0.01 to 1e+06 seconds"
    assert told == f"{name}: error: {wanted}"


@pytest.mark.parametrize("command", SEEDED)
@pytest.mark.parametrize("seed", ["-3", "1.5", "x"])
def test_a_seed_out_of_range_is_bad_usage(capsys, command, seed):
    told = refused(capsys, *command, "--seed", seed)
    wanted = f"argument --seed: '{seed}' is not an int of at least 0"
    assert told == f"oracle-diff {command[0]}: error: {wanted}"


@pytest.mark.parametrize("limit", ["0.01", "1e6"])
def test_the_ends_of_the_range_are_in_it(capsys, limit):
    with pytest.raises(SystemExit) as done:
        cli.main(["run", "identity", "--oracles", "complex_step", "--max-examples", "1",
                  "--seed", "0", "--time-limit", limit, "--quiet", "--no-keep"])  # fmt: skip
    assert done.value.code == 0
    assert capsys.readouterr().out.startswith("right: ")
