"""Routes that refer to other routes keep what those prefer."""

from __future__ import annotations

import pytest

from headgate.config.load import load_text
from headgate.routing.compile import compile_rules
from headgate.routing.order import STRATEGIES

INNER = "- {name: inner, PICK targets: [{to: e/x, priority: 1}, {to: e/y, priority: 2, weight: 3}]}"


def order(routes: str, draw: float) -> list[str]:
    """The models of route `outer` in the order in which one draw puts them."""
    loaded = load_text(f"providers: {{e: {{kind: echo}}}}\nroutes:\n{routes}\n", "g.yaml", {})
    rules, problems = compile_rules(loaded.config.routes, ["e"], loaded.source)
    assert problems == []
    rule = next(rule for rule in rules if rule.name == "outer")
    return [one.target.model for one in STRATEGIES[rule.pick](rule.candidates, draw)]


@pytest.mark.parametrize("draw", [0.0, 0.5, 0.99])
def test_the_order_of_preference_of_a_route_holds_inside_another(draw: float) -> None:
    inner = INNER.replace("PICK", "")
    assert order(f"{inner}\n- {{name: outer, targets: [inner]}}", draw) == ["y", "x"]


@pytest.mark.parametrize("draw", [0.0, 0.5, 0.99])
def test_the_order_as_written_holds_inside_another(draw: float) -> None:
    inner = INNER.replace("PICK", "pick: order,")
    assert order(f"{inner}\n- {{name: outer, targets: [inner]}}", draw) == ["x", "y"]


@pytest.mark.parametrize(("draw", "first"), [(0.0, "x"), (0.2, "x"), (0.3, "y"), (0.9, "y")])
def test_the_weights_of_a_route_hold_inside_another(draw: float, first: str) -> None:
    inner = INNER.replace("PICK", "pick: weight,")
    assert order(f"{inner}\n- {{name: outer, targets: [inner]}}", draw)[0] == first


@pytest.mark.parametrize("draw", [0.0, 0.5, 0.99])
def test_everything_of_a_preferred_route_comes_before_what_is_less_preferred(draw: float) -> None:
    inner = INNER.replace("PICK", "")
    outer = "- {name: outer, targets: [{to: e/z, priority: 5}, {to: inner, priority: 6}, e/w]}"
    assert order(f"{inner}\n{outer}", draw) == ["y", "x", "z", "w"]


@pytest.mark.parametrize(("draw", "first"), [(0.0, "z"), (0.49, "z"), (0.51, "y"), (0.99, "y")])
def test_a_route_has_the_weight_of_one_target(draw: float, first: str) -> None:
    inner = INNER.replace("PICK", "")
    found = order(f"{inner}\n- {{name: outer, targets: [e/z, inner]}}", draw)
    assert (found[0], found[-1]) == (first, "x")


def test_routes_may_be_nested_more_than_once() -> None:
    routes = (
        INNER.replace("PICK", "")
        + "\n- {name: middle, targets: [{to: inner, priority: 2}, {to: e/m, priority: 1}]}"
        + "\n- {name: outer, targets: [{to: middle, priority: 2}, {to: e/z, priority: 1}]}"
    )
    assert order(routes, 0.7) == ["y", "x", "m", "z"]
