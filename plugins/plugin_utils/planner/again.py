"""Check a plan that is made in the midst of a run, behind a phase that made what nobody could know before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..model.problem import Code, Problem
from .result import Plan


def check(earlier: Mapping[str, object], digest: str, plan: Plan) -> Iterator[Problem]:
    """Check that the run can go on.

    :param earlier: the plan before it, as plays read it
    :param digest: of the input that this plan was made of
    """
    if earlier["input"] != digest:
        yield Problem(
            code=Code.INPUT_EDITED,
            where="stack_file, image_app_dir or the inventory",
            found="another content than when this run began",
            expected="the same during a whole run",
            fix="Run again: it goes on with what is there now",
        )
    elif _has_built(earlier) and any(host.build_images and host.observe_images for host in plan.hosts.values()):
        yield Problem(
            code=Code.IMAGE_MISSING,
            found="images that this run has built and pushed, which the registry does not have",
            expected="a registry that keeps what is pushed to it",
            fix="See the registry's log and its free disk space, then run again",
        )


def _has_built(earlier: Mapping[str, object]) -> bool:
    """Tell whether images were built before this plan was made."""
    hosts = earlier["hosts"]
    return isinstance(hosts, Mapping) and any("observe_images" in host for host in hosts.values())
