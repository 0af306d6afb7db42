"""Which help page explains a page."""

# The help area of a page, by the beginning of its path; the longest beginning decides.
_PLACES = {
    "/similar": "suggestions",
    "/library": "suggestions",
    "/insights": "suggestions",
    "/references": "references",
    "/staffing": "teams",
    "/experts": "teams",
    "/availability": "teams",
    "/people": "network",
    "/connections": "network",
    "/network": "network",
    "/introductions": "network",
    "/administration": "administration",
    "/imports": "administration",
}
_TABS = {
    "kin": "suggestions",
    "playbook": "suggestions",
    "experts": "teams",
    "references": "references",
    "stakeholders": "network",
}


def help_for(path: str) -> str:
    """The address of the help page for a page."""
    first, _, rest = path.removeprefix("/").partition("/")
    area = _PLACES.get(f"/{first}", "deals")
    if first == "deals":
        area = _TABS.get(rest.rpartition("/")[2], "deals")
    return f"/help/{area}"
