"""Stand-ins for GitHub's first-party actions, on folders of this machine.

They keep the promises on which the workflows rely: an artifact's name can be taken only once, an upload
without files fails if set to, and a download without a match is no error.
"""

import argparse
import fnmatch
import os
import shutil
import sys
from pathlib import Path

ARTIFACTS = Path(os.environ["STAND_IN_ARTIFACTS"])
RUN = os.environ["GITHUB_RUN_ID"]


def checkout(options):
    if options.credentials != "false":
        sys.exit("the checkout keeps its credentials")
    to = Path(options.to)
    if options.to == ".":
        shutil.copytree(os.environ["STAND_IN_SERVICE"], to, dirs_exist_ok=True)
    else:
        to.symlink_to(os.environ["STAND_IN_TOOL"])


def python(options):
    with Path(os.environ["GITHUB_OUTPUT"]).open("a") as file:
        file.write(f"python-path={os.environ['STAND_IN_PYTHON']}/python\n")
    if options.update == "false":
        return
    with Path(os.environ["GITHUB_PATH"]).open("a") as file:
        file.write(f"{os.environ['STAND_IN_PYTHON']}\n")


def upload(options):
    lost = os.environ.get("STAND_IN_LOSE", "")
    if lost and fnmatch.fnmatch(options.name, lost):
        sys.exit(f"{options.name}: the upload failed, as it was told to")
    files = [path for path in Path(options.source).rglob("*") if path.is_file()]
    if not files:
        sys.exit("no files were found" if options.none == "error" else 0)
    kept = ARTIFACTS / RUN / options.name
    if kept.exists():
        sys.exit(f"409: an artifact {options.name} exists already")
    shutil.copytree(options.source, kept)
    with Path(os.environ["GITHUB_OUTPUT"]).open("a") as file:
        file.write(f"artifact-url=https://github.test/runs/{RUN}/artifacts/{options.name}\n")


def download(options):
    if options.merge != "true":
        sys.exit("without merge-multiple, one match and several lie in different places")
    for kept in sorted((ARTIFACTS / options.run).glob("*")):
        if fnmatch.fnmatch(kept.name, options.pattern):
            shutil.copytree(kept, options.to, dirs_exist_ok=True)
            print(f"downloaded {kept.name}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["checkout", "python", "upload", "download"])
    for name in ("to", "credentials", "name", "none", "pattern", "merge", "run", "update"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--from", dest="source")
    options = parser.parse_args()
    {"checkout": checkout, "python": python, "upload": upload, "download": download}[options.what](options)


if __name__ == "__main__":
    main()
