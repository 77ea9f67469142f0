"""Say what becomes of a stack's Compose files: in lines, and as a stack file that can be deployed manually."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..model.site import Image, Stack
from ..model.variables import secret_variable
from ..stacks.file import VOLUME_PREFIX, Service, StackFile, make, parse
from ..stacks.releases import without_idle

MADE = {
    "distro": "made of the distribution's packages (image_distro_recipes)",
    "hub": "copied from {source}",
    "build": "built of {folder} ({dockerfile})",
}


def check_lines(stack: Stack, images: Sequence[Image]) -> list[str]:
    """Say what is deployed for a stack, and what is different in a swarm.

    :param images: of the site
    """
    file, known = parse(stack.text), {f"${{{image.variable}}}": image for image in images}
    rows = [
        *(("service", _service(service)) for service in file.services.values()),
        *(("image", _image(service.image, known)) for service in file.services.values()),
        *(("volume", text) for text in _volumes(stack.name, file)),
        *(("port", str(port)) for port in file.published()),
        *(("secret", text) for text in _secrets(stack, file)),
        *(("config", f"{name}, named by its content") for name in file.section("configs")),
        *(("network", name) for name in file.section("networks")),
        *(("differs", warning) for warning in stack.warnings),
    ]
    unique = list(dict.fromkeys(rows))
    before = ["", *(title for title, _ in unique)]
    return [
        f"Stack {stack.name}:",
        *(f"  {title * (title != last):<9}{text}" for last, (title, text) in zip(before, unique, strict=False)),
    ]


def _service(service: Service) -> str:
    return f"{service.name}, one task on each node" if service.is_global else f"{service.name} x {service.replicas}"


def _image(name: str, known: Mapping[str, Image]) -> str:
    image = known.get(name)
    if not image and name.startswith("${"):
        return "one that nothing says where it comes from, see below"
    if not image:
        return f"{name}, pulled by every node from its own registry"
    made = MADE[image.kind].format(**{key: str(value) for key, value in image.ingredients.items()})
    bases = image.ingredients.get("bases")
    on = f" on {', '.join(bases)}" if isinstance(bases, Mapping) and bases else ""
    return f"{image.name}, {made}{on}: {image.reference}"


def _volumes(stack: str, file: StackFile) -> Iterator[str]:
    for name in file.section("volumes"):
        label = f"{VOLUME_PREFIX}{file.volume_name(stack, name)}"
        services = file.pinned_services([label])
        if services:
            yield f"{name}, on the disk of one node, which {' and '.join(services)} stays on (label {label})"
        else:
            yield f"{name}, which holds no service on a node"


def _secrets(stack: Stack, file: StackFile) -> Iterator[str]:
    for name, entry in file.section("secrets").items():
        if name in stack.secrets:
            yield f"{name}, {'with the value that is given' if stack.values.get(name) else 'generated once'}"
        elif entry["name"].startswith("${"):
            yield f"{name}, the value before a rotation, while one is under way"
        else:
            yield f"{name}, which must be in the swarm as {entry['name']}"


def stack_file_text(stack: Stack, images: Sequence[Image]) -> str:
    """Return a stack file for who deploys without flotilla, with what is to be done before as a comment.

    :param images: of the site, which are named by their tags
    """
    file = parse(stack.text)
    configs = {
        name: f"{stack.name}_{name}" for name, entry in file.section("configs").items() if "external" not in entry
    }
    objects = {secret_variable(name): f"{stack.name}_{name}" for name in stack.secrets}
    rendered = file.with_configs(configs).render({**{image.variable: image.reference for image in images}, **objects})
    before = [
        *(f"docker secret create {stack.name}_{name} -    # its value on standard input" for name in stack.secrets),
        *(f"docker config create {key} FILE" for key in configs.values()),
        *(f"docker node update --label-add {label}=true NODE" for label in file.volume_labels),
    ]
    lines = [
        f"Stack {stack.name}, on a manager that is logged in to the registry, which has the images:",
        f"  docker stack deploy --with-registry-auth -c THIS_FILE {stack.name}",
        *(["Before that, once:", *(f"  {line}" for line in before)] if before else []),
        *(["For a first start, write new for kept below."] if file.volume_labels else []),
    ]
    return "".join(f"# {line}\n" for line in lines) + make(without_idle(rendered.content)).text
