"""Exports: the calls of a campaign or of a search as a file, streamed as it is read."""

from flask import Response, request, stream_with_context

from app.calls import exporting
from app.calls.listing import Wanted
from app.console import console, search
from app.console.access import signed_in, viewer
from app.console.campaigns import visible_campaign
from app.console.desk import desk

_FORMS = {
    "csv": (exporting.as_csv, "text/csv; charset=utf-8", "csv"),
    "raw": (exporting.as_phone_list, "text/plain; charset=utf-8", "txt"),
    "json": (exporting.as_json, "application/json", "json"),
}


@console.get("/campaigns/<int:campaign_id>/export.<any(csv, raw, json):form>")
@signed_in
def export_campaign(campaign_id: int, form: str) -> Response:
    """All calls of a campaign."""
    found = visible_campaign(campaign_id)
    return _file(form, Wanted(viewer().scope, campaign_id=found.id), f"campaign-{campaign_id}")


@console.get("/calls/export.<any(csv, raw, json):form>")
@signed_in
def export_calls(form: str) -> Response:
    """All calls that a search finds; what is wrong with the search is told as a page."""
    asked = request.args.get("q", "")
    return _file(form, search.parse(asked, Wanted(viewer().scope), desk().now(), desk().rules), "calls")


def _file(form: str, wanted: Wanted, name: str) -> Response:
    written_by, media_type, ending = _FORMS[form]
    answer = Response(stream_with_context(written_by(wanted)), content_type=media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.{ending}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
