"""All rules of a configuration, and what they are decided against. Frozen; swapped whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from headgate.catalogue.discovered import Found
from headgate.catalogue.facts import Catalogue, Facts
from headgate.provider.call import Target
from headgate.routing.rule import Planned, Policy, Rule

#: Names asked for are the client's; the memory of them is bounded.
_REMEMBERED = 2048


@dataclass(frozen=True)
class Table:
    """Rules in order of precedence, the configured providers, and facts about models."""

    rules: tuple[Rule, ...]
    #: configured provider -> its name in the catalogue
    providers: Mapping[str, str]
    catalogue: Catalogue
    #: facts an operator wrote, by configured target
    overrides: Mapping[Target, Facts]
    default_policy: Policy
    #: What providers said they serve, filled while the gateway runs.
    discovered: dict[str, Found] = field(default_factory=dict, compare=False)
    _facts: dict[Target, Facts | None] = field(default_factory=dict, compare=False, repr=False)
    _planned: dict[Target, Planned] = field(default_factory=dict, compare=False, repr=False)
    _rules: dict[str, tuple[Rule, ...]] = field(default_factory=dict, compare=False, repr=False)

    def facts(self, target: Target) -> Facts | None:
        """What is known about a target's model."""
        try:
            return self._facts[target]
        except KeyError:
            pass
        found = self.overrides.get(target) or self.catalogue.find(
            self.providers.get(target.provider, target.provider), target.model
        )
        if len(self._facts) < _REMEMBERED:
            self._facts[target] = found
        return found

    def planned(self, target: Target) -> Planned:
        """A target as a plan holds it: with what is known of its model."""
        try:
            return self._planned[target]
        except KeyError:
            pass
        facts = self.facts(target)
        made = Planned(target if facts is None else target.knowing(facts.traits), facts)
        if len(self._planned) < _REMEMBERED:
            self._planned[target] = made
        return made

    def offers(self, provider: str, model: str) -> bool:
        """Whether the provider itself listed this model."""
        found = self.discovered.get(provider)
        return found is not None and model in found.models

    def rules_for(self, model: str) -> tuple[Rule, ...]:
        """The rules whose model condition holds, in order of precedence."""
        try:
            return self._rules[model]
        except KeyError:
            pass
        found = tuple(rule for rule in self.rules if rule.matches_model(model))
        if len(self._rules) < _REMEMBERED:
            self._rules[model] = found
        return found
