"""What can go wrong with reports."""

from api.errors import ApiError, Conflict, InvalidContent


class UnknownReport(InvalidContent):
    code = "unknown_report"
    title = "There is no such report"
    detail = "GET /api/v1/analytics/reports/catalogue lists the reports."


class UnanswerableReport(InvalidContent):
    code = "unanswerable_report"
    title = "The report can't be asked that"
    detail = "This report does not know what was asked; see errors."


class ReportTooLarge(InvalidContent):
    code = "report_too_large"
    title = "The report has too many rows"
    detail = "Narrow the period or the filters, or take CSV or Parquet."


class TooManyReports(Conflict):
    code = "too_many_reports"
    title = "Too many reports are being made"
    detail = "Your company has as many reports waiting as may wait. Come again when some are done."
    retry_after_seconds = 30


class ReportNotReady(Conflict):
    code = "report_not_ready"
    title = "The report is not made yet"
    detail = "The report is still being made. Ask for its status and come again."
    retry_after_seconds = 2


class ReportFailed(Conflict):
    code = "report_failed"
    title = "The report could not be made"
    detail = "The report could not be made; its status says why."


class ReportExpired(ApiError):
    status = 410
    code = "report_expired"
    title = "The report's file is gone"
    detail = "Files of reports are kept for some days. Make the report again."
