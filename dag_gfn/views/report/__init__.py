"""A posterior as one HTML page that needs nothing but a browser."""

from dag_gfn.views.report.page import report_html, write_report

__all__ = ["report_html", "write_report"]
