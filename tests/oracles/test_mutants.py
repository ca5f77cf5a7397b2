"""Every mutant is convicted within 200 cases of each dtype, and no equivalent one is."""

from oracles.hunting import hunt
from oracles.runner import Runner
from tests.oracles.mutants import MUTANTS

SEED = 18
CASES = 200


def hunted(mutant, dtype, seed=SEED):
    with Runner(oracles=(), max_examples=CASES, seed=seed, keep=False) as runner:
        return hunt(runner, mutant.subject(), [dtype]).conviction


def test_every_mutant_is_convicted_in_each_of_its_dtypes():
    for each in MUTANTS:
        for dtype in each.dtypes:
            assert hunted(each, dtype) is not None, (each.title, dtype)
