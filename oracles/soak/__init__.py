"""``oracle-diff soak``: generated cases by the hundred thousand, to see that none is convicted."""
