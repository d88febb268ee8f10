"""The docker run command line equal to RunOptions, word for word as Mesos would run it."""
from __future__ import annotations

from specs.container.payload import _environment_words, _limits_words, _more_words, _network_words, _permissions, _word
from specs.container.run_options import RunOptions


def argv(options: RunOptions, *, secret_directory: str | None = None) -> list[str]:
    """The words after `docker -H unix://SOCKET run`. Raises SpecError as `create_payload`, but trusts parameters."""
    return [*_limits_words(options), *_environment_words(options), *_network_words(options),
            *(f"--device={d.host_path}:{d.container_path}:{_permissions(d)}" for d in options.devices),
            *_more_words(options, secret_directory),
            *_word("--entrypoint", options.entrypoint), "--name", options.name,
            *(f"--{parameter.key}={parameter.value}" for parameter in options.parameters),
            options.image, *options.arguments]
