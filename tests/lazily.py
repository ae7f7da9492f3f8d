"""Imports a module when it is first used: each worker collects all tests, and scipy alone takes 1.4 s."""

import importlib


class Lazily:
    """A module by its name, imported when one of its public attributes is first asked for."""

    def __init__(self, name):
        self._name = name

    def __getattr__(self, attribute):
        # pytest asks whatever a test module holds for attributes of its own.
        if attribute.startswith("_"):
            raise AttributeError(attribute)
        return getattr(importlib.import_module(self._name), attribute)
