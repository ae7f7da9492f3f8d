"""Overlong lines in pieces: no byte of them is lost, and a secret on the border stands in none by half."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_verdict.redaction.redactor import Redactor
from deploy_verdict.stages.logs.counting.review import (
    OVERLAP_BYTES,
    FileSource,
    from_word_start,
    up_to_word_end,
)
from tests.stages.logs.lines import lines_of

SECRET = "hunter2hunter2"
TOKEN = "gh" + "p_" + "0123456789abcdefghijABCDEFGHIJ012345"
BORDER = 65536


def pieces_of(path, text):
    path.write_text(text)
    return [line.text for line in lines_of(FileSource(path))]


@pytest.mark.parametrize("around", ["{} leaks {} here ", '{{"a":"{}","password":"{}","b":"x"}},'])
@pytest.mark.parametrize("secret", [SECRET, TOKEN])
def test_no_secret_on_the_border_stands_in_a_piece_by_half(tmp_path, around, secret):
    redactor = Redactor({"MY_PASSWORD": SECRET})
    for shift in range(-len(secret) - 4, 5):
        told = around.format("x", secret)
        head = "ERROR " + around.format("f", "g") * (BORDER // len(around.format("f", "g")) + 1)
        text = head[: BORDER + shift - told.index(secret)] + told + around.format("t", "u") * 2000
        found = [redactor.text(piece) for piece in pieces_of(tmp_path / "log", text)]
        assert len(found) > 1
        assert sum("[redacted" in piece for piece in found) >= 1
        assert not [piece for piece in found if secret[:6] in piece or secret[-6:] in piece], shift


def test_the_end_of_a_line_is_not_cut_at_a_word(tmp_path):
    text = "x" * BORDER + " the end"
    assert pieces_of(tmp_path / "log", text)[-1].endswith(" the end")
    assert pieces_of(tmp_path / "log", "y" * BORDER) == ["y" * BORDER]


@given(raw=st.text(alphabet='ab ",', min_size=1, max_size=40), times=st.integers(1, 60))
def test_each_byte_of_a_piece_stands_in_it_or_in_the_next_one(raw, times):
    data = raw.encode() * times
    kept, repeated = up_to_word_end(data), from_word_start(data)
    assert data.startswith(kept)
    assert data.endswith(repeated)
    assert len(kept) + len(repeated) >= len(data)
    assert len(repeated) <= OVERLAP_BYTES
