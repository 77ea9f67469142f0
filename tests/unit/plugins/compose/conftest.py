"""Projects of the tests, as Compose itself resolves them."""

import pytest
import yaml
from ansible_collections.flotilla.swarm.plugins.plugin_utils.compose.run import resolve
from ansible_collections.flotilla.swarm.plugins.plugin_utils.compose.translate import translate


@pytest.fixture
def project(tmp_path):
    """Translate a project of one or more files."""

    def make(*texts, environment=None, secrets=(), profiles=(), stack="shop"):
        files = [f"{number}.yml" for number in range(len(texts))]
        for file, text in zip(files, texts, strict=True):
            (tmp_path / file).write_text(text if isinstance(text, str) else yaml.safe_dump(text))
        resolved = resolve(stack, tmp_path, files, environment or {}, profiles)
        return translate(stack, resolved, str(tmp_path), secrets, environment or {})

    return make


@pytest.fixture
def service(project):
    """Translate one service, and what else the project has."""

    def make(fields, **more):
        translated = project({"services": {"web": {"image": "reg.example/x:1", **fields}}, **more})
        return translated.content["services"]["web"], translated

    return make
