from importlib import import_module

import pytest

from voipwatch.cli.commands import COMMANDS, GROUPS, build_app


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_is_where_it_is_said_to_be(command: str) -> None:
    place, _, name = COMMANDS[command].partition(":")
    assert callable(getattr(import_module(place), name))


def test_flags_have_no_opposites() -> None:
    for command in COMMANDS:
        app = build_app()
        for word in command.split():
            app = app[word]
        for argument in app.assemble_argument_collection():
            assert not any(name.startswith(("--no-", "--empty-")) for name in argument.names)


def test_groups_are_those_of_the_commands() -> None:
    assert {command.split()[0] for command in COMMANDS if " " in command} == set(GROUPS)
