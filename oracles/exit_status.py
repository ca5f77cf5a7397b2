"""Exit statuses of ``oracle-diff``."""

RIGHT = 0
WRONG = 1
WITNESS_FAILED = 3
BROKEN = 4
NOTHING = 5
INTERRUPTED = 130
TERMINATED = 143
