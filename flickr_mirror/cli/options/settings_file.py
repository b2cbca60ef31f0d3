"""Options from elsewhere than the command line: each from an environment variable too, else from a file of settings.

The order is flag, environment variable, file, default. `Configured` is the command that keeps to it; `origins` tells
where a value came from.
"""

from __future__ import annotations

import difflib
import inspect
import os
import stat
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin, get_type_hints

import typer

from flickr_mirror.cli.options import help_text
from flickr_mirror.cli.options.parsing import Number, flag_of

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "MIRROR_FLICKR_"
FILE, ARGUMENTS, OVERRULED = (f"{__name__}.{name}" for name in ("file", "arguments", "overruled"))
"""What is kept in a context's `meta`: the file's path, the command line, flags that others go before."""
LARGEST = 1 << 20
"""A longer file, in bytes, holds no settings."""

_ONLY_FLAGS = {"print-config", "version", "list", "undo", "yes"}
"""What is wanted once, and so is given with the command alone."""
_NOT_IN_FILES = {*_ONLY_FLAGS, "config"}
_WITHOUT_SETTINGS = {"demo"}
"""The demonstration has a place of its own, and needs no key."""
_OPPOSITES = (("lifo", "fifo"), ("image_only", "info_only"))
_ORDER = ("COMMANDLINE", "ENVIRONMENT", "DEFAULT_MAP")
_KINDS: dict[type, tuple[tuple[type, ...], str]] = {
    bool: ((bool,), "true or false, without quotes"),
    int: ((int,), "a whole number, without quotes"),
    float: ((int, float), "a number, without quotes"),
    str: ((str,), "a text in quotes"),
}


class ConfigError(ValueError):
    """An option cannot have its value; the text names it, or the variable or the file that the value is from."""


class Configured(help_text.GroupedHelp):
    """The command, with options that come from the environment and from a file as well."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - whatever Typer hands on
        super().__init__(**attributes)
        for _, parameter in settings_of(self):
            own = [parameter.envvar] if isinstance(parameter.envvar, str) else parameter.envvar or []
            parameter.show_envvar = bool(own)  # the help would name a variable in each of its lines
            parameter.envvar = [*own, PREFIX + key_of(parameter).upper().replace("-", "_")]
            if parameter.multiple:
                parameter.value_from_envvar = partial(_listed, parameter)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - Typer's own copy of Click
        """Read the command line, and what is not in it from elsewhere. Raises `ConfigError`."""
        ctx.meta[ARGUMENTS] = list(args)
        with _usage_worded():
            rest: list[str] = super().parse_args(ctx, args)
        _overrule(ctx)
        return rest

    def setting(self, ctx: Any, name: str) -> Any:  # noqa: ANN401
        """Return what the file of settings has for a parameter of a context's command, while a shell completes it."""
        root = ctx.find_root()
        root.resilient_parsing = False
        with suppress(ConfigError):
            load(root, root.params.get("settings"))
        settings = root.default_map or {}
        return (settings if ctx is root else settings.get(ctx.info_name, {})).get(name)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401
        """Run the command, or read the options of one below it and run that. Raises `ConfigError`."""
        with _usage_worded():
            return super().invoke(ctx)


