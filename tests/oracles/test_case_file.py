import numpy as np
import pytest

from oracles.case_file import dump_arrays, dump_case, load_arrays, load_case
from oracles.op import Case


def make_case():
    operands = {
        "x": np.array([[np.nan, -0.0], [5e-324, np.inf]]).T,
        "target": np.array([1, 2], dtype=np.int64),
        "empty": np.zeros((0, 3)),
    }
    options = {"stride": (1, 2), "padding": "same", "layers": (("tanh", 0, {"a": (1, 2)}),)}
    return Case("conv2d", operands, options, np.array(1.5), {"x": "Fortran"}, "by hand")


def test_a_case_comes_back_bit_for_bit():
    case = make_case()
    other = load_case(dump_case(case))
    assert list(other.operands) == list(case.operands)
    for name, array in case.operands.items():
        assert other.operands[name].dtype == array.dtype
        assert other.operands[name].shape == array.shape
        assert other.operands[name].tobytes() == array.tobytes()
    assert other.cotangent.tobytes() == case.cotangent.tobytes()
    assert (other.op, other.options, other.layouts, other.origin) == (
        case.op, case.options, case.layouts, case.origin,
    )  # fmt: skip


@pytest.mark.parametrize("length", [0, 5, 20, 100, -1])
def test_truncated_file(length):
    with pytest.raises(ValueError, match=r"truncated case file|not a case file"):
        load_case(dump_case(make_case())[:length])


def test_bytes_left_over():
    with pytest.raises(ValueError, match="belong to the case"):
        load_case(dump_case(make_case()) + b"x")
    with pytest.raises(ValueError, match="belong to the case"):
        load_case(dump_case(make_case()) + b"\0\0x\0")
    assert load_case(dump_case(make_case()) + bytes(99)).op == make_case().op


def test_other_schema_version():
    with pytest.raises(ValueError, match="schema version 99, this is 2"):
        load_case(dump_arrays({"schema_version": 99}, {}))


def test_objects_are_never_read():
    data = dump_arrays({}, {"x": np.zeros(1)}).replace(b'"<f8"', b'"|O8"')
    with pytest.raises(ValueError, match=r"dtype '\|O8'; known are <f2"):
        load_arrays(data)
