"""Async Python client for the Puretalk AI voice-call API.

``_public.py`` lists the public names; add one there. Type checkers read it through the ``import *`` below. At run time,
the first use of a name imports it through ``__getattr__`` (PEP 562), and all its names are then attributes of this
module. Thus ``puretalk --help`` and other modules of this package start without importing the whole client.
"""

from ._version import __version__ as __version__

TYPE_CHECKING = False  # as in typing, which takes longer to import than all of "puretalk --help"

if TYPE_CHECKING:
    from ._public import *  # noqa: F403
else:

    def __getattr__(name: str) -> object:
        """Return a public name or module, which is not imported yet."""
        from importlib import import_module

        if name in ("drift", "errors", "models"):
            return import_module(f".{name}", __name__)
        if name == "__all__" or not name.startswith("_"):
            # Not "from . import", which looks here for the name first.
            public, own = vars(import_module("._public", __name__)), globals()
            own.update({key: value for key, value in public.items() if key not in own})
            if name in own:
                return own[name]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *vars(__import__(f"{__name__}._public", fromlist=["x"]))})


del TYPE_CHECKING
