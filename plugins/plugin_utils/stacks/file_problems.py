"""The problems of a stack file."""

from __future__ import annotations

from collections.abc import Collection

from ..model.problem import Code, Problem, ProblemError


def invalid_service(service: str, key: str, found: object, expected: str) -> Problem:
    """Say what is wrong in a service."""
    return Problem(
        code=Code.SERVICE_INVALID,
        where=f".files: services.{service}.{key}".rstrip("."),
        found=str(found),
        expected=expected,
        fix="Correct it in the file",
    )


def fault(found: str, expected: str) -> ProblemError:
    """Say what is wrong with the file as a whole."""
    return ProblemError(
        Problem(
            code=Code.STACK_FILE_INVALID,
            where=".files",
            found=found,
            expected=expected,
            fix="Correct it in the file",
        )
    )


def refused_field(key: str, found: str, fix: str) -> Problem:
    """Say which key does not work in a swarm.

    :param key: path in the file
    """
    return Problem(
        code=Code.FIELD_REFUSED,
        where=f".files: {key}",
        found=found,
        expected="what Swarm does, too",
        fix=fix,
    )


def without_value(missing: Collection[str]) -> Problem:
    """Say which variables have no value."""
    return Problem(
        code=Code.STACK_VARIABLE_MISSING,
        where=".files",
        found=f"{', '.join(missing)} without a value",
        expected="a value for each variable",
        fix="Set it in the environment of the stack, or give it a default in the file: ${VAR:-default}",
    )
