"""Problems as tests name them: code, place and hosts. How they are worded and laid out may change."""

import contextlib
from collections.abc import Iterator, Sequence

import pytest
from ansible_collections.flotilla.swarm.plugins.plugin_utils.model.problem import Problem, ProblemError


def told(problems: Sequence[Problem]) -> list[str]:
    """Return ``CODE: PLACE, HOST, ...`` of each problem; the same one twice is an error."""
    assert len({*problems}) == len(problems), "a problem is told twice"
    places = [", ".join(filter(None, [problem.where, *problem.hosts])) for problem in problems]
    return [f"{problem.code}: {place}".removesuffix(": ") for problem, place in zip(problems, places, strict=True)]


@contextlib.contextmanager
def refused(problem: str) -> Iterator[list[Problem]]:
    """Expect that the context ends with a problem, told as above; it is in the list afterwards."""
    found: list[Problem] = []
    with pytest.raises(ProblemError) as caught:
        yield found
    found.append(caught.value.problem)
    assert told(found) == [problem]
