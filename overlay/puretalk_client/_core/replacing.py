"""Puts classes of one's own in the place of generated models, wherever other models refer to those."""

from __future__ import annotations

import functools
import inspect
import operator
import threading
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from puretalk_generated.codec import hints, models_in


class Replacements(dict[Any, Any]):
    """The type to decode into, by the type of a response; filled as types are looked up.

    A model in the table is replaced by its class there. A model that can contain one of those is replaced by a
    subclass of it with other types of fields, which both decoders read; any other type stays as it is.
    """

    def __init__(self, table: Mapping[Any, Any], restore: Callable[[Any, dict[str, Any]], Any]) -> None:
        """Prepare the classes in the table, which may refer to each other.

        Args:
            table: Generated models, each with the class in its place.
            restore: Builds the replacement of a model from its fields. Pickles refer to this function, since the
                classes that are made here have no name in a module.
        """
        super().__init__()
        self._classes = dict(table)
        self._restore = restore
        self._lock = threading.Lock()
        found = frozenset[Any]().union(*map(models_in, table))
        self._add(found)
        for model, own in table.items():
            if attrs.has(own):
                self._set_types(model, own)

    def __missing__(self, hint: Any) -> Any:
        with self._lock:  # two threads must not make two classes
            self._add(models_in(hint))
            return self.setdefault(hint, self._replace(hint))

    def _add(self, models: frozenset[Any]) -> None:
        """Make the subclasses for those of ``models`` that need one."""
        table = self._classes.keys()
        new = [model for model in models if model not in table and not table.isdisjoint(models_in(model))]
        self._classes.update({model: self._subclass(model) for model in new})
        for model in new:  # once there are all: models may refer to each other in circles
            self._set_types(model, self._classes[model])

    def _subclass(self, model: Any) -> Any:
        def reduce(value: Any) -> tuple[Any, ...]:
            return self._restore, (model, {field.name: getattr(value, field.name) for field in attrs.fields(model)})

        names = {name: getattr(model, name) for name in ("__module__", "__qualname__", "__doc__")}
        made = types.new_class(model.__name__, (model,), exec_body=lambda body: body.update(names, __reduce__=reduce))
        return attrs.frozen(kw_only=True, repr=False)(made)

    def _set_types(self, model: Any, own: Any) -> None:
        """Give the fields that ``own`` inherits from ``model`` the types of the replacements."""
        inherited = {field.name for field in attrs.fields(own) if field.inherited}
        types_of = {name: self._replace(hint) for name, hint in hints(model).items() if name in inherited}
        own.__annotations__ = inspect.get_annotations(own) | types_of

    def _replace(self, hint: Any) -> Any:
        if hint in self._classes:
            return self._classes[hint]
        arguments = typing.get_args(hint)
        replaced = tuple(map(self._replace, arguments))
        if replaced == arguments:
            return hint
        origin = typing.get_origin(hint)
        if origin in (types.UnionType, typing.Union):
            return functools.reduce(operator.or_, replaced)
        return origin[replaced]
