"""The generated reference pages: from the parsers, the JSON Schemas, and the table of log formats."""

from tests.reference.commands import commands_page
from tests.reference.log_formats import log_formats_page
from tests.reference.schemas import schema_page
from tests.running import ROOT

FOLDER = ROOT / "docs" / "reference"


def pages():
    """File name → text of each generated page."""
    return {
        "commands.md": commands_page(),
        "plan.md": schema_page("plan"),
        "evidence.md": schema_page("evidence"),
        "verdict.md": schema_page("verdict"),
        "log-formats.md": log_formats_page(),
    }
