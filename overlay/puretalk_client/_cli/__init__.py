"""The console command ``puretalk``."""

from .main import main

__all__ = ["main"]