def settings_of(command: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401
    """Yield the options that may come from elsewhere, of this command and those below it, each with its command."""
    for parameter in command.params:
        if parameter.param_type_name == "option" and key_of(parameter) not in _ONLY_FLAGS:
            yield command, parameter
    for name, below in getattr(command, "commands", {}).items():
        if name not in _WITHOUT_SETTINGS:
            yield from settings_of(below)


def key_of(parameter: Any) -> str:  # noqa: ANN401
    """Return the key of an option in the file: its long name, such as `cache-path`."""
    flag: str = flag_of(parameter)
    return flag.removeprefix("--")


def variable_of(parameter: Any) -> str:  # noqa: ANN401
    """Return the environment variable that gives the option its value, or could."""
    names: list[str] = parameter.envvar
    return next((name for name in names if os.environ.get(name)), names[-1])


def unknown_variables(command: Any) -> list[str]:  # noqa: ANN401
    """Return a sentence for each variable that looks like one of this command's, and is none."""
    known = {name.removeprefix(PREFIX) for _, parameter in settings_of(command) for name in parameter.envvar}
    unknown = {name.removeprefix(PREFIX) for name in os.environ if name.startswith(PREFIX)} - known
    return [
        f"The variable {PREFIX}{name} is ignored: there is no such option{_suggestion(name, known, PREFIX)}"
        for name in sorted(unknown)
    ]


def is_secret(key: str, value: object) -> bool:
    """Return whether nobody else may see what an option is set to: keys, secret addresses, those with a password."""
    return key in {"consumer-key", "consumer-secret", "ping-url"} or (
        key.endswith("-url") and "@" in str(value)
    )


def default_file() -> Path | None:
    """Return where the file of settings is looked for, as the platform has it; `None` where there is no home folder."""
    from platformdirs import user_config_path

    try:
        return user_config_path("mirror_flickr", appauthor=False) / "config.toml"
    except RuntimeError:
        return None


def load(context: typer.Context, name: str | None) -> str | None:
    """Read the file of settings, which gives the options of this context their defaults. Raises `ConfigError`.

    `name` is the file; none is read where it is empty, and `None` is the platform's place, where it may be missing.
    """
    words = context.meta[ARGUMENTS]
    is_question = {"-h", "--help"} & {*words} or words[:1] in (["help"], ["version"])
    if context.resilient_parsing or name == "" or is_question:
        return name
    path = default_file() if name is None else Path(os.path.expanduser(name))  # noqa: PTH111 - it never fails
    context.meta[FILE] = path
    if path and (content := _read(path, may_be_missing=name is None)) is not None:
        text, is_private = content
        known = {key_of(parameter) for _, parameter in settings_of(context.command)} - _NOT_IN_FILES
        settings = _settings(path, text, known, is_private=is_private)
        context.default_map = _defaults(path, context, context.command, settings)
    return name


Config = Annotated[
    str | None,
    typer.Option(
        "--config",
        is_eager=True,
        callback=load,
        metavar="FILE",
        help="A file of settings, or '' for none. [default: mirror_flickr/config.toml where settings are kept]",
    ),
]
PrintConfig = Annotated[
    bool,
    typer.Option("--print-config", help="Show each option's value and where it comes from, and end."),
]


def _read(path: Path, *, may_be_missing: bool) -> tuple[str, bool] | None:
    """Return the text of a file, and whether its owner alone can read it; `None` where it is missing and may be."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            content = file.read(LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        if may_be_missing:
            return None
        raise ConfigError(f"{path}: {error.strerror}. --config '' does without a file.") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "this is no name of a file"
        raise ConfigError(f"{path}: {why}. --config '' does without a file.") from None
    if len(content) > LARGEST:
        raise ConfigError(f"{path} is too long for a file of settings.")
    is_private = not stat.S_IMODE(status.st_mode) & 0o077 and status.st_uid in (os.geteuid(), 0)
    try:
        return content.decode("utf-8-sig"), is_private
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is no TOML: it is not UTF-8.") from None


def _settings(path: Path, text: str, known: set[str], *, is_private: bool) -> dict[str, Any]:
    """Return what the file says by the long names of options."""
    import tomllib

    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is no TOML: {error}.") from None
    settings: dict[str, Any] = {}
    for name, value in document.items():
        key = name.replace("_", "-")
        if key not in known:
            raise ConfigError(f"{path}: {name!r} is no option{_suggestion(key, known)}")
        if key in settings:
            raise ConfigError(f"{path}: {key} stands there twice, with hyphens and with underscores.")
        if is_secret(key, value) and not is_private:
            raise ConfigError(
                f"{path}: {key} may stand only in a file that nobody else can read. Run chmod 600 on it, or move "
                "what is secret elsewhere: `mirror_flickr keys set` keeps keys."
            )
        settings[key] = value
    return settings


def _suggestion(name: str, known: set[str], prefix: str = "") -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f". Did you mean {prefix}{near[0]}?" if near else ". `mirror_flickr --print-config` shows all."


def _defaults(path: Path, context: typer.Context, command: Any, settings: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    """Return the settings by the names of a command's parameters, and by those of the commands below it."""
    kinds = kinds_of(command)
    defaults: dict[str, Any] = {}
    for owner, parameter in settings_of(command):
        if owner is command and (key := key_of(parameter)) in settings:
            value = settings[key]
            if isinstance(value, list) and len(value) == 1 and not parameter.multiple:
                value = value[0]
            elif isinstance(value, list) and command is not context.command and not parameter.multiple:
                continue  # `check` looks at one mirror, where the run takes several
            defaults[parameter.name] = _checked(path, context, parameter, value, kinds[parameter.name])
    for name, below in getattr(command, "commands", {}).items():
        # a command without settings has no entry, which an option of the same name would take for its own
        if name not in _WITHOUT_SETTINGS and (of_command := _defaults(path, context, below, settings)):
            defaults[name] = of_command
    return defaults


def _checked(path: Path, context: typer.Context, parameter: Any, value: object, kind: type) -> object:  # noqa: ANN401
    """Return a value as it would stand on the command line."""
    types, description = _KINDS[kind]
    values = value if isinstance(value, list) and parameter.multiple else [value]
    if not all(type(one) in types for one in values):  # for True is an int, too
        raise ConfigError(f"{path}: {key_of(parameter)} takes {description}.")
    texts = values if kind is bool else [str(one) for one in values]
    ready = texts if parameter.multiple else texts[0]
    try:
        parameter.process_value(context, ready)
    except typer.BadParameter as error:
        raise ConfigError(
            f"{path}: {key_of(parameter)}: {help_text.reason(parameter, error.message)}"
        ) from None
    return ready


def kinds_of(command: Any) -> dict[str, type]:  # noqa: ANN401
    """Return how each parameter is written: as `bool`, `int`, `float` or `str`."""
    function = inspect.unwrap(command.callback) if command.callback else None
    hints = get_type_hints(function, include_extras=True) if function else {}
    return {name: _kind(*get_args(hint)[:2]) for name, hint in hints.items() if get_origin(hint) is Annotated}


def _kind(annotation: Any, option: Any) -> type:  # noqa: ANN401
    inside = [one for one in get_args(annotation) if one is not NoneType]
    if inside:  # `int | None`, `list[int]`
        return _kind(inside[0], option)
    if isinstance(option.parser, Number):
        return option.parser.kind
    return annotation if annotation in _KINDS and option.parser is None else str


@contextmanager
def _usage_worded() -> Iterator[None]:
    """Turn what Typer says of wrong usage into a sentence; a value of a variable is named by it, not by a flag."""
    try:
        yield
    except help_text.UsageError as error:
        context, parameter = (getattr(error, name, None) for name in ("ctx", "param"))
        source = context.get_parameter_source(parameter.name) if context and parameter else None
        name = variable_of(parameter) if source and source.name == "ENVIRONMENT" else ""
        raise ConfigError(help_text.sentence(error, name)) from None


def _overrule(context: Any) -> None:  # noqa: ANN401
    """Let one of two opposite flags win that comes from further up: `--lifo` over `fifo = true` in the file."""
    overruled: dict[str, str] = {}
    for pair in _OPPOSITES:
        if all(context.params.get(name) for name in pair):
            first, last = sorted(pair, key=lambda name: _ORDER.index(context.get_parameter_source(name).name))
            if context.get_parameter_source(first) != context.get_parameter_source(last):
                context.params[last] = False
                overruled[last] = first
    context.meta[OVERRULED] = overruled


def _listed(parameter: Any, context: Any) -> list[str] | None:  # noqa: ANN401
    """Return the values that a variable has for an option that may be given several times; names have blanks."""
    text = parameter.resolve_envvar_value(context)
    return None if text is None else [part.strip() for part in text.split(",") if part.strip()]
