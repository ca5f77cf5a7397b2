"""Settings profiles for Hypothesis, which calls `register` once it has been imported."""

from __future__ import annotations

from hypothesis import settings


def register() -> None:
    """Register the profiles ``oracle-gate`` and ``oracle-nightly`` with Hypothesis.

    ``oracle-gate`` examines the same cases in every run; ``oracle-nightly`` 1000 others each
    time. Neither has a deadline: exact arithmetic takes as long as it takes.
    """
    default = settings.get_profile("default")  # whatever profile CI has loaded by itself
    settings.register_profile(
        "oracle-gate",
        parent=default,
        derandomize=True,
        database=None,
        deadline=None,
        print_blob=True,
    )
    settings.register_profile(
        "oracle-nightly", parent=default, derandomize=False, max_examples=1000, deadline=None
    )


def loaded_profile(named: str | None) -> settings | None:
    """Return the profile that the user has loaded, or None.

    Hypothesis's own ``default`` and ``ci``, which it loads by itself, count only if they are
    `named`, with ``--hypothesis-profile``.
    """
    current = settings.get_current_profile_name()
    own = current.partition("-with-")[0] in ("default", "ci")  # default-with-verbose-verbosity
    return None if own and not named else settings.get_profile(current)
