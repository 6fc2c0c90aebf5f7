"""The nouns of voipwatch: frozen records and closed vocabularies, no logic, no imports from elsewhere.

`vocabulary` names verdicts, stages, arms, failures; `mechanisms` how calls are interfered with;
`ruleset` the numbers that decide; `flows` and `measurement` what was observed; `results` what is
concluded; `tickets` the right to measure.
"""
