import ast

import pytest

from tests import long

SITE = long.TESTS / "site"
RESULT = long.Result("data", "abc1234", "2026-11-25 17:30", 31, 12, 0)


def has_long_tests(path):
    """Whether a file marks something as long, itself or one of its tests."""
    marks = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute))
    return any(ast.unparse(mark) == "pytest.mark.long" for mark in marks)


def test_every_file_with_long_tests_is_in_exactly_one_part():
    listed = sorted(name for files in long.load_parts().values() for name in files)
    assert listed == sorted(path.name for path in SITE.glob("test_*.py") if has_long_tests(path))


def test_a_part_sets_its_own_line_and_leaves_the_others():
    order = ["updates", "data", "releases"]
    table = long.update("", long.Result("releases", "1111111", "2026-11-24 10:00", 50, 9, 2), order)
    table = long.update(table, RESULT, order)
    table = long.update(table, long.Result("data", "def5678+", "2026-11-26 08:00", 33, 11, 1), order)
    assert table == long.HEAD + (
        "| data | def5678+ | 2026-11-26 08:00 | 33 | 11 | 1 |\n| releases | 1111111 | 2026-11-24 10:00 | 50 | 9 | 2 |\n"
    )
    assert long.update(table, RESULT, ["data"]) == long.HEAD + RESULT.row()


def test_what_failed_in_its_clearing_up_has_not_passed():
    assert long.count(REPORT) == (1, 3)


REPORT = """<testsuites><testsuite>
<testcase classname="a" name="passes"/>
<testcase classname="a" name="fails"><failure message="no"/></testcase>
<testcase classname="a" name="has no fleet"><error message="no"/></testcase>
<testcase classname="a" name="is not cleared up"/>
<testcase classname="a" name="is not cleared up"><error message="no"/></testcase>
<testcase classname="a" name="skipped"><skipped message="why"/></testcase>
</testsuite></testsuites>"""


def test_an_unknown_part_is_answered_with_the_known_ones(capsys):
    with pytest.raises(SystemExit):
        long.main(["memberships"])
    assert "there is no part memberships: expected one of membership, " in capsys.readouterr().err
