"""Filters of role registry: functions of module_utils and plugin_utils."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.flotilla.swarm.plugins.module_utils.registry import login_name
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.problems import problem_lines
from ansible_collections.flotilla.swarm.plugins.plugin_utils.output.report import failure_text
from ansible_collections.flotilla.swarm.plugins.plugin_utils.registry.answers import engine_words
from ansible_collections.flotilla.swarm.plugins.plugin_utils.registry.refusals import explain


def registry_failure(result: Mapping[str, Any], purpose: str, host: str, image: str = "") -> str:
    """Say why an image was not pushed or pulled.

    :param result: of the task that failed, over one image or several
    :param purpose: ``push`` or ``pull``
    :param image: that it was about, where it was one
    """
    failed = [str(each["item"]) for each in result.get("results") or () if each.get("failed")]
    images = ", ".join(failed) or image
    text = "\n".join(dict.fromkeys(map(engine_words, failure_text(result).splitlines())))
    problem = explain(purpose, images, text, host)
    return "\n".join(problem_lines(problem)) if problem else f"{host}: {purpose} {images}: {text}"


class FilterModule:
    """Offer the filters to Ansible."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Map filter names to functions."""
        return {"login_name": login_name, "registry_failure": registry_failure}
