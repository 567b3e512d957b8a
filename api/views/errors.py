"""What can go wrong with views of products."""

from api.errors import InvalidContent


class ViewsRefused(InvalidContent):
    code = "views_refused"
    title = "None of the views can be recorded"
    detail = "Each view names an unknown product, or a time that can't be; nothing was recorded."
