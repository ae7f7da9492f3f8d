"""Two packages of npm that tests and the demo's page use, and that nobody ships: `python3 -m tests.npm`.

Each is fetched by npm itself, held to its digest here, and of it one file is kept in .venv/npm: too large for
the repository, and of another licence (axe-core: MPL-2.0; mermaid: MIT). Runs without our requirements.
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
# By the file that is kept: the package, where the file stands in it, and the sha512 that npm calls integrity.
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
    """Fetch what is not there; without npm, say so."""
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
