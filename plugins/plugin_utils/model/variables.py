"""Names of the variables by which a stack file calls what the plan names by its content."""

from __future__ import annotations

import re

NOT_A_NAME = re.compile(r"\W+")


def image_variable(image: str) -> str:
    """Return the variable of an image, such as ``REDIS_8_IMAGE`` for ``redis:8``."""
    return f"{_name(image)}_IMAGE"


def secret_variable(secret: str) -> str:
    """Return the variable of a secret's object, such as ``API_KEY_SECRET``."""
    return f"{_name(secret)}_SECRET"


def _name(text: str) -> str:
    return NOT_A_NAME.sub("_", text.upper())
