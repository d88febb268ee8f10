"""What an app may be: all rules together, over an app with its defaults filled in and what was said
of it.

As Marathon: api/v2/validation/AppValidation.scala, `validateCanonicalAppAPI`, and
state/AppDefinition.scala, `validAppDefinition`, which come one after the other there and are told
together here.
"""
from __future__ import annotations

import re
from collections.abc import Sequence

from specs.marathon import ids
from specs.marathon.app import App, AppSecret, UpgradeStrategy
from specs.marathon.beyond import check_beyond
from specs.marathon.container import ContainerType
from specs.marathon.errors import BROKEN_RULE, Problems
from specs.marathon.forms.draft import Draft
from specs.marathon.forms.uris import is_uri
from specs.marathon.rules.checks import check_health, check_readiness, check_task_check
from specs.marathon.rules.config import GPU_RESOURCES, SECRETS, Config
from specs.marathon.rules.constraints import constraint_problem
from specs.marathon.rules.containers import check_container, check_networks
from specs.marathon.rules.counts import count_problems
from specs.marathon.rules.service import check_service
from specs.marathon.rules.volumes import check_volumes
from specs.marathon.rules.words import NOT_EMPTY, double, feature, one_of

_EXECUTOR = re.compile(r"(//cmd)|(/?[^/]+(/[^/]+)*)|")
_MIGRATION = "DCOS_MIGRATION_API_VERSION"


def check_app(app: App, said: Draft, config: Config, roles: Sequence[str]) -> None:
    """Raise MarathonError if a rule is broken, with all that are."""
    problems = Problems()
    _check_id(app, problems)
    _check_command(app, problems)
    check_container(app, config, problems)
    check_volumes(app, config, problems)
    check_networks(app, problems)
    check_health(app, problems)
    check_readiness(app, problems)
    check_task_check(app, problems)
    _check_resources(app, config, problems)
    _check_secrets(app, config, problems)
    _check_placement(app, said, roles, problems)
    _check_strategies(app, said, problems)
    _check_migration(app, problems)
    check_beyond(app, problems)
    for path, words in count_problems(app):
        problems.add(path, words)
    if config.service:
        check_service(app, config, problems)
    problems.raise_if_any(BROKEN_RULE)


def _check_id(app: App, problems: Problems) -> None:
    for words in ids.problems(app.id):
        problems.add("/id", words)
    if app.id == ids.ROOT:
        problems.add("/id", "Path must contain at least one path element")
        problems.add("/", "must not be root")
    for index, dependency in enumerate(app.dependencies):
        for words in ids.problems(dependency):
            problems.add(f"/dependencies({index})", words)


def _check_command(app: App, problems: Problems) -> None:
    container = app.container
    has_image = container is not None and container.docker is not None
    if (app.cmd is not None and bool(app.args)) or (app.cmd is None and not app.args
                                                    and not has_image):
        problems.add("/",
                     "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'.")
    if app.cmd is not None and len(app.cmd) <= 1:
        problems.add("/", "must not be an empty string")
    if not _EXECUTOR.fullmatch(app.executor):
        problems.add("/executor",
                     "must fully match regular expression '^(//cmd)|(/?[^/]+(/[^/]+)*)|$'")
    for index, artifact in enumerate(app.fetch):
        problems.unless(is_uri(artifact.uri), f"/fetch({index})/uri", "URI has invalid syntax.")


def _check_resources(app: App, config: Config, problems: Problems) -> None:
    if app.gpus > 0:
        is_docker = app.container is not None and app.container.type is ContainerType.DOCKER
        problems.unless(not is_docker, "/", "GPU resources only work with the Mesos containerizer")
        words = feature(GPU_RESOURCES, config)
        if words is not None:
            problems.add("/", words)
    limits = app.resource_limits
    if limits is None:
        return
    for name, limit, request in (("cpus", limits.cpus, app.cpus), ("mem", limits.mem, app.mem)):
        problems.unless(limit is None or limit >= request, f"/resourceLimits/{name}",
                          f"resource limit must be greater than or equal to requested resource ({double(request)})")


