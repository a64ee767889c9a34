"""Background work of replays: new decisions, a sample of them."""

from governance.actors import Actor
from governance.background import periodic
from releases.monitoring.replaying.services import replay_new


@periodic("releases.monitoring.replaying.replay")
def replay(actor: Actor) -> None:
    """Replay a sample of the decisions that were reported since the last round."""
    replay_new(actor)
