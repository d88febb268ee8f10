"""Definitions as people might write them: mostly right, in today's forms and in old ones."""
from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Definition = dict[str, Any]

NAMES = st.sampled_from(["http", "admin", "default", "x-1"])
WORDS = st.sampled_from(["a", "web", "db-1", "x.y"])
TEXTS = st.sampled_from(["", "x", "a b", "\u00fc\n$(x)", "2"])
COUNTS = st.integers(0, 5)
PORTS = st.integers(0, 65535)
LABELS = st.dictionaries(WORDS, TEXTS, max_size=2)


def some(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[Definition]:
    """Objects with all of the one and some of the other; an optional one may be null."""
    return st.fixed_dictionaries(required, optional={key: each | st.none() for key, each in optional.items()})


PORT_DEFINITIONS = st.lists(some({}, {
    "port": PORTS, "protocol": st.sampled_from(["tcp", "UDP", "udp,tcp"]), "name": NAMES,
    "labels": LABELS}), max_size=3)
MAPPINGS = st.lists(some({}, {
    "containerPort": PORTS, "hostPort": PORTS, "servicePort": PORTS, "protocol": st.sampled_from(["tcp", "udp"]),
    "name": NAMES, "labels": LABELS}), max_size=3)
NETWORKS = st.lists(some({}, {
    "mode": st.sampled_from(["host", "container/bridge", "Container"]), "name": st.sampled_from(["n1", "n2"]),
    "labels": LABELS}), max_size=2)
HEALTH_CHECKS = st.lists(some({}, {
    "protocol": st.sampled_from(["HTTP", "https", "TCP", "MESOS_HTTP", "MESOS_TCP"]), "path": TEXTS, "port": PORTS,
    "portIndex": COUNTS, "gracePeriodSeconds": COUNTS, "maxConsecutiveFailures": COUNTS, "ignoreHttp1xx": st.booleans(),
}) | st.just({"protocol": "COMMAND", "command": {"value": "true"}}), max_size=2)
VOLUMES = st.lists(
    some({"containerPath": WORDS, "hostPath": WORDS, "mode": st.sampled_from(["RO", "rw"])}, {})
    | some({"containerPath": WORDS, "mode": st.just("RW"), "persistent": some(
        {"size": st.integers(1, 9)}, {"type": st.sampled_from(["root", "mount"]), "profileName": WORDS})}, {})
    | some({"containerPath": WORDS, "mode": st.just("RW"), "external": some(
        {"name": WORDS, "provider": st.just("dvdi"), "options": st.just({"dvdi/driver": "rexray"})},
        {"shared": st.booleans()})}, {})
    | some({"containerPath": WORDS, "mode": st.just("RO"), "external": st.just({
        "name": "v", "provider": "csi", "options": {"pluginName": "p", "capability": {
            "accessMode": "multi_node_reader_only", "accessType": "block"}}})}, {})
    | some({"containerPath": WORDS, "secret": st.just("s")}, {}), max_size=2)
DOCKER = some({"image": WORDS}, {
    "forcePullImage": st.booleans(), "privileged": st.booleans(),
    "parameters": st.lists(some({"key": WORDS, "value": TEXTS}, {}), max_size=2),
    "network": st.sampled_from(["HOST", "bridge", "USER"]), "portMappings": MAPPINGS})
LINUX = some({}, {"seccomp": st.sampled_from([{"unconfined": True}, {"profileName": "p"}]),
                  "ipcInfo": st.sampled_from([{"mode": "PRIVATE", "shmSize": 8}, {"mode": "share_parent"}])})
CONTAINERS = (some({"docker": DOCKER}, {"volumes": VOLUMES, "portMappings": MAPPINGS})
              | some({"type": st.just("mesos")}, {"volumes": VOLUMES, "portMappings": MAPPINGS, "linuxInfo": LINUX}))
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "args": st.lists(TEXTS, max_size=2), "instances": COUNTS,
    "cpus": st.floats(0.001, 64), "mem": st.integers(0, 512), "disk": st.integers(0, 9), "gpus": st.just(0),
    "env": st.dictionaries(WORDS, TEXTS | st.just({"secret": "s"}), max_size=2),
    "secrets": st.just({"s": {"source": "/s"}}), "labels": LABELS, "dependencies": st.lists(WORDS, max_size=2),
    "constraints": st.lists(st.sampled_from(
        [["hostname", "UNIQUE"], ["rack", "like", "r.*"], ["zone", "GROUP_BY", "3"], ["rack", "MAX_PER", "2"]]),
        max_size=2),
    "container": CONTAINERS, "networks": NETWORKS, "portDefinitions": PORT_DEFINITIONS,
    "ports": st.lists(PORTS, max_size=3), "requirePorts": st.booleans(),
    "uris": st.lists(st.sampled_from(["http://x/a.tgz", "file:///b"]), max_size=2),
    "fetch": st.lists(some({"uri": st.just("http://x/a")}, {"extract": st.booleans(), "destPath": WORDS}), max_size=2),
    "ipAddress": some({}, {"networkName": st.sampled_from(["n1", "mesos-bridge"]), "labels": LABELS}),
    "healthChecks": HEALTH_CHECKS, "backoffSeconds": COUNTS, "backoffFactor": st.floats(1, 5),
    "maxLaunchDelaySeconds": COUNTS, "taskKillGracePeriodSeconds": COUNTS,
    "upgradeStrategy": some({"minimumHealthCapacity": st.floats(0, 1), "maximumOverCapacity": st.just(0)}, {}),
    "killSelection": st.sampled_from(["oldest_first", "YOUNGEST_FIRST"]),
    "unreachableStrategy": st.just("disabled") | some({}, {"expungeAfterSeconds": st.integers(5, 9)}),
    "resourceLimits": some({}, {"cpus": st.just("unlimited"), "mem": st.integers(512, 1024)}),
    "acceptedResourceRoles": st.lists(st.sampled_from(["*", "slave_public"]), min_size=1, max_size=2),
    "executor": st.sampled_from(["", "//cmd"]), "executorResources": some({}, {"cpus": st.floats(0.1, 2)}),
    "residency": st.just({}), "tty": st.booleans(), "user": WORDS, "role": st.sampled_from(["*", "a"]),
    "check": st.sampled_from(
        [{"tcp": {"port": 1}}, {"exec": {"command": {"argv": ["a"]}}}, {"http": {"portIndex": 0}}]),
    "x-mesos-docker": some({}, {"canary": COUNTS, "restartPolicy": st.sampled_from(["never", "always"])})}


@st.composite
def apps(draw: st.DrawFn) -> Definition:
    """With a handful of fields; most of them are accepted."""
    found = draw(st.fixed_dictionaries({"id": st.sampled_from(["/a", "a/b", "//a/", "web"])}))
    names = draw(st.lists(st.sampled_from(sorted(FIELDS)), unique=True, max_size=5))
    if "args" not in names:
        found["cmd"] = "sleep 1"
    return found | {name: draw(FIELDS[name]) for name in names}


APPS = apps()
