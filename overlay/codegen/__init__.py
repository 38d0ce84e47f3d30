"""Tooling for the generated package: generates it, checks it, compares it with a new document or with a release.

The command line is ``python -m codegen``. Nothing here is part of the published packages.
"""
