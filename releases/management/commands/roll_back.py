"""``roll_back <system> <channel> --reason``: take back what is live on a channel, from the server's shell.

It needs the database only: no broker, no worker, no web process.
"""

import getpass
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from governance.actors import command_actor
from governance.errors import GovernanceError
from governance.registry.models import Channel
from releases.rollouts.models import Deployment
from releases.rollouts.services import roll_back


class Command(BaseCommand):
    """Roll back the channel's live release at once."""

    help = "Take back what is live on a channel and return to the release before it."
    requires_system_checks = ()  # in an emergency nothing stands between the call and its effect

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("system", help="the system's slug")
        parser.add_argument("channel", help="the channel's name")
        parser.add_argument("--reason", required=True, help="why; the record keeps it")
        parser.add_argument(
            "--deployment",
            help="id of the live deployment that is meant; needed to go back once more after a rollback",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        channel = _channel(options["system"], options["channel"])
        named = _deployment(channel, options["deployment"]) if options["deployment"] else None
        try:
            done = roll_back(
                command_actor(getpass.getuser()), channel=channel, reason=options["reason"], deployment=named
            )
        except GovernanceError as refusal:
            raise CommandError(f"{refusal.message} {refusal.next_step}".strip()) from refusal
        self.stdout.write(
            f"{done.deployment.revision} is rolled back on {channel} since {done.rolled_back_at:%F %T} UTC; "
            f"{done.target} is live there."
        )


def _channel(system: str, name: str) -> Channel:
    found = Channel.objects.select_related("system").filter(system__slug=system, name=name).first()
    if found is None:
        known = Channel.objects.select_related("system").order_by("system__slug", "name")
        listed = ", ".join(f"{channel.system} {channel}" for channel in known[:20])
        raise CommandError(
            f"There is no channel {name!r} of a system {system!r}. There are: {listed or 'none'}."
        )
    return found


def _deployment(channel: Channel, identifier: str) -> Deployment:
    found = Deployment.objects.filter(channel=channel)
    listed = {str(row.id): row for row in found.select_related("revision__release", "channel")}
    if identifier not in listed:
        raise CommandError(
            f"There is no deployment {identifier} on {channel}. There are: {', '.join(listed) or 'none'}."
        )
    return listed[identifier]
