"""Apps on one machine, by Docker Compose alone, with images of the fleet's registry in place of Docker Hub's."""

import base64
import json
import subprocess
from pathlib import Path

import pytest
import yaml

from bench import stack
from tests.site.apps import BASES, BOARD, GUIDE, PAGE, SHOP, settings
from tests.support.fleet import quote, replica, visits
from tests.support.runs import REPOSITORY

# The swarm has the apps' own ports.
FREE_PORT = stack.PORT + 80

# By folder: the image whose build has its wheels, its variables, its files of secrets, a part of its page.
APPS = {
    stack.FOLDER: ("hello-web", {"PORT": FREE_PORT}, {"redis_password.txt": "not-a-secret"}, "Visits:"),
    SHOP: ("shop-web", {"PORT": FREE_PORT, "SIGN": "Sale", "ORDERS_PASSWORD": "not-a-secret"}, {}, "Sale: order 3"),
    PAGE: ("", {"PORT": FREE_PORT}, {}, "A page of its own"),
    BOARD: ("", {"PORT": FREE_PORT}, {"board_password.txt": "not-a-secret"}, "line 3, by"),
    GUIDE: ("", {"PORT": FREE_PORT, "TITLE": "Handbook"}, {}, "Handbook, by PHP 8"),
}


def packed(folder: Path) -> str:
    """Return the files of a folder, as text that `base64 -d | tar xz` unpacks."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", ".", ":!tests"]
    names = subprocess.run(listed, cwd=folder, capture_output=True, text=True, check=True).stdout.split()
    done = subprocess.run(["tar", "cz", *names], cwd=folder, capture_output=True, check=True)
    return base64.b64encode(done.stdout).decode()


def start(folder: Path) -> str:
    """Return the commands that start an app on a host which has its base images and wheels as the builder."""
    wheels, variables, secrets, _ = APPS[folder]
    write = [f"printf %s {value} > {name}" for name, value in secrets.items()]
    return "\n".join((
        "set -eu; apt-get install -y -qq --no-install-recommends docker-compose >/dev/null",
        "rm -rf /root/compose && mkdir /root/compose && cd /root/compose",
        f"echo {packed(folder)} | base64 -d | tar xz",
        f"cp -r /var/cache/flotilla/*/{wheels}/context/wheels ." if wheels else "",
        *write,
        "image() { docker images --format '{{.Repository}}:{{.Tag}}' | grep \"/trixie-$1:\" | head -n 1; }",
        *(f'docker tag "$(image {name.split(":")[0]})" {name}' for name in BASES),
        *(f"export {name}='{value}'" for name, value in variables.items()),
        "timeout 240 docker-compose up --build --detach --wait",
    ))  # fmt: skip


def stop(folder: Path) -> str:
    """Return the commands that remove it."""
    variables = " ".join(f"{name}='{value}'" for name, value in APPS[folder][1].items())
    bases = " ".join(BASES)
    down = f"cd /root/compose && {variables} docker-compose down --volumes --rmi local"
    return f"{down}; cd / && rm -r /root/compose; docker rmi --force --no-prune {bases}"


@pytest.fixture(scope="module")
def builder(fleet, tmp_path_factory):
    """Let the builder make the base images of all apps, as a deploy of them does."""
    described = json.loads(settings("shop", "page", "board", "guide"))
    # Another build, so that the wheels of it are on the builder: of each app that has some, its service named web.
    rebuilt = tmp_path_factory.mktemp("rebuilt") / "rebuilt.yml"
    rebuilt.write_text(yaml.dump({"services": {"web": {"build": {"args": {"FOR": "Compose"}}}}}))
    for name in (stack.NAME, "shop"):
        described["stacks"][name]["files"] += [str(rebuilt)]
    fleet.play("-e", json.dumps(described)).succeeded()
    yield fleet.manager
    gone = ("-e", "stack=shop,page,board,guide", "-e", "remove_data=true")
    fleet.play(*gone, playbook="playbooks/remove.yml").succeeded()
    fleet.play().succeeded()


@pytest.mark.long
@pytest.mark.parametrize("folder", APPS, ids=lambda folder: str(folder.relative_to(REPOSITORY)))
def test_compose_files_serve_on_one_machine(fleet, builder, folder, request):
    request.addfinalizer(lambda: fleet.on(builder, stop(folder)))
    fleet.on(builder, start(folder))
    url = f"http://127.0.0.1:{FREE_PORT}/"
    visit = f'import urllib.request as r; print(r.urlopen("{url}", timeout=10).read().decode())'
    pages = [fleet.on(builder, f"python3 -c {quote(visit)}") for _ in range(3)]
    assert APPS[folder][-1] in pages[-1]
    if folder == stack.FOLDER:
        assert [visits(page) for page in pages] == [1, 2, 3]
        assert len({replica(page) for page in pages}) == 1
