"""`oracle-diff article`: the article's network, step by step."""

from __future__ import annotations

from collections.abc import Sequence

from oracles.article_steps import ArticleSteps, article_steps
from oracles.reporting.article import article_text


def article_diff(
    oracles: Sequence[str], *, time_limit: float = 30.0, directory: str = ".oracles"
) -> tuple[ArticleSteps, str]:
    """Return the article's steps by everyone, and their text.

    Parameters
    ----------
    oracles
        Framework witnesses that are installed.
    time_limit
        For one answer of a framework, in seconds.
    directory
        Where a case that kills a witness is kept.
    """
    steps = article_steps(oracles, time_limit=time_limit, directory=directory)
    return steps, article_text(steps)
