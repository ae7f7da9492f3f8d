"""Write the generated pages of docs/reference: `make docs`, or `python -m tests.reference`."""

from tests.reference import FOLDER, pages

for name, text in pages().items():
    (FOLDER / name).write_text(text, encoding="utf-8")
    print(FOLDER / name)
