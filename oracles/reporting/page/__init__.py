"""A report as one HTML page that needs no network."""

from oracles.reporting.page.assembly import report_html as report_html
