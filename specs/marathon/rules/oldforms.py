"""What may not be said in the forms that apps had before Marathon 1.5, or not together with
today's.

As Marathon: api/v2/validation/AppValidation.scala, `validateOldAppAPI`, and what
api/v2/AppNormalization.scala cannot rewrite, which Marathon answers with 500.
"""
from __future__ import annotations

from collections.abc import Iterator

from specs.marathon.beyond import BLOCK
from specs.marathon.container import ContainerType
from specs.marathon.errors import Problems
from specs.marathon.forms.draft import Draft, SaidContainer, SaidImage
from specs.marathon.forms.uris import is_uri
from specs.marathon.rules.words import EMPTY, repeats


def check_old_forms(said: Draft, problems: Problems) -> None:
    """Over what was said, before it is rewritten."""
    container = said.container
    if container is not None and container.docker is not None:
        _check_image(container, container.docker, problems)
    _check_uris(said, problems)
    address = said.ip_address
    is_docker = container is not None and container.type is ContainerType.DOCKER
    if address is not None and address.discovery is not None and is_docker:
        problems.add("/ipAddress", "ipAddress/discovery is not allowed for Docker containers")
    for label, text in (said.beyond or {}).items():
        problems.unless((said.labels or {}).get(label, text) == text, f"/labels/{label}",
                        f"the {BLOCK} block says {text!r}")
    for words in _contradictions(said):
        problems.add("/", words)


def _check_image(container: SaidContainer, docker: SaidImage, problems: Problems) -> None:
    problems.unless(not docker.credential, "/container/docker/credential", EMPTY)
    if container.type is ContainerType.MESOS:
        problems.unless(docker.network is None, "/container/docker/network", EMPTY)
        problems.unless(not docker.parameters, "/container/docker/parameters", EMPTY)
        problems.unless(docker.port_mappings is None, "/container/docker/portMappings", EMPTY)
    names = [mapping.name for mapping in docker.port_mappings or () if mapping.name is not None]
    problems.unless(not repeats(names), "/container/docker/portMappings",
                    "Port names must be unique.")


def _check_uris(said: Draft, problems: Problems) -> None:
    for index, uri in enumerate(said.uris or ()):
        problems.unless(is_uri(uri), f"/uris({index})", "URI has invalid syntax.")
    problems.unless(not (said.uris and said.fetch), "/uris",
                    "may not be set in conjunction with fetch")


def _contradictions(said: Draft) -> Iterator[str]:
    container, address = said.container, said.ip_address
    docker = container.docker if container is not None else None
    network = docker.network if docker is not None else None
    if network is not None and said.networks:
        yield "must not specify both container.docker.network and networks"
    if network == "NONE":
        yield "unsupported docker network type NONE"
    if address is not None and said.networks:
        yield "must not specify both networks and ipAddress"
    if repeats(port for port in said.ports or () if port):
        yield "ports must be unique"
    if address is not None and (said.ports or said.port_definitions):
        yield "cannot specify both an IP address and port"
    if said.ports is not None and said.port_definitions is not None \
            and said.ports != tuple(definition.port for definition in said.port_definitions):
        yield "cannot specify both ports and port definitions"
    if container is None:
        return
    if container.port_mappings is not None and docker is not None and docker.port_mappings:
        yield "cannot specify both portMappings and docker.portMappings"
    if address is not None and address.discovery and container.port_mappings is not None:
        yield "container.portMappings and ipAddress.discovery.ports must not both be set"
