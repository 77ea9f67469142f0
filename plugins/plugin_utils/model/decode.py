"""Turn plain JSON data into frozen dataclasses, or say which field is not as it should be."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints


class DecodeError(ValueError):
    """Data that does not have the shape of its type; the message names the field."""


def wrong(value: object, expected: str, where: str) -> DecodeError:
    """Make the error about a value of another kind than expected."""
    return DecodeError(f"{where}: found {type(value).__name__}, expected {expected}")


def decode[T](kind: type[T], value: object, where: str = "") -> T:
    """Build a value of a type.

    Keys that the type does not have are left out; Ansible's own kinds of str and int become plain ones.

    :param kind: a dataclass
    :param where: path of the value, for the message
    :raise DecodeError: a field is missing, or of another type
    """
    decoder: Decoder = _decoder(kind)  # type: ignore[arg-type]  # every class is hashable, which typeshed does not say
    built: T = decoder(value, where)
    return built


Decoder = Callable[[Any, str], Any]


@cache
def _decoder(kind: Any) -> Decoder:
    """Return the function that builds values of a type; made once for each type."""
    origin, args = get_origin(kind), get_args(kind)
    if dataclasses.is_dataclass(kind):
        return _dataclass_decoder(kind)
    if origin is UnionType or type(None) in args:
        return _optional_decoder(next(arg for arg in args if arg is not type(None)))
    if origin is tuple:
        return _tuple_decoder(args)
    if origin is not None:
        return _mapping_decoder(args[1])
    return _plain_decoder(kind) if kind in (str, int, float, bool) else lambda value, _where: value


def _dataclass_decoder(kind: Any) -> Decoder:
    hints = get_type_hints(kind)
    fields = [(field.name, _decoder(hints[field.name]), _is_required(field)) for field in dataclasses.fields(kind)]

    def build(value: Any, where: str) -> Any:
        if not isinstance(value, Mapping):
            raise wrong(value, "a mapping", where)
        found = {}
        for name, decoder, required in fields:
            if name in value:
                found[name] = decoder(value[name], f"{where}.{name}")
            elif required:
                raise DecodeError(f"{where}.{name} is missing")
        return kind(**found)

    return build


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _optional_decoder(kind: Any) -> Decoder:
    decoder = _decoder(kind)
    return lambda value, where: None if value is None else decoder(value, where)


def _tuple_decoder(args: tuple[Any, ...]) -> Decoder:
    decoder = _decoder(args[0])

    def build(value: Any, where: str) -> Any:
        if not isinstance(value, list | tuple):
            raise wrong(value, "a list", where)
        return tuple(decoder(each, where) for each in value)

    return build


def _mapping_decoder(kind: Any) -> Decoder:
    decoder = _decoder(kind)

    def build(value: Any, where: str) -> Any:
        if not isinstance(value, Mapping):
            raise wrong(value, "a mapping", where)
        return {str(key): decoder(each, f"{where}.{key}") for key, each in value.items()}

    return build


def _plain_decoder(kind: Any) -> Decoder:
    accepted = (int, float) if kind is float else (kind,)

    def build(value: Any, where: str) -> Any:
        if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
            raise wrong(value, kind.__name__, where)
        return kind(value)

    return build
