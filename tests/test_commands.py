"""What GitHub's runner reads of us: no text of others is a command, in whatever spelling or pieces."""

import pytest

from deploy_verdict.redaction.output_guard import Guarded
from tests.test_secrets import Raw


def written(*pieces):
    raw = Raw()
    guarded = Guarded(raw)
    for piece in pieces:
        guarded.write(piece)
        guarded.flush()
    guarded.finish()
    return raw.text


def obeyed(text):
    """As ActionCommand.cs of actions/runner has it: `::` after any white space, `##[` anywhere."""
    return [line for line in text.split("\n") if line.lstrip().startswith("::") or "##[" in line]


def test_commands_of_ours_are_obeyed_and_those_of_others_are_not():
    raw = Raw()
    guarded = Guarded(raw)
    guarded.write("::set-output name=x::y\n  ##[error]z\nfine :: fine\n")
    guarded.command("::error title=x::ours ##[add-mask]x")
    assert raw.text == (
        "| ::set-output name=x::y\n  # #[error]z\nfine :: fine\n::error title=x::ours # #[add-mask]x\n"
    )


@pytest.mark.parametrize(
    "pieces",
    [
        ["it said ##[add-mask]ERROR\n"],
        ["###[stop-commands]x\n"],
        ["\u00a0::error::x\n"],
        ["\u3000\t::error::x\n"],
        ["a\u2028::error::x\n"],
        ["a\x85 ::error::x\n"],
        [":", ":error::x\n"],
        ["a\n :", ":error::x\n"],
        ["a #", "#[error]x\n"],
        ["a ##", "[error]x"],
        ["\u200b#\u200b#\u200b[error]x\n"],
    ],
)
def test_no_spelling_in_no_pieces_makes_a_command(pieces):
    assert obeyed("".join(pieces).replace("\u200b", "").replace("\u2028", "\n").replace("\x85", "\n"))
    assert obeyed(written(*pieces)) == []


@pytest.mark.parametrize("end", ["\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_a_command_of_ours_is_one_line(end):
    """An annotation quotes the service, and every kind of line end becomes a line feed."""
    raw = Raw()
    Guarded(raw).command(f"::error title=x::found {end}::add-mask::STABLE")
    assert raw.text.count("\n") == 1
