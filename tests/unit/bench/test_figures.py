"""Ratios are of neighbours, and a target is met by the median alone."""

import pytest

from bench.figures import Figure, Target, ratio


def test_a_figure_shows_its_spread():
    assert Figure((3.0, 1.0, 2.25)).cells(1) == ["2.2", "1.0", "3.0", "3"]


def test_a_ratio_divides_pair_by_pair():
    # The machine was twice as slow for the second pair: the ratio does not see that.
    assert ratio([2, 4], [1, 2]).values == (2, 2)


def test_a_ratio_needs_pairs():
    with pytest.raises(ValueError, match="shorter"):
        ratio([1, 2], [1])


@pytest.mark.parametrize(
    ("measured", "at_least", "verdict"),
    [
        ((1.9, 2.0, 9.0), False, "met"),
        ((1.0, 2.01, 2.02), False, "**not met**"),
        ((1.0, 2.0, 2.0), True, "met"),
        ((1.9, 1.99, 9.0), True, "**not met**"),
    ],
)
def test_a_target_is_held_to_the_median(measured, at_least, verdict):
    target = Target("a / b", 2, Figure(measured), at_least)
    what, bound, *_, said = target.cells()
    assert (what, bound, said) == ("a / b", f"at {'least' if at_least else 'most'} 2.0", verdict)
