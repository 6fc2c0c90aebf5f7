"""Scenarios: worlds on a calendar, with planted truth (docs/design/0022-scenario.md, docs/scenarios.md)."""
