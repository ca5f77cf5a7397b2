import numpy as np
import pytest

from oracles.answer import Answer
from oracles.compare import compare
from oracles.exact.bounded import Approximate, rationals
from oracles.op import Case
from oracles.tally import Ledger

FLOAT64 = np.dtype("float64")


def case(size, **special):
    x = np.ones(size)
    x[: len(special)] = list(special.values())
    return Case("any", {"x": x}, {}, np.ones(size))


def compared(participant, values):
    numbers = np.array([1.0, 2.0])
    truth = {"y": Approximate(rationals(numbers).value, np.full(2, 0.5))}
    return compare(participant, {"y": np.array(values)}, truth, FLOAT64)


def test_subject_and_witnesses_are_added_up():
    ledger = Ledger()
    for values in ([1.0, 2.0], [1.25, 2.0], [9.0, 2.0]):
        ledger.add_subject(compared("subject", values))
    ledger.add_witness("torch", case(2), Answer("value"), compared("torch", [1.0, 2.0]))
    subject, torch = ledger.ordered_tallies()
    assert (subject.participant, subject.cases, subject.elements) == ("subject", 3, 6)
    assert (subject.wrong_cases, subject.wrong_elements, subject.worst_ratio) == (1, 1, 16.0)
    assert (torch.participant, torch.wrong_cases) == ("torch", 0)
    assert (ledger.cases, ledger.elements) == (3, 6)


def test_pairs_of_subject_and_witness_are_added_up():
    ledger = Ledger()
    ledger.add_pair("torch", {"y": np.array([0.5, 2.0])})
    ledger.add_pair("torch", {"y": np.array([0.25]), "grad_x": np.array([])})
    y, grad_x = ledger.pairings.values()
    assert (y.witness, y.operand, y.elements, y.apart, y.worst_ratio) == ("torch", "y", 3, 1, 2.0)
    assert (grad_x.elements, grad_x.apart) == (0, 0)


def test_smallest_defect_of_each_kind_is_kept_and_counted():
    ledger = Ledger()
    wrong = compared("jax", [9.0, 2.0])
    for size in (5, 2, 7):
        ledger.add_witness("jax", case(size), Answer("value"), wrong)
    ledger.add_witness("jax", case(3, a=np.nan), Answer("value"), compared("jax", [np.nan, 2.0]))
    crash = Answer("crashed", detail="killed by SIGABRT", case_file="a.case")
    ledger.add_witness("jax", case(4), crash, [])
    ledger.add_witness("jax", case(4), Answer("rejected", detail="ValueError: no"), [])
    found = {defect.kind: defect for defect in ledger.defects.values()}
    assert (found["differs"].count, found["differs"].case.cotangent.size) == (3, 2)
    assert found["differs on NaN or infinity"].count == 1
    assert found["crashed"].sentence == "jax: crashed, killed by SIGABRT"
    assert found["crashed"].case_file == "a.case"
    assert found["rejected"].sentence == "jax: rejected, ValueError: no"


def test_special_values_beside_a_wrong_number_are_not_what_it_differs_on():
    ledger = Ledger()
    ledger.add_witness("jax", case(3, a=np.nan), Answer("value"), compared("jax", [9.0, 2.0]))
    assert [defect.kind for defect in ledger.defects.values()] == ["differs"]
    for said in ([np.inf, 2.0], [9.0, np.nan]):
        ledger.add_witness("jax", case(3, a=np.inf), Answer("value"), compared("jax", said))
    truth = {"y": Approximate(np.array([np.inf]), np.zeros(1))}
    found = compare("jax", {"y": np.ones(1)}, truth, np.dtype("float64"))
    ledger.add_witness("jax", case(3, a=np.inf), Answer("value"), found)
    assert [(d.kind, d.count) for d in ledger.defects.values()] == [
        ("differs", 1),
        ("differs on NaN or infinity", 3),
    ]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ([0.0, 2.0], "differs next to underflow"),
        ([1e-30, 2.0], "differs"),
        ([0.0, 2.5], "differs"),
        ([0.0], "differs"),
    ],
)
def test_what_is_flushed_to_zero_is_told_from_what_is_wrong(said, kind):
    truth = {"y": Approximate(np.array([1e-310, 2.0]), np.array([0.0, 1e-9]))}
    found = compare("jax", {"y": np.array(said)}, truth, np.dtype("float64"))
    ledger = Ledger()
    ledger.add_witness("jax", case(2), Answer("value"), found)
    assert [each.kind for each in ledger.defects.values()] == [kind]


def test_attendance_counts_kinds_and_names_the_missing():
    ledger = Ledger()
    for kind in ("value", "value", "rejected", "crashed", "timed out"):
        ledger.add_witness("jax", case(1), Answer(kind), [])
    jax, torch = ledger.attendance(["jax", "torch"], {"torch": "not installed"})
    assert (jax.answered, jax.rejected, jax.crashed, jax.timed_out) == (2, 1, 1, 1)
    assert (torch.answered, torch.missing) == (0, "not installed")
