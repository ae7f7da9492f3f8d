"""Fetch two npm packages that tests and the demo's page use and nobody ships: `python3 -m tests.npm`.

npm fetches each, its digest is checked, and one file of it is kept in .venv/npm: too large for the
repository, and under another licence (axe-core: MPL-2.0; mermaid: MIT). Needs none of our requirements.
"""

import base64
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / ".venv" / "npm"
# Kept file: the package, the file's path in it, and the package's sha512, which npm calls integrity.
PARTS = {
    "axe.min.js": (
        "axe-core@4.14.1",
        "package/axe.min.js",
        "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
    ),
    "mermaid.min.js": (
        "mermaid@11.17.2",
        "package/dist/mermaid.min.js",
        "V6K3C8EBdEsPFZXSKMJe6ppQOENxuHARr9GvHX4hh47lAbhMRD9qf4oEK7LoaRQxULMa80/qt5gHO73aCleBBg==",
    ),
}


def main() -> None:
    """Fetch the files that are missing; fails if npm is not installed."""
    missing = [name for name in PARTS if not (FOLDER / name).is_file()]
    npm = shutil.which("npm")
    if missing and npm is None:
        raise SystemExit(f"npm is not installed, so {' and '.join(missing)} cannot be fetched")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in missing:
        package, inside, digest = PARTS[name]
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([npm, "pack", "--silent", package], cwd=folder, check=True, stdout=sys.stderr)
            packed = next(Path(folder).glob("*.tgz")).read_bytes()
            if base64.b64encode(hashlib.sha512(packed).digest()).decode() != digest:
                raise SystemExit(f"{package} is not the one that was looked at: its sha512 differs")
            with tarfile.open(next(Path(folder).glob("*.tgz"))) as files:
                member = files.extractfile(inside)
                (Path(folder) / name).write_bytes(member.read())
            shutil.move(Path(folder) / name, FOLDER / name)
        print(FOLDER / name)


if __name__ == "__main__":
    main()
