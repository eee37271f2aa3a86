"""Reading a form that was posted to one of our plain routes: small, without files, or refused with a page."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from dashboards.pages import message_page

_LARGEST_FORM = 16 * 1024
_FORM_HEADERS = "application/x-www-form-urlencoded"

Fields = list[tuple[str, str]]


async def fields_of(request: Request, *, link: tuple[str, str], most: int = 10) -> Fields | Response:
    """The form's fields in their order, at most `most`; or the page that says why not, with `link` (address, words)."""
    if not request.headers.get("content-type", "").startswith(_FORM_HEADERS):
        return message_page(415, "That is not our form", "Please use the page.", link=link)
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > _LARGEST_FORM:
        return message_page(413, "That is too long", "Please use the page.", link=link)
    async with request.form(max_files=0, max_fields=most) as form:
        return [(name, str(value)) for name, value in form.multi_items()]
