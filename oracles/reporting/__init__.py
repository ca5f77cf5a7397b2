"""Renderers of a finished `oracles.Report`: they compute nothing."""
