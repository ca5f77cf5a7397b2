"""Exit statuses of ``oracle-diff``."""

RIGHT = 0
WRONG = 1
WITNESS_FAILED = 3
NOTHING = 5
INTERRUPTED = 130
