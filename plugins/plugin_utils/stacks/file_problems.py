"""The problems of a stack file."""

from __future__ import annotations

from collections.abc import Collection

from ..model.problem import Code, Problem, ProblemError


def invalid_service(service: str, key: str, found: object, expected: str) -> Problem:
    """Say what is wrong in a service."""
    return Problem(
        code=Code.SERVICE_INVALID,
        where=f".file: services.{service}.{key}".rstrip("."),
        found=str(found),
        expected=expected,
        fix="Correct it in the stack file",
    )


def fault(found: str, expected: str) -> ProblemError:
    """Say what is wrong with the file as a whole."""
    return ProblemError(
        Problem(
            code=Code.STACK_FILE_INVALID,
            where=".file",
            found=found,
            expected=expected,
            fix="Correct it in the stack file",
        )
    )


def without_value(missing: Collection[str]) -> Problem:
    """Say which variables have no value."""
    return Problem(
        code=Code.STACK_VARIABLE_MISSING,
        where=".file",
        found=f"{', '.join(missing)} without a value",
        expected="a value for each variable",
        fix="Set it in the environment of the stack, or remove it from the stack file",
    )


def not_external(name: str) -> Problem:
    """Say that a secret is a file."""
    return Problem(
        code=Code.SECRET_NOT_EXTERNAL,
        where=f".file: secrets.{name}",
        found="a secret that is not external, and so would lie on a disk",
        expected=f"external: true and name: ${{{name.upper()}_SECRET}}",
        fix=f"Change it in the stack file, and list {name} in its secrets",
    )
