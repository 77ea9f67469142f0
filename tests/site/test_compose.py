"""The app on one machine, by Docker Compose alone, with images of the fleet's registry in place of Docker Hub's."""

import pytest

from bench.stack import PORT, REPOSITORY
from tests.support.fleet import quote, replica, visits

# The swarm's own is taken there.
FREE_PORT = PORT + 80

# The builder has the app's folder with its wheels.
START = f"""\
set -eu
apt-get install -y -qq --no-install-recommends docker-compose >/dev/null
rm -rf /root/compose && cp -r /var/cache/flotilla/*/hello-web/context /root/compose
cd /root/compose
cat > compose.yml <<'EOF_COMPOSE'
{(REPOSITORY / "app/compose.yml").read_text()}
EOF_COMPOSE
printf not-a-secret > redis_password.txt
image() {{ docker images --format '{{{{.Repository}}}}:{{{{.Tag}}}}' | grep "/trixie-$1:" | head -n 1; }}
docker tag "$(image python)" python:3.13-slim && docker tag "$(image redis)" redis:8
export PORT={FREE_PORT}
timeout 240 docker-compose up --build --detach --wait
"""


@pytest.mark.long
def test_compose_file_serves_and_counts(fleet, request):
    remove = (
        f"cd /root/compose && PORT={FREE_PORT} docker-compose down --volumes --rmi local && rm -r /root/compose; "
        "docker rmi --force --no-prune python:3.13-slim redis:8"
    )
    request.addfinalizer(lambda: fleet.on("manager-1", remove))
    fleet.on("manager-1", START)
    url = f"http://127.0.0.1:{FREE_PORT}/"
    visit = f'import urllib.request as r; print(r.urlopen("{url}", timeout=10).read().decode())'
    pages = [fleet.on("manager-1", f"python3 -c {quote(visit)}") for _ in range(3)]
    assert [visits(page) for page in pages] == [1, 2, 3]
    assert len({replica(page) for page in pages}) == 1
