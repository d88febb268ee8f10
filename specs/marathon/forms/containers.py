"""The JSON of containers, networks and ports.

As Marathon: docs/docs/rest-api/public/api/v2/types/{appContainer,network,linux}.raml.
"""
from __future__ import annotations

from specs.marathon.app import PortDefinition
from specs.marathon.container import (
    AppNetwork,
    AppPortMapping,
    ContainerType,
    DockerParameter,
    IpcSettings,
    LinuxSettings,
    NetworkMode,
    Seccomp,
)
from specs.marathon.forms.draft import SaidAddress, SaidContainer, SaidImage
from specs.marathon.forms.kinds import (
    BOOLEAN,
    NOT_EMPTY,
    PORT,
    TEXT,
    TEXTS,
    FormField,
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
    PortDefinition, FormField("port", PORT), FormField("labels", TEXTS, omit_empty=True),
    FormField("name", PORT_NAME), FormField("protocol", PROTOCOL))
PORT_MAPPING = record(
    AppPortMapping, FormField("container_port", PORT), FormField("host_port", PORT), FormField("labels", TEXTS),
    FormField("name", PORT_NAME), FormField("protocol", PROTOCOL), FormField("service_port", PORT),
    FormField("network_names", list_of(TEXT), omit_empty=True))
PORT_MAPPINGS = list_of(PORT_MAPPING)
NETWORK = record(AppNetwork, FormField("name", _NETWORK_NAME), FormField("mode", choice(NetworkMode)),
                 FormField("labels", TEXTS, omit_empty=True))


def _ports(ports: tuple[AppPortMapping, ...] = ()) -> tuple[AppPortMapping, ...]:
    return ports


_IMAGE = record(
    SaidImage, FormField("force_pull_image", BOOLEAN), FormField("image", NOT_EMPTY, required=True),
    FormField("parameters", list_of(record(DockerParameter, FormField("key", NOT_EMPTY, required=True),
                                       FormField("value", TEXT, required=True)))),
    FormField("privileged", BOOLEAN),
    FormField("pull_config_secret", wrapped("secret", NOT_EMPTY), key="pullConfig"),
    FormField("network", choice(("BRIDGE", "HOST", "NONE", "USER")), written=False),
    FormField("port_mappings", PORT_MAPPINGS, written=False),
    FormField("credential", Kind(lambda *_: True), written=False))
_LINUX = record(
    LinuxSettings,
    FormField("seccomp", record(Seccomp, FormField("profile_name", TEXT), FormField("unconfined", BOOLEAN))),
    FormField("ipc_info", record(IpcSettings,
                             FormField("mode", choice(("PRIVATE", "SHARE_PARENT")), required=True),
                             FormField("shm_size", integer()), missing="error.path.missing")))
CONTAINER = record(
    SaidContainer, FormField("type", choice(ContainerType)), FormField("docker", _IMAGE),
    FormField("linux_info", _LINUX),
    FormField("volumes", list_of(VOLUME)), FormField("port_mappings", PORT_MAPPINGS))


_DISCOVERED = list_of(record(
    AppPortMapping, FormField("container_port", PORT, key="number"),
    FormField("name", PORT_NAME, required=True), FormField("protocol", PROTOCOL), FormField("labels", TEXTS)))
ADDRESS = record(SaidAddress, FormField("network_name", NOT_EMPTY), FormField("labels", TEXTS),
                 FormField("discovery", record(_ports, FormField("ports", _DISCOVERED))))
