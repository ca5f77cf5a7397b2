"""A folder from anywhere is read to the same bits, or refused in one line; nothing in it is run."""

import io
import json
import os
import pickle
import struct
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from oracles.answer import Answer
from oracles.array_bundle import MOST_BYTES
from oracles.counterexample_file import ARRAYS, CASE, SCRIPT, Counterexample, write
from oracles.counterexample_reading import Unreadable, read
from oracles.op import Case


def made(**changes):
    rng = np.random.default_rng(7)
    x = rng.standard_normal((2, 3)).astype(np.float32)
    x[0, 0], x[1, 2] = np.nan, -0.0
    case = Case(
        "own",
        {"x": x, "0.w": x[:, :1].copy(), "target": np.array([1, 2])},
        {"stride": (1, 2), "slope": 0.1, "layers": (("tanh", 0, {"a": (1, 2)}),)},
        rng.standard_normal((3, 2)).astype(np.float32).T,
        {"x": "Fortran", "cotangent": "reversed"},
        "by hand;\nin two lines",
        {"x": -x},
        lattice=4,
    )
    answer = Answer("value", {"y": -x.T, "grad_x": np.array([0.1]), "grad_w": [1]}, detail="a\nb")
    found = Counterexample("own", "own.forward", "own.py:op", case, {"stride": 1}, 5, answer,
                           ("y: WRONG",), {"y": ("1", "0 to 2")}, {"y": [{"index": [0]}]},
                           {"numpy": "2"})  # fmt: skip
    return replace(found, **changes)


def bits(arrays):
    return {name: (a.dtype, a.shape, a.tobytes()) for name, a in arrays.items()}


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "kept"
    write(path, made(), "raise SystemExit\n")
    return path


def test_everything_comes_back_bit_for_bit(folder):
    wrote, found = made(), read(folder)
    assert bits(found.case.arrays) == bits(wrote.case.arrays)
    assert list(found.case.operands) == list(wrote.case.operands)
    for name in ("op", "options", "layouts", "lattice"):
        assert getattr(found.case, name) == getattr(wrote.case, name)
    assert found.case.origin == "by hand; in two lines"
    assert list(found.case.directions) == ["x"]
    for name in ("op", "subject", "spec", "limits", "seed", "sentences", "truth", "worst",
                 "versions"):  # fmt: skip
        assert getattr(found, name) == getattr(wrote, name)
    assert (found.answer.kind, found.answer.detail) == ("value", "a\nb")
    values = {name: value for name, value in wrote.answer.values.items() if name != "grad_w"}
    assert bits(found.answer.values) == bits(values)
    assert json.loads((folder / CASE).read_text())["answer"]["left_out"] == {"grad_w": "list"}
    assert read(folder / CASE).path == found.path == str(folder)


def test_folder_is_written_whole_or_not_at_all(tmp_path):
    for changes, message in [
        ({"case": replace(made().case, options={"a": [1]})}, "not what JSON can hold"),
        ({"case": replace(made().case, options={"a": np.inf})}, "not JSON compliant"),
        ({"case": replace(made().case, operands={"subject_x": np.ones(1)})}, "cannot be written"),
        ({"case": replace(made().case, operands={"../x": np.ones(1)})}, "cannot be written"),
    ]:
        with pytest.raises(ValueError, match=message):
            write(tmp_path / "home" / "kept", made(**changes), "")
    assert list(tmp_path.glob("home/*")) == []


def test_folder_that_exists_stays_as_it_is(folder):
    before = (folder / CASE).stat().st_mtime_ns
    write(folder, made(seed=6), "")
    assert read(folder).seed == 5
    assert (folder / CASE).stat().st_mtime_ns == before
    assert sorted(path.name for path in folder.parent.iterdir()) == ["kept"]
    assert sorted(path.name for path in folder.iterdir()) == sorted([ARRAYS, CASE, SCRIPT])


def refused(folder, message):
    with pytest.raises(Unreadable) as caught:
        read(folder)
    text = str(caught.value)
    assert message in text
    assert text.startswith(f"{folder} is no counterexample: ")
    assert text.isprintable()
    assert len(text) < 500


@pytest.mark.parametrize("name", [CASE, ARRAYS])
def test_missing_file(folder, name):
    (folder / name).unlink()
    refused(folder, f"there is no file {name}")


def test_pipe_in_place_of_a_file_does_not_hang(folder):
    (folder / CASE).unlink()
    os.mkfifo(folder / CASE)
    refused(folder, "there is no file case.json")


@pytest.mark.parametrize("share", [0, 0.3, 0.99])
def test_truncated_json(folder, share):
    text = (folder / CASE).read_text()
    (folder / CASE).write_text(text[: int(share * len(text))])
    refused(folder, "case.json is not JSON")


@pytest.mark.parametrize("share", [0, 0.3, 0.7, 0.99])
def test_truncated_arrays(folder, share):
    data = (folder / ARRAYS).read_bytes()
    (folder / ARRAYS).write_bytes(data[: int(share * len(data))])
    refused(folder, "arrays.npz is damaged")


