"""A sandbox of the Puretalk API for tests: in process through ``httpx.ASGITransport``, or on a loopback socket.

It needs the extra ``testing``.

``_public.py`` lists the public names; add one there. Type checkers read it through the ``import *`` below. At run time,
the first use of a name imports it through ``__getattr__`` (PEP 562), as in ``puretalk_client`` itself: every pytest
process loads ``pytest_plugin`` in this package, and most have no test that needs the sandbox, or lack the extra.
"""

TYPE_CHECKING = False  # as in typing, which the pytest plugin needs no more than the rest

if TYPE_CHECKING:
    from ._public import *  # noqa: F403
else:

    def __getattr__(name: str) -> object:
        """Return a public name or module, which is not imported yet."""
        from importlib import import_module

        if name == "pytest_plugin":
            return import_module(f".{name}", __name__)
        if name == "__all__" or not name.startswith("_"):
            own = globals()
            own.update({key: value for key, value in _load_public().items() if key not in own})
            if name in own:
                return own[name]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *_load_public()})

    def _load_public() -> dict[str, object]:
        """Import what needs the extra."""
        from importlib import import_module

        try:
            # Not "from . import", which looks here for the name first.
            return vars(import_module("._public", __name__))
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in ("starlette", "uvicorn"):
                raise
            raise ImportError(
                "puretalk_client.testing needs starlette and uvicorn: install puretalk-client with the extra 'testing'"
            ) from error


del TYPE_CHECKING
