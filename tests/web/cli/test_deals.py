"""Commands for the state of a deal."""

from tests.web.cli.conftest import Run
from tests.world import World


def test_should_park_a_deal_and_wake_it(on_world: Run, world: World) -> None:
    key, alice = world.deals["wards"], ("--as", "alice@dealkin.example")
    said = on_world("park", key, *alice, "--reason", "No budget", "--event", "budget round")
    assert said.code == 0, said.err
    assert f"{key} St Brannoc ward dashboards is parked." in said.out
    again = on_world("park", key, *alice, "--reason", "No budget", "--event", "budget round")
    assert "this one is parked" in again.err
    assert "is open again" in on_world("wake", key, *alice).out
    assert "not parked" in on_world("wake", key, *alice).err
