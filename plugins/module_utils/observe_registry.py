"""Read what a host and its engine have of the registry: accounts, logins, digests, its own server.

Everything here only asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from . import host, registry, registry_storage
from .engine import Engine, EngineError, Item, stored_credentials
from .observation import Observed
from .observation.network import Refusal
from .releases import local_images

CLIENT_CONFIG = "/root/.docker/config.json"
# What is said of a registry that an engine waits for.
SILENCE = "timed out: the registry gave the engine no answer"
# What is asked about the registry: option C(registry) of ``flotilla.swarm.observe``.
Asked = Mapping[str, Any]


def observe(observed: Observed, engine: Engine, info: Item | None, params: Mapping[str, Any]) -> Observed:
    """Add to what was observed all that is asked about the registry.

    :param info: the engine's answer to ``GET /info``, ``None`` where no engine answers
    :param params: of ``flotilla.swarm.observe``
    """
    observed = _accounts(observed, engine, info, params)
    others = params["registry"].get("others", ())
    if others and info:
        observed = replace(observed, refused_images=tuple(_refused_images(engine, others, observed.image_names)))
    if observed.images:
        observed = _images(observed, engine if info else None, params)
    return _server(observed, engine, params)


def _accounts(observed: Observed, engine: Engine, info: Item | None, params: Mapping[str, Any]) -> Observed:
    """Try accounts and logins and list what is here: through the engine where there is one."""
    asked, server = params["registry"], params["registry"]["server"]
    stored = stored_credentials(host.read_text(CLIENT_CONFIG) or "", server)
    desired = {purpose: registry.decode(auth) for purpose, auth in params["accounts"].items()}
    trusts = info and engine.trusts(info, server, asked.get("ca", ""), asked.get("insecure", False))
    answers = {
        purpose: _try_account(engine if trusts else None, asked, account) for purpose, account in desired.items()
    }
    if not info:
        return replace(observed, accounts=answers)
    login = "no login is stored"
    if stored:
        other = "pull" in desired and stored != desired["pull"]
        login = "another login is stored" if other else engine.check_login(server, stored)
    return replace(
        observed,
        accounts=answers,
        credentials=bool(stored),
        login=login,
        local_images=local_images(engine, registry.image_prefix(asked.get("url", server)), params["stacks"]),
    )


def _try_account(engine: Engine | None, asked: Asked, account: Mapping[str, str]) -> str:
    """Let the engine log in, or log in without one; see ``registry_client.probe``."""
    said = engine.check_login(asked["server"], account) if engine else ""
    # An engine does not hand on how long a registry asks to wait.
    if engine and not registry.LIMITED.search(said):
        return said
    trust = asked.get("ca", ""), asked.get("insecure", False)
    return str(registry.registry_client().probe(asked["server"], account, *trust, asked.get("proxies"))) or said


def _images(observed: Observed, engine: Engine | None, params: Mapping[str, Any]) -> Observed:
    """Ask for digests, and whether the images that have none could be made."""
    limits: list[Refusal] = []
    images = dict(observed.images)
    if engine and not observed.login:
        images, limits = _digests(engine, params["registry"]["server"], images)
    missing = [reference for reference, digest in images.items() if not digest]
    asks = missing and not limits and not any(observed.accounts.values())
    refusals = limits or [each for each in (_refused(missing, params) if asks else ()) if each.message]
    return replace(observed, images=images, refusals=tuple(refusals))


def _refused_images(engine: Engine, others: Sequence[str], there: Sequence[str]) -> Iterator[Refusal]:
    """Ask registries for images, each with the login that the engine has there.

    :param there: what the swarm has already, and which is not asked for again
    """
    known = {*there, *(name.partition("@")[0] for name in there)}
    config, silent = host.read_text(CLIENT_CONFIG) or "", set[str]()
    for reference in others:
        server = reference.partition("/")[0]
        if reference in known:
            continue
        # One that does not answer is waited for once.
        message = SILENCE if server in silent else _refuse_pull(engine, reference, stored_credentials(config, server))
        if message == SILENCE:
            silent.add(server)
        if message and not engine.has_image(reference):
            yield Refusal("pull", reference, message)


def _refuse_pull(engine: Engine, reference: str, login: Mapping[str, str] | None) -> str:
    """Say why an engine cannot pull an image, ``""`` where it can."""
    try:
        engine.image_digest(reference, login)
    except EngineError as error:
        # Without a status nothing came in time: the engine itself waits for a registry for longer than that.
        return error.message if error.status else SILENCE
    return ""


def _digests(
    engine: Engine, server: str, references: Mapping[str, object]
) -> tuple[dict[str, str | None], list[Refusal]]:
    """Ask for digests with the stored login; also tell for which the registry answers nothing for now."""
    auth = dict(stored_credentials(host.read_text(CLIENT_CONFIG) or "", server) or {})
    auth["serveraddress"] = registry.login_name(server)
    images: dict[str, str | None] = {}
    limits = []
    for reference in references:
        try:
            images[reference] = engine.image_digest(reference, auth)
        except EngineError as error:
            images[reference] = None
            # All else means that it is not there, or is told of the account.
            if registry.LIMITED.search(error.message):
                limits.append(Refusal("ask", reference, error.message))
    return images, limits


def _refused(missing: Sequence[str], params: Mapping[str, Any]) -> Iterator[Refusal]:
    """Ask Docker Hub whether it gives what is copied from there and, where it is the registry, takes what is pushed."""
    asked, client = params["registry"], registry.registry_client()
    given = {purpose: registry.decode(auth) for purpose, auth in params["accounts"].items()}
    own = asked["server"] == registry.HUB
    account, proxies = given.get("push") or given["pull"] if own else None, asked.get("proxies")
    for reference in missing:
        source = asked.get("sources", {}).get(reference, "")
        if source.startswith(f"{registry.HUB}/"):
            yield Refusal("pull", source, client.refuse_pull(registry.image_prefix(source), account, proxies))
        if account:
            repository = reference.rpartition(":")[0]
            yield Refusal("push", repository, client.refuse_push(repository, account, proxies))
        # Who pulls has no part of what the other account keeps private.
        if account and "push" in given and not client.refuse_pull(reference, account, proxies):
            yield Refusal("pull", reference, client.refuse_pull(reference, given["pull"], proxies))


def _served_account(own: Asked | None) -> dict[str, str] | None:
    """Read the account of the registry that this host serves; ``None`` where it has no password yet."""
    password = (host.read_text(own["password_file"]) or "").strip() if own else ""
    return {"username": own["username"], "password": password} if own and password else None


def _try_served_account(server: str, own: Asked, login: str) -> str:
    """Try the account of the registry that this host serves.

    :param login: what became of the login that the engine stores; where that is the same account, it has been tried
    """
    account, ca = _served_account(own), host.read_text(own["ca_file"])
    if not account or not ca:
        return "nothing is served yet"
    if not login and account == stored_credentials(host.read_text(CLIENT_CONFIG) or "", server):
        return ""
    return str(registry.registry_client().probe(server, account, ca))


def _fingerprint_login(engine: Engine, asked: Asked, accounts: Mapping[str, str]) -> str:
    """Make the login recognisable that this manager should give to services; else the one that it stores."""
    login = registry.decode(accounts["pull"]) if "pull" in accounts else _served_account(asked.get("own"))
    login = login or stored_credentials(host.read_text(CLIENT_CONFIG) or "", asked["server"])
    # All managers have the token by which others would join, and nobody else has.
    return registry.fingerprint(engine.get("/swarm")["JoinTokens"]["Manager"], asked["server"], login) if login else ""


def _server(observed: Observed, engine: Engine, params: Mapping[str, Any]) -> Observed:
    """Ask about a registry that a host of the inventory serves, and about the login that services should get."""
    asked = params["registry"]
    if asked.get("served"):
        way = registry.resolve(asked["server"], asked.get("proxies"), answers=bool(observed.login))
        observed = replace(observed, registry_resolution=way)
    if observed.swarm.manager and not observed.swarm.error:
        observed = replace(observed, login_fingerprint=_fingerprint_login(engine, asked, params["accounts"]))
    if asked.get("certificate"):
        observed = replace(observed, registry_certificate=_certificate_days(asked))
    if asked.get("storage"):
        observed = replace(observed, registry_storage=registry_storage.read(asked["storage"]))
    if asked.get("own"):
        observed = replace(observed, server_account=_try_served_account(asked["server"], asked["own"], observed.login))
    return observed


def _certificate_days(asked: Asked) -> tuple[float, ...]:
    ca = host.read_text(asked["own"]["ca_file"]) if asked.get("own") else asked.get("ca", "")
    return tuple(registry.registry_client().certificate_days(asked["server"], ca or "", asked.get("proxies")))
