"""What a soak is made of: chunks of cases, each with a seed of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from oracles.limits import Limits

CHUNK = 250
"""Cases of a chunk: a fraction of a second, or a few, of work."""

_SEED_BYTES = 6  # every JSON reader keeps such a number whole


@dataclass(frozen=True)
class Chunk:
    """Some cases of one operation in one dtype.

    Attributes
    ----------
    op
        Its name in the catalog, or the text by which `oracles.user_ops.load_op` finds it.
    dtype
        Of the cases.
    number
        Of the chunk among those of this operation and dtype, from 0.
    cases
        How many are drawn.
    seed
        From which they follow; see `chunk_seed`.
    """

    op: str
    dtype: str
    number: int
    cases: int
    seed: int

    @property
    def pair(self) -> tuple[str, str]:
        """Operation and dtype."""
        return self.op, self.dtype

    @property
    def name(self) -> str:
        """The name under which what became of it is kept."""
        return f"{self.op} {self.dtype} {self.number}"


@dataclass(frozen=True)
class Plan:
    """Everything that the result depends on, but for code and versions.

    Attributes
    ----------
    seed
        From which the seeds of all chunks follow.
    examples
        Cases in all, shared out evenly.
    pairs
        Operations and dtypes.
    limits
        The user's, on what is generated.
    lattice
        Whether polynomial operations are drawn on their lattices as well.
    named
        The operations that were named; none for the whole catalog.
    """

    seed: int
    examples: int
    pairs: tuple[tuple[str, str], ...]
    limits: Limits
    lattice: bool = True
    named: tuple[str, ...] = ()

    def shares(self) -> dict[tuple[str, str], int]:
        """Return the cases of each operation and dtype; the first have one more, if need be."""
        each, rest = divmod(self.examples, max(1, len(self.pairs)))
        return {pair: each + (number < rest) for number, pair in enumerate(self.pairs)}

    def chunks(self) -> Iterator[Chunk]:
        """Yield the first chunk of every operation and dtype, then the second of each, ..."""
        shares = self.shares()
        for number in range(-(-max(shares.values(), default=0) // CHUNK)):
            for (op, dtype), share in shares.items():
                cases = min(CHUNK, share - number * CHUNK)
                if cases > 0:
                    seed = chunk_seed(self.seed, op, dtype, number)
                    yield Chunk(op, dtype, number, cases, seed)


def chunk_seed(seed: int, op: str, dtype: str, number: int) -> int:
    """Return the seed of a chunk, the same in every run and on every machine."""
    digest = sha256(f"{seed} {op} {dtype} {number}".encode()).digest()
    return int.from_bytes(digest[:_SEED_BYTES], "big")
