"""What pages are made of: files of packages, templates that escape, a policy."""

import base64
import hashlib

import pytest

from oracles.reporting.page_files import environment, page_file, security_policy

PACKAGE = "oracles.reporting.page"


def test_file_of_a_package_is_read_as_text():
    assert page_file(PACKAGE, "style.css").startswith(":root {")
    with pytest.raises(FileNotFoundError, match=r"no\.css"):
        page_file(PACKAGE, "no.css")


def test_templates_escape_and_refuse_names_that_lack():
    from jinja2 import UndefinedError  # noqa: PLC0415 - as lazy as in the sources

    env = environment(PACKAGE)
    assert env.from_string("{{ x }}").render(x='<b>&"') == "&lt;b&gt;&amp;&#34;"
    with pytest.raises(UndefinedError, match="'y' is undefined"):
        env.from_string("{{ y }}").render(x=1)


def test_every_expression_goes_through_finalize():
    env = environment(PACKAGE, finalize=lambda value: value * 2)
    assert env.from_string("a{{ x }}{{ 'c' }}").render(x="<") == "a&lt;&lt;cc"


def test_policy_allows_these_texts_and_nothing_else():
    digest = base64.b64encode(hashlib.sha256("let ü;".encode()).digest()).decode()
    assert security_policy(styles=[], scripts=["let ü;"]) == (
        f"default-src 'none'; style-src 'none'; script-src 'sha256-{digest}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
