"""Samples taken together to blocks: the warm-up, bursts, dense samples, short and long windows."""

import pytest

from deploy_verdict.stats.blocks import block_offsets, counted_h


def every(seconds, length_s=7200):
    return [float(at) for at in range(0, length_s + 1, seconds)]


def test_a_burst_every_quarter_of_an_hour_is_a_block():
    blocks = block_offsets(every(900))
    assert blocks == tuple((float(at),) for at in range(900, 7201, 900))
    assert counted_h(blocks) == 1.75


@pytest.mark.parametrize("seconds", [10, 60])
def test_dense_samples_become_seven_blocks_of_a_quarter_of_an_hour(seconds):
    """The last sample, at T+120, would be a block of one: it joins the one before it."""
    blocks = block_offsets(every(seconds))
    assert [block[0] for block in blocks] == [900.0 * number for number in range(1, 8)]
    assert len(blocks[-1]) == len(blocks[0]) + 1
    assert counted_h(blocks) == pytest.approx(1.5, abs=0.01)


def test_the_warm_up_is_left_out_up_to_its_last_second():
    assert block_offsets([0.0, 899.9, 900.0]) == ((900.0,),)
    assert block_offsets([0.0, 60.0]) == ()
    assert counted_h(()) == 0.0


def test_a_window_of_an_hour_still_has_seven_blocks():
    assert len(block_offsets(every(60, 3600))) == 7


def test_a_window_of_days_has_at_most_96_blocks():
    assert len(block_offsets(every(60, 5 * 86400))) <= 97


def test_a_look_hours_after_the_window_is_a_block_of_its_own():
    blocks = block_offsets([*every(60), 21600.0])
    assert blocks[-1] == (21600.0,)


def test_no_sample_is_lost_or_counted_twice():
    for seconds in (7, 60, 300, 420, 600, 1200):
        offsets = every(seconds)
        counted = [at for block in block_offsets(offsets) for at in block]
        assert counted == [at for at in offsets if at >= 900]
