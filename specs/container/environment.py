"""The variables of a command, a task's or a check's. As Mesos: docker.cpp; beyond it: secrets."""
from __future__ import annotations

from collections.abc import Mapping

from specs.container.place import SecretResolver
from specs.errors import SpecError
from specs.messages.command import CommandInfo, Variable
from specs.messages.values import Secret


def unknown_secret(secret: Secret) -> bytes:
    """The resolver of a node that has none."""
    name = secret.reference.name if secret.reference is not None else ""
    raise SpecError("secret.reference",
                    f"Secret '{name}' is a reference, and no secret resolver is configured")


def _secret_bytes(secret: Secret, resolve: SecretResolver) -> bytes:
    """The secret itself."""
    return secret.value.data if secret.value is not None else resolve(secret)


def environment(command: CommandInfo, hooked: Mapping[str, str],
                resolve: SecretResolver | None) -> tuple[dict[str, str], frozenset[str]]:
    """The command's variables, under those of the agent's hook; and the names of those that are
    secret.

    Of a name that is there twice the last counts. Without `resolve` secrets are empty, as Mesos has
    them. Raises SpecError.
    """
    env, secrets = dict(hooked), set()
    variables = command.environment.variables if command.environment is not None else ()
    for index, variable in enumerate(variables):
        if variable.name in hooked:
            continue
        secrets.discard(variable.name)
        env[variable.name] = variable.value or ""
        if resolve is not None and variable.type == "SECRET":
            env[variable.name] = _secret_text(variable, resolve,
                                              f"command.environment.variables[{index}]")
            secrets.add(variable.name)
    return env, frozenset(secrets)


def _secret_text(variable: Variable, resolve: SecretResolver, path: str) -> str:
    if variable.secret is None:
        raise SpecError(path,
                        f"Environment variable '{variable.name}' of type 'SECRET' must have a secret set")
    try:
        text = _secret_bytes(variable.secret, resolve).decode()
    except UnicodeDecodeError:
        problem = f"The secret of environment variable '{variable.name}' is not UTF-8"
        raise SpecError(f"{path}.secret", problem) from None
    except SpecError as error:
        raise error.under(path) from None
    if "\0" in text:
        raise SpecError(f"{path}.secret",
                        f"Environment variable '{variable.name}' specifies a secret containing null "
                                          "bytes, which is not allowed in the environment")
    return text
