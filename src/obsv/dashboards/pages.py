"""The pages, in the order of the navigation."""

from obsv.dashboards.alerts.page import PAGE as ALERTS
from obsv.dashboards.changes.page import PAGE as CHANGES
from obsv.dashboards.code.page import PAGE as CODE
from obsv.dashboards.compare.page import PAGE as COMPARE
from obsv.dashboards.decisions.decision import PAGE as DECISION
from obsv.dashboards.decisions.page import PAGE as DECISIONS
from obsv.dashboards.errors.group import PAGE as ERROR
from obsv.dashboards.errors.page import PAGE as ERRORS
from obsv.dashboards.explorer.page import PAGE as EXPLORER
from obsv.dashboards.flow.page import PAGE as FLOW
from obsv.dashboards.kept.page import PAGE as KEPT
from obsv.dashboards.logs.page import PAGE as LOGS
from obsv.dashboards.overview.page import PAGE as OVERVIEW
from obsv.dashboards.page import Page
from obsv.dashboards.registry.artifact import PAGE as ARTIFACT
from obsv.dashboards.registry.compared import PAGE as COMPARED
from obsv.dashboards.registry.page import PAGE as REGISTRY
from obsv.dashboards.reports.page import PAGE as REPORTS
from obsv.dashboards.reports.report import PAGE as REPORT
from obsv.dashboards.slo.page import PAGE as SLO
from obsv.dashboards.trace.page import PAGE as TRACE

PAGES: tuple[Page, ...] = (
    OVERVIEW,
    ERRORS,
    ERROR,
    KEPT,
    CHANGES,
    EXPLORER,
    LOGS,
    TRACE,
    FLOW,
    CODE,
    COMPARE,
    DECISIONS,
    DECISION,
    REGISTRY,
    COMPARED,
    ARTIFACT,
    REPORTS,
    REPORT,
    ALERTS,
    SLO,
)
