"""What has changed since an earlier report: frozen records; `oracles.baseline` makes them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """One operation in one dtype, then and now.

    Attributes
    ----------
    op, subject, dtype
        What was checked.
    kind
        ``new failure``, ``still wrong``, ``fixed``, ``right`` (then and now), ``added`` (not in
        the earlier report, and right) or ``gone`` (only there).
    ratio_before, ratio_now
        The subject's largest error/bound, or None on the side on which there is none.
    rate_before, rate_now
        Cases per second, or None likewise.
    """

    op: str
    subject: str
    dtype: str
    kind: str
    ratio_before: float | None = None
    ratio_now: float | None = None
    rate_before: float | None = None
    rate_now: float | None = None


@dataclass(frozen=True)
class Changes:
    """A whole report beside an earlier one.

    Attributes
    ----------
    against
        Path of the earlier report, as it was given.
    started
        When its run began (ISO 8601, UTC).
    changes
        One for each operation and dtype of either.
    """

    against: str
    started: str
    changes: tuple[Change, ...]

    def of(self, kind: str) -> tuple[Change, ...]:
        """Return the changes of one kind."""
        return tuple(change for change in self.changes if change.kind == kind)
