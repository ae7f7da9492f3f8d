"""An argparse parser whose help is a docstring and whose options are added only when needed.

So `deploy-verdict --help` imports no verb's module, and a verb imports only its own.
"""

import argparse
from collections.abc import Callable, Iterable
from typing import Any


class VerbParser(argparse.ArgumentParser):
    """The parser of the command, of a verb, or of a verb's part such as `sample pools`."""

    def __init__(self, *, fill: "Fill | None" = None, **more: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **more)
        self._fill = fill
        self._parts: argparse._SubParsersAction[VerbParser] | None = None

    def filled(self) -> "VerbParser":
        """Return the parser itself, with its description and options."""
        fill, self._fill = self._fill, None
        if fill is not None:
            fill(self)
        return self

    def add_part(self, name: str, fill: "Fill", *, called: str = "VERB") -> None:
        """Add a verb of this command, or a part of this verb such as a stage; it is filled when needed."""
        if self._parts is None:
            self.usage = f"{self.prog} {called} [options]"
            # The parts are listed in the help text itself, in groups.
            self._parts = self.add_subparsers(
                prog=self.prog, metavar=called, required=True, help=argparse.SUPPRESS
            )
        self._parts.add_parser(name, fill=fill)

    @property
    def parts(self) -> "dict[str, VerbParser]":
        """The parsers of the verbs or parts, by name."""
        self.filled()
        return dict(self._parts.choices) if self._parts is not None else {}

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse as argparse does, after the options have been added."""
        return super(VerbParser, self.filled()).parse_known_args(args, namespace)

    def format_help(self) -> str:
        """Format as argparse does, after the options have been added."""
        return super(VerbParser, self.filled()).format_help()


Fill = Callable[[VerbParser], None]


def parts_lines(parts: Iterable[tuple[str, str]]) -> list[str]:
    """Format names and summaries as lines of a help text."""
    rows = list(parts)
    width = max(len(name) for name, _ in rows) + 2
    return [f"  {name:<{width}}{summary}" for name, summary in rows]
