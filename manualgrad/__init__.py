"""Convolutional networks with backward passes written by hand, in NumPy alone."""
