"""The article, illustrated: what its page holds, and the script that computes in it."""
