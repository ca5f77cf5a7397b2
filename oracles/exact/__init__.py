"""The exact witness: definitions written as plain sums and elementary functions."""
