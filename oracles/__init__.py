"""Oracles for hand-written backward passes: who is wrong, where, by how much, and why."""
