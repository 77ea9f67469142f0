"""What becomes of Compose files is told without a host: here nobody listens."""

import yaml

from tests.support import runs

NOBODY = {"ansible_host": "127.0.0.1", "ansible_port": 9}
SHOP = """
services:
  web:
    build: .
    ports: ["8080:80"]
    volumes: ["data:/data"]
  db: {image: "redis:8", security_opt: ["no-new-privileges"]}
volumes: {data: }
"""


def check(folder, compose, *words):
    """Check a stack beside one that cannot be read."""
    (folder / "shop").mkdir()
    (folder / "shop/compose.yml").write_text(compose)
    (folder / "shop/Dockerfile").write_text("FROM python:3.13-slim\n")
    stacks = f"stacks: {{shop: {{path: {folder}/shop}}, broken: {{path: /no/such}}}}"
    variables = f"registry_url: reg.example\nregistry_password: x\n{stacks}\n"
    inventory = folder / "inventory"
    (inventory / "group_vars/all").mkdir(parents=True)
    (inventory / "hosts.yml").write_text(
        yaml.safe_dump({"swarm": {"children": {"managers": {"hosts": {"m1": NOBODY}}}}})
    )
    (inventory / "group_vars/all/own.yml").write_text(variables)
    return runs.run(*runs.playbook(inventory, "playbooks/check.yml", *words))


def test_check_says_what_becomes_of_a_stack_though_no_host_answers(tmp_path):
    found = check(tmp_path, SHOP, "-e", "stack=shop")
    assert found.code == 0, found.output
    for part in (
        "redis:8, made of the distribution's packages (image_distro_recipes): reg.example/trixie-redis:",
        "(Dockerfile) on python:3.13-slim: reg.example/shop-web:",
        "data, on the disk of one node, which web stays on (label flotilla.volume.shop_data)",
        "port 8080",
        "differs services.db.security_opt (",
        "compose.yml:7): Swarm has none",
    ):
        assert part in found.words


def test_what_can_be_deployed_manually_is_written_once(tmp_path):
    words = ("-e", "stack=shop", "-e", f"write={tmp_path}/out")
    assert "changed: m1" in check(tmp_path, SHOP, *words).output
    (path,) = (tmp_path / "out").iterdir()
    text = path.read_text()
    assert "docker node update --label-add flotilla.volume.shop_data=true NODE" in text
    services = yaml.safe_load(text)["services"]
    assert services["web"]["image"].startswith("reg.example/shop-web:")
    assert services["db"]["image"].startswith("reg.example/trixie-redis:")
    again = runs.run(*runs.playbook(tmp_path / "inventory", "playbooks/check.yml", *words))
    assert (again.code, "changed: m1" in again.output) == (0, False)


def test_check_names_all_that_is_wrong_with_the_stacks(tmp_path):
    compose = SHOP.replace('"redis:8"', '"mysql:8", privileged: true')
    check(tmp_path, compose).refused(
        "stack-file-invalid: stacks.broken.files",
        "field-refused: stacks.shop.files: services.db.privileged",
        "image-unknown: stacks.shop.files: services.db.image",
    )
