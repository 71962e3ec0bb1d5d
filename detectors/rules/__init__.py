"""Signatures: load, lint, compile for the core, match the plain way. The format: `rules/README.md`."""

from detectors.rules.coverage import Coverage, covered
from detectors.rules.examples import Result, run_examples
from detectors.rules.lint import LINTS, Finding, lint_rules
from detectors.rules.loader import Source, load_rules
from detectors.rules.model import Problem, Rule, RuleError, RuleSet
from detectors.rules.site_filters import SiteFilter, with_filters

__all__ = [
    "LINTS",
    "Coverage",
    "Finding",
    "Problem",
    "Result",
    "Rule",
    "RuleError",
    "RuleSet",
    "SiteFilter",
    "Source",
    "covered",
    "lint_rules",
    "load_rules",
    "run_examples",
    "with_filters",
]
