"""What pages are made of: templates, style and script, which lie in packages as files."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment


def page_file(package: str, name: str) -> str:
    """Return the text of the file `name` that lies in `package`."""
    return (files(package) / name).read_text(encoding="utf-8")


def environment(package: str, *, finalize: Callable[[Any], Any] | None = None) -> Environment:
    """Return an environment for the templates in `package`: all text is escaped, no name may lack.

    Parameters
    ----------
    package
        Name of the package in which the templates lie.
    finalize
        Called with the value of every expression before it is escaped.
    """
    from jinja2 import Environment, FunctionLoader, StrictUndefined  # noqa: PLC0415 - slow

    return Environment(
        loader=FunctionLoader(lambda name: page_file(package, name)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=finalize,
    )


def security_policy(*, styles: Sequence[str], scripts: Sequence[str]) -> str:
    """Return a policy under which a page runs and styles itself by these texts alone.

    It asks no network, and nothing else runs in it, whatever a text of a user holds: not even a
    ``style`` or an ``onclick`` of an element. Pictures may be ``data:``.

    Parameters
    ----------
    styles, scripts
        The contents of the page's ``<style>`` and ``<script>`` elements, each to the character.
    """
    return "; ".join(
        [
            "default-src 'none'",
            f"style-src {_hashes(styles)}",
            f"script-src {_hashes(scripts)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _hashes(texts: Sequence[str]) -> str:
    digests = [hashlib.sha256(text.encode()).digest() for text in texts]
    return " ".join(f"'sha256-{base64.b64encode(d).decode()}'" for d in digests) or "'none'"
