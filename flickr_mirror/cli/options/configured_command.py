"""The command class whose options also come from environment variables and the settings file.

The order of precedence is flag, environment variable, file, default.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from flickr_mirror.cli.options.exclusions import OPPOSITES
from flickr_mirror.cli.options.help_text import GroupedHelp
from flickr_mirror.cli.options.option_names import PREFIX, key_of, settings_of, variable_of
from flickr_mirror.cli.options.settings_file import ARGUMENTS, load
from flickr_mirror.cli.options.usage_errors import ConfigError, UsageError, usage_sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

OVERRIDDEN = f"{__name__}.overridden"
"""The key in a context's `meta` for the flags that an opposite flag overrides: name to name of the winner."""
_ORDER = ("COMMANDLINE", "ENVIRONMENT", "DEFAULT_MAP")


class ConfigurableCommand(GroupedHelp):
    """A command whose options also come from environment variables and the settings file."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - Typer's own arguments
        super().__init__(**attributes)
        for _, parameter in settings_of(self):
            own = [parameter.envvar] if isinstance(parameter.envvar, str) else parameter.envvar or []
            parameter.show_envvar = bool(own)  # otherwise each line of the help would name a variable
            parameter.envvar = [*own, PREFIX + key_of(parameter).upper().replace("-", "_")]
            if parameter.multiple:
                parameter.value_from_envvar = partial(_list_from_variable, parameter)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - Typer's own copy of Click
        """Parse the command line, with values from variables and the settings file. Raises `ConfigError`."""
        ctx.meta[ARGUMENTS] = list(args)
        with _config_errors():
            rest: list[str] = super().parse_args(ctx, args)
        _override_opposites(ctx)
        return rest

    def setting(self, ctx: Any, name: str) -> Any:  # noqa: ANN401
        """Return the value of a parameter in the settings file, while a shell completes a command line."""
        root = ctx.find_root()
        root.resilient_parsing = False
        with suppress(ConfigError):
            load(root, root.params.get("settings"))
        settings = root.default_map or {}
        return (settings if ctx is root else settings.get(ctx.info_name, {})).get(name)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401
        """Run the command or its subcommand. Raises `ConfigError`."""
        with _config_errors():
            return super().invoke(ctx)


@contextmanager
def _config_errors() -> Iterator[None]:
    """Raise a usage error of Typer as a `ConfigError`, which names the variable if the value came from one."""
    try:
        yield
    except UsageError as error:
        context, parameter = (getattr(error, name, None) for name in ("ctx", "param"))
        source = context.get_parameter_source(parameter.name) if context and parameter else None
        name = variable_of(parameter) if source and source.name == "ENVIRONMENT" else ""
        raise ConfigError(usage_sentence(error, name)) from None


def _override_opposites(context: Any) -> None:  # noqa: ANN401
    """Unset the flag of two opposites whose source has the lower precedence: `--lifo` overrides `fifo = true`."""
    overridden: dict[str, str] = {}
    for pair in OPPOSITES:
        if all(context.params.get(name) for name in pair):
            first, last = sorted(pair, key=lambda name: _ORDER.index(context.get_parameter_source(name).name))
            if context.get_parameter_source(first) != context.get_parameter_source(last):
                context.params[last] = False if isinstance(context.params[last], bool) else None
                overridden[last] = first
    context.meta[OVERRIDDEN] = overridden


def _list_from_variable(parameter: Any, context: Any) -> list[str] | None:  # noqa: ANN401
    """Return the values in a variable, separated by commas because names may contain spaces."""
    text = parameter.resolve_envvar_value(context)
    return None if text is None else [part.strip() for part in text.split(",") if part.strip()]