def test_changed_number_in_the_arrays(folder):
    data = bytearray((folder / ARRAYS).read_bytes())
    data[data.index(made().case.operands["x"].tobytes()) + 9] ^= 1
    (folder / ARRAYS).write_bytes(data)
    refused(folder, "Bad CRC-32")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "case.json holds a list, not an object"),
        ("nope", "case.json is not JSON"),
        ("[" * 100_000, ""),
        ("{}", "schema version None, this is 1"),
        ('{"schema_version": true}', "schema version True, this is 1"),
    ],
)
def test_other_json(folder, text, message):
    (folder / CASE).write_text(text)
    refused(folder, message)


def test_json_of_absurd_size(folder):
    with (folder / CASE).open("r+") as file:
        file.truncate(2**26 + 1)  # of holes
    refused(folder, "case.json has 67108865 bytes, more than 67108864")


def test_bytes_that_are_no_text(folder):
    (folder / CASE).write_bytes(b"\xff\xfe{}")
    refused(folder, "case.json is not JSON")


def changed(folder, change):
    record = json.loads((folder / CASE).read_text())
    change(record)
    (folder / CASE).write_text(json.dumps(record))


X = {"dtype": "float32", "shape": [2, 3]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema_version": 2}, "schema version 2, this is 1"),
        ({"op": 3}, "`op` (='3') must be a str"),
        ({"op": "a\x1b[31m"}, "`op` holds characters that cannot be printed"),
        ({"subject": "a\x07"}, "`subject` holds characters that cannot be printed"),
        ({"origin": "a\x1b"}, "`origin` holds characters that cannot be printed"),
        ({"seed": True}, "`seed` (='True') must be a int"),
        ({"lattice": 1.5}, "`lattice` (='1.5') must be a int"),
        ({"options": []}, "`options` (='[]') must be a dict"),
        ({"options": {"a b": 1}}, "no option has the name 'a b'"),
        ({"layouts": {"x": "spiral"}}, "'x' cannot have the memory layout 'spiral'"),
        ({"layouts": {"z": "Fortran"}}, "'z' cannot have the memory layout 'Fortran'"),
        ({"operands": ["x"]}, "the case has 'x', 'cotangent', 'v_x', the arrays are"),
        ({"operands": ["x", "x", "0.w", "target"]}, "the case has 'x', 'x', '0.w'"),
        ({"operands": [["x"]]}, "`operands` must hold texts alone"),
        ({"operands": {"x": "x"}}, "`operands` (=\"{'x': 'x'}\") must be a list"),
        ({"directions": []}, "the arrays are"),
        ({"dtype": "float64"}, "the array x has dtype float32, the case has float64"),
        ({"dtype": "float16"}, "`dtype` (='float16') must be float32 or float64"),
        ({"limits": {"strid": 1}}, "`strid` (=1) is no limit"),
        ({"limits": {"stride": 0}}, "`stride` (=0) must be at least 1"),
        ({"answer": {"kind": "asleep", "detail": ""}}, "`kind` (='asleep') is no kind of answer"),
        ({"answer": {"kind": [], "detail": ""}}, "`kind` (='[]') is no kind of answer"),
        ({"truth": {"y": [1]}}, "`y` must hold texts alone"),
        ({"spec": "/tmp/own.py:op"}, "'/tmp/own.py:op' is not a file below the current directory"),
        ({"spec": "../own.py:op"}, "'../own.py:op' is not a file below the current directory"),
        ({"spec": "a/../../b.py:op"}, "is not a file below the current directory"),
        ({"spec": "os:system('x')"}, "is neither module:name nor path/to/file.py:name"),
        ({"arrays": []}, "`arrays` (='[]') must be a dict"),
        ({"arrays": {"../x": X}}, "an array cannot have the name '../x'"),
        ({"arrays": {"/x": X}}, "an array cannot have the name '/x'"),
        ({"arrays": {"x": 3}}, "the array x cannot have the shape None"),
        ({"arrays": {"x": {**X, "shape": [-1]}}}, "the array x cannot have the shape [-1]"),
        ({"arrays": {"x": {**X, "shape": [1.0]}}}, "the array x cannot have the shape [1.0]"),
        ({"arrays": {"x": {**X, "shape": [1] * 17}}}, "the array x cannot have the shape [1, 1"),
        ({"arrays": {"x": {**X, "dtype": "object"}}}, "the array x cannot have the dtype 'object'"),
        ({"arrays": {"x": {**X, "dtype": ["f4"]}}}, "the array x cannot have the dtype \"['f4']"),
        ({"arrays": {"x": {**X, "shape": [2**28 + 1]}}}, f"more than {MOST_BYTES}"),
        ({"arrays": {"x": {**X, "shape": [0, 2**60]}}}, f"more than {MOST_BYTES}"),
        ({"arrays": {"x": {**X, "shape": [2**27]}, "y": {**X, "shape": [2**27 + 1]}}}, "more than"),
    ],
)  # fmt: skip
def test_json_that_lies(folder, changes, message):
    changed(folder, lambda record: record.update(changes))
    refused(folder, message)


