"""docs/reference/dependencies.md: what is installed, under which licence, how large, and why.

    python -m tests.supply.bill > docs/reference/dependencies.md        # `make bill` does that

Names, versions and reasons come from the locks; licences and sizes from what is installed here.
"""

from importlib.metadata import PackageNotFoundError, distribution

from tests.supply.locks import LOCKS, locked, plain, reasons

_HEAD = """# Dependencies: what is installed, and why

Written by `make bill`; a test compares names, versions, licences and reasons with the locks. Sizes are those
of the installed packages for CPython 3.11 on Linux x86-64, without `__pycache__`. `~` marks a size measured
on another version; packages that were not installed have none.
"""
_PARTS = {
    "requirements.txt": "What the verifier needs at run time",
    "deploy/relay/requirements.txt": "What the webhook relay needs on its own",
    "requirements-dev.txt": "What else the demo, the tests and the linters need",
}
_LONGEST_WORDS = 60
# Its files tell none of it; its repository has the text of this licence.
_KNOWN = {"atheris": "Apache-2.0"}


def licence(name):
    """A package's licence, from whichever of three fields tells it; None where the package is not here."""
    try:
        told = distribution(name).metadata
    except PackageNotFoundError:
        return None
    classified = [
        item.rpartition(" :: ")[2]
        for item in told.get_all("Classifier") or ()
        if item.startswith("License :: ") and item != "License :: OSI Approved"
    ]
    text = (told.get("License") or "").strip()
    short = text if text and "\n" not in text and len(text) <= _LONGEST_WORDS else ""
    return told.get("License-Expression") or short or ", ".join(classified) or _KNOWN.get(name, "unknown")


def size_kb(name, version):
    """How much of the disk the files of a package take, in kB, and a mark where another version is here."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return 0, ""
    places = [file.locate() for file in found.files or () if "__pycache__" not in str(file)]
    size = sum(place.stat().st_size for place in places if place.is_file()) // 1000
    return size, f"{'' if found.version == version else '~'}{size:,} kB"


def why(package, lock):
    """The comment of a requirement of ours, or the packages that ask for it."""
    ours = reasons(LOCKS[lock]) | (reasons("requirements.in") if lock == "requirements-dev.txt" else {})
    if any(asker.startswith("-r ") for asker in package.asked_by):
        return ours[plain(package.name)]
    return f"required by {', '.join(package.asked_by)}"


def rows(lock):
    """(package, version, why) of a lock, without what an earlier part of the bill has."""
    known = {item.name for item in locked("requirements.txt")} if lock == "requirements-dev.txt" else set()
    for package in locked(lock):
        if package.name not in known:
            only = f" (only where {package.only})" if package.only else ""
            yield package.name, package.version, why(package, lock) + only


def bill():
    """The whole document."""
    told = [_HEAD]
    for lock, title in _PARTS.items():
        lines, sizes = [], {}
        for name, version, reason in rows(lock):
            sizes[name], shown = size_kb(name, version)
            lines.append(f"| {name} | {version} | {licence(name) or 'not here'} | {shown} | {reason} |")
        head = f"{len(sizes)} packages, {sum(sizes.values()) / 1000:.0f} MB (`{lock}`)."
        table = ["| package | version | licence | size | why |", "|---|---|---|---:|---|", *lines]
        told.append(f"## {title}\n\n{head}\n\n" + "\n".join(table))
    return "\n\n".join(part.strip() for part in told) + "\n"


if __name__ == "__main__":
    print(bill(), end="")
