"""What one side writes the other reads, whatever its size, and the file is a whole message."""

import numpy as np
import pytest

from oracles.board import Reader, Writer
from oracles.case_file import load_arrays


@pytest.fixture
def sides(tmp_path):
    writer = Writer(tmp_path / "board")
    reader = Reader(tmp_path / "board")
    yield writer, reader
    writer.close()
    reader.close()


@pytest.mark.parametrize("sizes", [(3, 0, 5), (10, 200_000, 7, 300_000), (2**16, 1)])
def test_messages_replace_one_another(sides, sizes):
    writer, reader = sides
    for number, size in enumerate(sizes):
        sent = {"x": np.arange(size, dtype=np.float32), "t": np.arange(size)[::-1]}
        length = writer.write({"number": number}, sent)
        header, arrays = reader.read(length)
        assert header == {"number": number}
        assert all(np.array_equal(arrays[name], sent[name]) for name in sent)
        whole = writer.path.read_bytes()
        assert load_arrays(whole)[0] == header
        assert not any(whole[length:]), "nothing of an earlier, longer message is left behind"


def test_arrays_are_views_that_cannot_be_written(sides):
    writer, reader = sides
    length = writer.write({}, {"x": np.zeros((2, 3))})
    x = reader.read(length)[1]["x"]
    with pytest.raises(ValueError, match="read-only"):
        x[0, 0] = 1
    writer.write({}, {"x": np.ones((2, 3))})
    assert x.sum() == 6
