"""The JSON of containers, networks and ports.

As Marathon: docs/docs/rest-api/public/api/v2/types/{appContainer,network,linux}.raml.
"""
from __future__ import annotations

from specs.marathon.app import PortDefinition
from specs.marathon.container import (
    ContainerType,
    IpcSettings,
    LinuxSettings,
    Network,
    NetworkMode,
    Parameter,
    PortMapping,
    Seccomp,
)
from specs.marathon.forms.draft import SaidAddress, SaidContainer, SaidImage
from specs.marathon.forms.kinds import (
    BOOLEAN,
    NOT_EMPTY,
    PORT,
    TEXT,
    TEXTS,
    Field,
    Kind,
    choice,
    integer,
    list_of,
    record,
    text,
    wrapped,
)
from specs.marathon.forms.volumes import VOLUME

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
PORT_NAME = text(1, pattern=_LABEL)
PROTOCOL = choice(("tcp", "udp", "udp,tcp"))
_NETWORK_NAME = text(1, 63, pattern=r"[a-z0-9]([-a-z0-9_]*[a-z0-9])?")

PORT_DEFINITION = record(
    PortDefinition, Field("port", PORT), Field("labels", TEXTS, omit_empty=True),
    Field("name", PORT_NAME), Field("protocol", PROTOCOL))
PORT_MAPPING = record(
    PortMapping, Field("container_port", PORT), Field("host_port", PORT), Field("labels", TEXTS),
    Field("name", PORT_NAME), Field("protocol", PROTOCOL), Field("service_port", PORT),
    Field("network_names", list_of(TEXT), omit_empty=True))
PORT_MAPPINGS = list_of(PORT_MAPPING)
NETWORK = record(Network, Field("name", _NETWORK_NAME), Field("mode", choice(NetworkMode)),
                 Field("labels", TEXTS, omit_empty=True))


def _ports(ports: tuple[PortMapping, ...] = ()) -> tuple[PortMapping, ...]:
    return ports


_IMAGE = record(
    SaidImage, Field("force_pull_image", BOOLEAN), Field("image", NOT_EMPTY, required=True),
    Field("parameters", list_of(record(Parameter, Field("key", NOT_EMPTY, required=True),
                                       Field("value", TEXT, required=True)))),
    Field("privileged", BOOLEAN),
    Field("pull_config_secret", wrapped("secret", NOT_EMPTY), key="pullConfig"),
    Field("network", choice(("BRIDGE", "HOST", "NONE", "USER")), written=False),
    Field("port_mappings", PORT_MAPPINGS, written=False),
    Field("credential", Kind(lambda *_: True), written=False))
_LINUX = record(
    LinuxSettings,
    Field("seccomp", record(Seccomp, Field("profile_name", TEXT), Field("unconfined", BOOLEAN))),
    Field("ipc_info", record(IpcSettings,
                             Field("mode", choice(("PRIVATE", "SHARE_PARENT")), required=True),
                             Field("shm_size", integer()), missing="error.path.missing")))
CONTAINER = record(
    SaidContainer, Field("type", choice(ContainerType)), Field("docker", _IMAGE),
    Field("linux_info", _LINUX),
    Field("volumes", list_of(VOLUME)), Field("port_mappings", PORT_MAPPINGS))


_DISCOVERED = list_of(record(
    PortMapping, Field("container_port", PORT, key="number"),
    Field("name", PORT_NAME, required=True), Field("protocol", PROTOCOL), Field("labels", TEXTS)))
ADDRESS = record(SaidAddress, Field("network_name", NOT_EMPTY), Field("labels", TEXTS),
                 Field("discovery", record(_ports, Field("ports", _DISCOVERED))))
