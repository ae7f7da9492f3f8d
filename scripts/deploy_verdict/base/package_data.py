"""Finds data files of the package: templates and schemas, in the installed package or in the clone."""

from importlib.resources import files
from pathlib import Path

# In a clone they are beside scripts/, where people find them; a wheel includes them in the package.
CLONE = Path(__file__).resolve().parents[3]


def data_folder(name: str) -> Path:
    """Return the folder of that name: the installed package's, or else the clone's."""
    installed = Path(str(files("deploy_verdict") / name))
    return installed if installed.is_dir() else CLONE / name
