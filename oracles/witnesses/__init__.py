"""Witnesses: each answers the same case by its own means and knows of no other."""
