"""Write the software bill of materials that the wheel contains, as CycloneDX JSON (PEP 770).

Hatchling runs this while it builds a wheel. A wheel contains no other project's code: the components are what the
environment must provide, with the ranges that pyproject.toml allows. Nothing depends on the time or the machine, since
two builds have to be the same bytes.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_FILE = "puretalk-client.cdx.json"


class SbomHook(BuildHookInterface):  # type: ignore[type-arg] # hatchling evaluates the parameter, which it has not
    """Add the file to ``.dist-info/sboms/``."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the file to a folder of its own, whose name is not part of the path in the wheel."""
        del version
        self._folder = tempfile.TemporaryDirectory()
        core = self.metadata.core
        text = sbom(core.name, self.metadata.version, core.description, core.license_expression, requirements(core))
        path = Path(self._folder.name, _FILE)
        path.write_text(text, encoding="utf-8", newline="\n")
        build_data["sbom_files"].append(str(path))

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Delete the folder."""
        del version, build_data, artifact_path
        self._folder.cleanup()


def requirements(core: Any) -> list[tuple[str, Requirement]]:
    """List the extra, or "" for a dependency that everyone gets, with each requirement."""
    groups = {"": core.dependencies, **core.optional_dependencies}
    return [(extra, Requirement(text)) for extra, texts in groups.items() for text in texts]


def sbom(name: str, version: str, description: str, licence: str, required: list[tuple[str, Requirement]]) -> str:
    """Return the document.

    A project that several extras require is one component, and its property ``puretalk-client:extra`` names them all.
    """
    main = {
        "type": "library",
        "bom-ref": f"pkg:pypi/{name}@{version}",
        "name": name,
        "version": version,
        "description": description,
        "licenses": [{"expression": licence}],
        "purl": f"pkg:pypi/{name}@{version}",
    }
    names = sorted({canonicalize_name(requirement.name) for _, requirement in required})
    components = [
        _component(each, [pair for pair in required if canonicalize_name(pair[1].name) == each]) for each in names
    ]
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.7.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.7",
        "version": 1,
        "metadata": {"component": main},
        "components": components,
        "dependencies": [
            {"ref": main["bom-ref"], "dependsOn": [component["bom-ref"] for component in components]},
            *({"ref": component["bom-ref"]} for component in components),
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def _component(name: str, required: Iterable[tuple[str, Requirement]]) -> dict[str, Any]:
    """Describe one project that the environment has to provide."""
    extras = sorted(extra for extra, _ in required)
    ranges = {_version_range(requirement) for _, requirement in required}
    if len(ranges) != 1:
        raise ValueError(f"pyproject.toml requires {name} in several ranges: {', '.join(sorted(ranges))}")
    properties = [{"name": "puretalk-client:extra", "value": extra} for extra in extras if extra]
    return {
        "type": "library",
        "bom-ref": f"pkg:pypi/{name}",
        "name": name,
        "versionRange": ranges.pop(),
        "isExternal": True,
        "scope": "required" if "" in extras else "optional",
        "purl": f"pkg:pypi/{name}",
        **({"properties": properties} if properties else {}),
    }


def _version_range(requirement: Requirement) -> str:
    """Write the versions as CycloneDX does, lower bounds first: ``vers:pypi/>=1.0.6|<2``."""
    bounds = sorted((str(bound) for bound in requirement.specifier), key=lambda bound: (bound[0] != ">", bound))
    if any(bound.startswith(("~=", "===")) or bound.endswith("*") for bound in bounds):
        raise ValueError(f"a version range of the bill of materials cannot express {str(requirement.specifier)!r}")
    return "vers:pypi/" + ("|".join(bound.removeprefix("==") for bound in bounds) or "*")
