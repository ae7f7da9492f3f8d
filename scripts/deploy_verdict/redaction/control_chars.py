"""Removes escapes, and control, invisible or bidirectional characters. Pure."""

import re

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
# Zero-width, bidi, soft hyphen, tags and invisible operators hide text from a reader.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0e\ufeff"
    "\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
# A command of GitHub's runner: one spelling counts after any Unicode white space, the older one anywhere in a
# line (ActionCommand.cs in actions/runner).
_COMMAND = re.compile(r"^(?=[^\S\n]*::)", re.MULTILINE)
_OLD_COMMAND = re.compile(r"##(?=\[)")
# The end of an unfinished line that may become a command.
_HALF_COMMAND = re.compile(r"(?:\A\s*:?|##?)\Z")


# What `visible` removes: that could join the halves of a secret.
HIDDEN = re.compile(f"(?:{_ANSI.pattern}|{_INVISIBLE.pattern})+")


def visible(text: str) -> str:
    """Return the text without hidden and active characters; every kind of line end becomes a line feed."""
    text = _LINE_ENDS.sub("\n", _ANSI.sub("", text))
    return _CONTROL.sub("\ufffd", _INVISIBLE.sub("", text))


def no_commands(text: str) -> str:
    """Return the text with lines that GitHub's runner would execute changed so that it only prints them."""
    return _COMMAND.sub("| ", no_old_commands(text))


def no_old_commands(text: str) -> str:
    """Do what no_commands does, for the spelling that counts anywhere in a line."""
    return _OLD_COMMAND.sub("# #", text)


def unfinished_command(text: str) -> int:
    """Return how many of the last characters may start a command whose rest is still to come."""
    found = _HALF_COMMAND.search(text)
    return len(found.group()) if found else 0