@pytest.mark.parametrize(
    ("shape", "dtype", "message"),
    [
        ([3, 2], "float32", "x.npy is float32 of shape (2, 3), the JSON says float32 of shape (3"),
        ([2, 3], "int32", "x.npy is float32 of shape (2, 3), the JSON says int32 of shape (2, 3)"),
        (
            [2, 4],
            "float32",
            "x.npy is float32 of shape (2, 3), the JSON says float32 of shape (2, 4)",
        ),
        ([2**20], "float32", "x.npy has 152 bytes, an array of (1048576,) has not"),
        ([0], "float32", "x.npy is float32 of shape (2, 3), the JSON says float32 of shape (0,)"),
    ],
)
def test_arrays_other_than_the_json_says(folder, shape, dtype, message):
    changed(folder, lambda record: record["arrays"]["x"].update(shape=shape, dtype=dtype))
    refused(folder, message)


def members(folder):
    with zipfile.ZipFile(folder / ARRAYS) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def rewritten(folder, entries, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(folder / ARRAYS, "w", compression) as bundle:
        for name, data in entries:
            bundle.writestr(name, data)


def test_members_missing_in_excess_twice_or_elsewhere(folder):
    entries = members(folder)
    every = list(entries.items())
    for changed_entries in (
        every[1:],
        [*every, ("extra.npy", every[0][1])],
        [*every, ("../evil.npy", every[0][1])],
        [("/etc/x.npy", entries["x.npy"]), *(e for e in every if e[0] != "x.npy")],
        [("x", entries["x.npy"]), *(e for e in every if e[0] != "x.npy")],
        [],
    ):
        rewritten(folder, changed_entries)
        refused(folder, "arrays.npz holds ")
    with pytest.warns(UserWarning, match="Duplicate name"):
        rewritten(folder, [*every, every[0]])
    refused(folder, "arrays.npz holds ")
    rewritten(folder, every)
    assert read(folder).seed == 5


class Planted:
    """Runs if it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("executed",)


def test_pickled_array_is_never_unpickled(folder, tmp_path):
    entries = members(folder)
    objects = io.BytesIO()
    np.lib.format.write_array(objects, np.array([Planted()] * 6).reshape(2, 3), (1, 0))
    for data, message in [
        (objects.getvalue(), "x.npy is object of shape (2, 3), the JSON says float32"),
        (pickle.dumps(Planted()) + bytes(30), "x.npy is no array: the magic string is not correct"),
    ]:
        rewritten(folder, {**entries, "x.npy": data}.items())
        refused(folder, message)
    assert not (tmp_path / "executed").exists()
    (folder / ARRAYS).write_bytes(pickle.dumps(Planted()))
    refused(folder, "arrays.npz is damaged: File is not a zip file")
    assert not (tmp_path / "executed").exists()


def npy(header, data):
    text = header.encode() + b" " * (-(10 + len(header) + 1) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776,)}", "of shape (10995"),
        ("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3)}", "x.npy is float32"),
        ("{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3)}", "x.npy is >f4"),
        ("{'descr': '|O', 'fortran_order': False, 'shape': (2, 3)}", "x.npy is object"),
        ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 3)}", "x.npy is [("),
        ("__import__('os').mkdir('executed')", "x.npy is no array: malformed node"),
        ("{'descr': '<f4'}", "x.npy is no array: Header does not contain the correct keys"),
    ],
)
def test_header_that_lies(folder, tmp_path, header, message):
    data = npy(header, made().case.operands["x"].tobytes())
    rewritten(folder, {**members(folder), "x.npy": data}.items())
    refused(folder, message)
    assert not (tmp_path / "executed").exists()


def test_other_version_of_the_array_format(folder):
    entries = members(folder)
    data = entries["x.npy"][:6] + b"\x02" + entries["x.npy"][7:]
    rewritten(folder, {**entries, "x.npy": data}.items())
    refused(folder, "x.npy is no array: another version of the format")


def test_numbers_in_excess(folder):
    entries = members(folder)
    rewritten(folder, {**entries, "x.npy": entries["x.npy"] + b"\0"}.items())
    refused(folder, "x.npy has bytes left over")


def test_compressed_file_is_refused_unread(folder):
    """So no few bytes become many."""
    changed(folder, lambda record: record["arrays"]["x"].update(shape=[2**22]))
    data = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4194304,)}", bytes(2**24))
    rewritten(folder, {**members(folder), "x.npy": data}.items(), zipfile.ZIP_DEFLATED)
    assert (folder / ARRAYS).stat().st_size < 2**17
    refused(folder, "is compressed or encrypted")


def test_file_of_absurd_size(folder):
    with (folder / ARRAYS).open("r+b") as file:
        file.truncate(2 * MOST_BYTES)  # of holes
    refused(folder, "arrays.npz has 2147483648 bytes, more than")