def _check_secrets(app: App, config: Config, problems: Problems) -> None:
    words = feature(SECRETS, config)
    if app.secrets and words is not None:
        problems.add("/secrets", words)
    for index, name in enumerate(app.secrets):
        problems.unless(name != "", f"/secrets/keys({index})", NOT_EMPTY)
    for index, name in enumerate(app.env):
        problems.unless(name != "", f"/env/keys({index})", NOT_EMPTY)
    references = {name: value for name,
                  value in app.env.items() if isinstance(value, AppSecret)}
    if references and words is not None:
        problems.add("/env",
                     "use of secret-references in the environment requires the secrets feature to be enabled")
    for name, reference in references.items():
        problems.unless(reference.secret in app.secrets, f"/env/{name}/secret",
                        "references an undefined secret")


def _check_placement(app: App, said: Draft, roles: Sequence[str], problems: Problems) -> None:
    for index, constraint in enumerate(said.constraints or ()):
        problem = constraint_problem(constraint)
        if problem is not None:
            problems.add(f"/constraints({index})", problem)
    if app.role not in roles:
        problems.add("/role", one_of(app.role, roles))
    if app.is_resident and app.role == "*":
        problems.add("/role", "Resident apps cannot have the role *")
    if app.accepted_resource_roles is not None:
        _check_accepted_roles(app, app.accepted_resource_roles, problems)


def _check_accepted_roles(app: App, accepted: Sequence[str], problems: Problems) -> None:
    path = "/acceptedResourceRoles"
    problems.unless(bool(accepted), path, NOT_EMPTY)
    allowed = sorted({"*", app.role})
    problems.unless(set(accepted) <= set(allowed), path,
                    f"acceptedResourceRoles can only contain {' and '.join(allowed)}")
    problems.unless(not app.is_resident or set(accepted) == {"*"}, path,
                      'A resident app must have `acceptedResourceRoles = ["*"]`.')
    for index, role in enumerate(accepted):
        if role in {"", ".", ".."}:
            problems.add(f"{path}({index})", f'A role name must not be "{role}".')
        problems.unless(not role.startswith("-"), f"{path}({index})",
                        "A role name must not start with a '-'.")
        problems.unless(not re.search(r"[\x09-\x0d\x20/\x7f]", role), f"{path}({index})",
                          "A role name must not include blanks, control characters or a slash.")


def _check_strategies(app: App, said: Draft, problems: Problems) -> None:
    strategy = app.upgrade_strategy
    if app.is_single_instance:
        _check_zero(strategy, "minimumHealthCapacity", problems)
    if app.is_single_instance or said.residency is not None:
        _check_zero(strategy, "maximumOverCapacity", problems)
    unreachable = app.unreachable_strategy
    if unreachable is None:
        return
    if app.is_resident or (said.residency is not None and said.unreachable_strategy is not None):
        problems.add("/", "unreachableStrategy must be disabled for resident tasks")
    inactive, expunge = unreachable.inactive_after_seconds, unreachable.expunge_after_seconds
    problems.unless(inactive <= expunge, "/unreachableStrategy/inactiveAfterSeconds",
                      f"inactiveAfterSeconds ({inactive}) must be less or equal to expungeAfterSeconds, "
                      f"which is {expunge}")


def _check_zero(strategy: UpgradeStrategy, name: str, problems: Problems) -> None:
    is_minimum = name == "minimumHealthCapacity"
    value = strategy.minimum_health_capacity if is_minimum else strategy.maximum_over_capacity
    problems.unless(value == 0, f"/upgradeStrategy/{name}", f"got {double(value)}, expected 0.0")


def _check_migration(app: App, problems: Problems) -> None:
    version = app.labels.get(_MIGRATION)
    named = all(app.labels.get(label)
                for label in ("DCOS_PACKAGE_FRAMEWORK_NAME", "DCOS_MIGRATION_API_PATH"))
    if version and not (version == "v1" and named):
        problems.add("/", "DCOS_PACKAGE_FRAMEWORK_NAME and DCOS_MIGRATION_API_PATH must be defined "
                            f"when using {_MIGRATION}")
