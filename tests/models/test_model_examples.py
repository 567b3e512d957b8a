"""The examples in the models' docstrings are true."""

import doctest
import importlib
import pkgutil

import pytest

import models

MODULES = sorted(module.name for module in pkgutil.walk_packages(models.__path__, "models."))


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_examples_exist() -> None:
    finder = doctest.DocTestFinder()
    found = [test for name in MODULES for test in finder.find(importlib.import_module(name)) if test.examples]
    assert len({test.name for test in found}) >= 10
