"""The list of planted mistakes must fit the code it is about."""

import ast
import runpy

import pytest


@pytest.fixture(scope="module")
def mutations(root):
    return runpy.run_path(str(root / "tests" / "mutations.py"))["MUTATIONS"]


def test_every_search_text_occurs_exactly_once_and_is_really_changed(root, mutations):
    for mutation in mutations:
        source = (root / mutation.file).read_text()
        assert source.count(mutation.search) == 1, mutation
        if mutation.file.endswith(".py"):
            ast.parse(source.replace(mutation.search, mutation.replace))
        assert mutation.search != mutation.replace, mutation


def test_every_named_test_exists(root, mutations):
    for mutation in mutations:
        file, _, name = mutation.test.partition("::")
        body = ast.parse((root / file).read_text()).body
        assert name in [node.name for node in body if isinstance(node, ast.FunctionDef)], mutation


def test_the_list_is_long_and_without_repeats(mutations):
    assert len(set(mutations)) == len(mutations) >= 16


def test_no_name_of_the_list_is_given_twice(root):
    body = ast.parse((root / "tests" / "mutations.py").read_text()).body
    targets = [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
    names = [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]
    assert sorted(set(names)) == sorted(names)
