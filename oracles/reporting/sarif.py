"""A report as SARIF 2.1.0, for code scanning: each finding at the line of the subject."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from oracles.report import Report
from oracles.reporting.findings import RULES, Finding, findings
from oracles.reporting.one_line import one_line
from oracles.reporting.terminal import verdict_line
from oracles.visible import visible

MOST = 25_000
"""Results of a run that GitHub takes; it refuses the whole file if there are more."""

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def sarif_text(report: Report) -> str:
    """Return what is wrong in the report as SARIF 2.1.0.

    There is a result for each wrong operand, none for what is right or for a framework's defect.
    A run without a verdict (interrupted, or nothing compared) was not successful.
    """
    found = findings(report)
    driver = {
        "name": "oracle-diff",
        "version": report.environment.versions.get("manualgrad", "unknown"),
        "rules": [{"id": rule, "shortDescription": {"text": told}} for rule, told in RULES.items()],
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [_invocation(report, len(found))],
        "results": _results(found[:MOST]),
        "properties": {"seed": report.seed, "max_examples": report.max_examples},
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=1, allow_nan=False)


def _invocation(report: Report, count: int) -> dict[str, Any]:
    told = list(_notifications(report, count))
    return {
        "executionSuccessful": not told,
        "startTimeUtc": report.environment.started.replace("+00:00", "Z"),
        "toolExecutionNotifications": [
            {"level": "error", "message": {"text": visible(text)}} for text in told
        ],
    }


def _notifications(report: Report, count: int) -> Iterator[str]:
    if report.interrupted or (report.cases == 0 and not count):
        yield verdict_line(report)
    if count > MOST:
        yield f"{count - MOST} of {count} findings are left out"


def _results(found: list[Finding]) -> list[dict[str, Any]]:
    seen: Counter[str] = Counter()
    results = []
    for finding in found:
        fingerprint = _fingerprint(finding)
        seen[fingerprint] += 1
        results.append(_result(finding, f"{fingerprint}:{seen[fingerprint]}"))
    return results


def _result(finding: Finding, fingerprint: str) -> dict[str, Any]:
    entry = finding.entry
    text = one_line(f"{entry.op} in {entry.dtype}, {entry.subject}: {finding.sentence}")
    return {
        "ruleId": finding.rule,
        "ruleIndex": list(RULES).index(finding.rule),
        "level": "error",
        "message": {"text": text.replace("](", "] (")},  # which would be a link
        "locations": [_location(finding)],
        # GitHub tells findings apart by the second alone, and would else make it from the line,
        # where all operands and dtypes of a subject stand.
        "partialFingerprints": {
            "oracleDiff/v1": fingerprint,
            "primaryLocationLineHash": fingerprint,
        },
    }


def _location(finding: Finding) -> dict[str, Any]:
    """Return where the subject stands; where that is not known, GitHub wants a file all the same.

    Its name is then the subject's, as scanners of images name the image.
    """
    entry = finding.entry
    path, line = (entry.place.path, entry.place.line) if entry.place else (entry.subject, 1)
    uri = quote(path, errors="backslashreplace") or "unknown"
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": f"file://{uri}" if uri.startswith("/") else uri},
            "region": {"startLine": line},
        },
        "logicalLocations": [{"fullyQualifiedName": one_line(entry.subject), "kind": "function"}],
    }


def _fingerprint(finding: Finding) -> str:
    """Return what tells this finding from others, the same in every run."""
    entry = finding.entry
    parts = [entry.op, entry.dtype, entry.subject, finding.operand or finding.rule]
    parts += [name for name in (entry.spec, entry.backward) if name]
    return sha256(json.dumps(parts).encode()).hexdigest()[:16]
