"""Guarantees about models that replace generated ones, and about lists in pages."""

from __future__ import annotations

from tests.mutation.mutant import CORE, UNIT, Mutant

MODELS_AND_PAGES = (
    Mutant(
        "this package's models in every model that refers to them",
        "_core/replacing.py",
        "            self._set_types(model, self._classes[model])",
        "            pass",
        "both_decoders_build_the_replacements",
        f"{CORE}/test_replacing.py",
    ),
    Mutant(
        "this package's models in the responses of every operation",
        "_core/response.py",
        "conventions.replaced[documented.type]",
        "documented.type",
        "over_this_client",
        f"{UNIT}/test_client.py",
    ),
    Mutant(
        "pickles of replaced models",
        "_core/replacing.py",
        ", __reduce__=reduce",
        "",
        "copied_and_pickled",
        f"{CORE}/test_replacing.py",
    ),
    Mutant(
        "one class for all threads",
        "_core/replacing.py",
        "with self._lock:",
        "if True:",
        "threads_get_one_class",
        f"{CORE}/test_replacing.py",
    ),
    Mutant(
        "the names of fields that Python reserves",
        "_core/decoding.py",
        "rename=names",
        "rename=None",
        "page_is_decoded_in_c",
        f"{CORE}/test_replacing.py",
    ),
    Mutant(
        "the end of the request for the next page",
        "_pagination.py",
        "            ahead.cancel()",
        "            pass",
        "ends_the_request",
        f"{UNIT}/test_pagination.py",
    ),
    Mutant(
        "the end of a circle of pages",
        "_pagination.py",
        " or following <= max(position.page, 0)",
        "",
        "no_later_page",
        f"{UNIT}/test_pagination.py",
    ),
    Mutant(
        "the bound on empty pages",
        "_pagination.py",
        "empty_pages > MAX_EMPTY_PAGES",
        "False",
        "empty_pages",
        f"{UNIT}/test_pagination.py",
    ),
    Mutant(
        "the bound on items",
        "_pagination.py",
        "left -= 1",
        "pass",
        "max_items_bounds",
        f"{UNIT}/test_pagination.py",
    ),
    Mutant(
        "an error that a list reports",
        "_envelope.py",
        'if not value.results and _parse_object(content).get("err") is True:',
        "if False:",
        "without_an_array_of_results",
        f"{UNIT}/test_pagination.py",
    ),
)
