"""Say in words which images a registry does not take or give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ...module_utils.observation.network import Refusal
from ..model.problem import Code, Problem
from .answers import classify

# By purpose: what is expected, and what to do.
DENIED = {
    "push": (
        "an account that may push there",
        "Set registry_url to the name of your own account, or let the owner give registry_username the right to push",
    ),
    "pull": (
        "an image that the account of registry_url may pull",
        "Correct its name, or let its owner give the account access: a private repository and one that is not there "
        "have the same answer",
    ),
}
OTHERS = (
    "an image that every node can pull",
    "Correct its name, or let the hosts reach that registry. Where it wants an account, store it by docker login on "
    "the managers",
)
LIMITED = (
    "requests within what the registry allows in a time",
    "Run again later: it goes on with what is there. docs/registries.md says what counts",
)


def describe(refusals: Iterable[Refusal], hosts: Sequence[str]) -> Iterator[Problem]:
    """Describe what a registry answers about images, and each answer once.

    :param hosts: inventory names of who asked
    """
    images: dict[tuple[str, str], list[str]] = {}
    for refusal in refusals:
        limited = classify(refusal.message) is Code.REGISTRY_LIMITED
        images.setdefault(("" if limited else refusal.purpose, refusal.message), []).append(refusal.image)
    for (purpose, message), names in images.items():
        expected, fix = DENIED[purpose] if purpose else LIMITED
        yield Problem(
            code=Code.REGISTRY_DENIED if purpose else Code.REGISTRY_LIMITED,
            where=", ".join(names),
            hosts=tuple(hosts),
            found=f"the answer {message}",
            expected=expected,
            fix=fix,
        )


def describe_others(refusals: Iterable[Refusal], host: str) -> Iterator[Problem]:
    """Describe images of any registry that an engine cannot pull.

    :param host: inventory name of who asked
    """
    for refusal in refusals:
        code = classify(refusal.message)
        expected, fix = LIMITED if code is Code.REGISTRY_LIMITED else OTHERS
        yield Problem(
            code=Code.REGISTRY_DENIED if code in (Code.REGISTRY_CREDENTIALS, Code.REGISTRY_LOGIN) else code,
            where=refusal.image,
            hosts=(host,),
            found=refusal.message,
            expected=expected,
            fix=fix,
        )


def explain(purpose: str, image: str, message: str, host: str) -> Problem | None:
    """Describe why a push or a pull failed in the midst of a run, ``None`` where the registry did not refuse it.

    :param purpose: ``push`` or ``pull``
    :param message: of the engine
    """
    if classify(message) not in (Code.REGISTRY_LIMITED, Code.REGISTRY_CREDENTIALS):
        return None
    return next(describe([Refusal(purpose, image, message)], [host]))
