"""A token with its account and all that the account was granted, in one query.

For addresses that decision services ask many times a second. Nothing is remembered from one call to the next,
so a token or a grant that was taken away opens nothing from then on.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from governance.access.models import Account, ApiToken
from governance.access.queries import Reach
from governance.access.roles import Role
from governance.prepared import first_row

TOKENS = """
governance_apitoken AS token
JOIN governance_account AS account ON account.id = token.account_id
LEFT JOIN governance_tokenuse AS used ON used.token_id = token.id
"""
# Written by hand: building the three queries that this replaces took longer than answering them. Parameters:
# the time twice, and the hash of the token.
_CALLER = f"""
SELECT token.id, token.scopes, token.created_at, token.expires_at, token.revoked_at, token.minted_with_mfa,
 account.id, account.username, account.kind, account.is_active, used.last_used_at,
 (SELECT jsonb_agg(jsonb_build_array(held.role, held.system_id, held.channel_id, channel.system_id))
  FROM governance_grant AS held LEFT JOIN governance_channel AS channel ON channel.id = held.channel_id
  WHERE held.account_id = account.id AND held.starts_at <= %s
    AND (held.ends_at IS NULL OR held.ends_at > %s))
FROM {TOKENS}
WHERE token.secret_hash = %s
"""  # noqa: S608 - constants of ours
MAY_ACT = """
token.secret_hash = %(secret_hash)s AND token.revoked_at IS NULL AND token.expires_at > %(now)s
AND account.is_active AND token.scopes ? %(scope)s AND EXISTS (
 SELECT FROM governance_grant AS held
 WHERE held.account_id = account.id AND held.role = ANY(%(roles)s)
   AND held.starts_at <= %(now)s AND (held.ends_at IS NULL OR held.ends_at > %(now)s)
   AND (held.system_id = system.id OR held.channel_id = channel.id
        OR held.system_id IS NULL AND held.channel_id IS NULL))
"""
"""That the token opens something and its account may act on ``channel`` of ``system``: what ``is_valid`` and
``Reach.acts_on`` say, for a statement that reads nothing about whoever may. A test holds the two together."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A token and its account as they are now; ``grants`` are (role, system, channel, channel's system)."""

    token: ApiToken
    last_used_at: datetime | None
    grants: tuple[tuple[str, UUID | None, UUID | None, UUID | None], ...]

    def reach(self, roles: frozenset[Role]) -> Reach:
        """Where the account holds one of the roles: what ``queries.reach_of`` answers."""
        held = [scope for role, *scope in self.grants if role in roles]
        return Reach(
            everywhere=any(system is None and channel is None for system, channel, _ in held),
            systems=frozenset(system for system, _, _ in held if system is not None),
            channels={
                channel: owner for _, channel, owner in held if channel is not None and owner is not None
            },
        )


def caller_of(secret_hash: str, at: datetime) -> Caller | None:
    """Whoever holds the token of this hash, with the grants in force at ``at``; validity is not checked."""
    row = first_row(_CALLER, [at, at, secret_hash])
    return _read(row) if row else None


def _read(row: Sequence[Any]) -> Caller:
    account = Account(id=row[6], username=row[7], kind=row[8], is_active=row[9])
    token = ApiToken(
        id=row[0],
        account=account,
        scopes=json.loads(row[1]),
        created_at=row[2],
        expires_at=row[3],
        revoked_at=row[4],
        minted_with_mfa=row[5],
    )
    grants = json.loads(row[11] or "[]") if account.is_active else []
    return Caller(token, row[10], tuple((role, *map(_id, scope)) for role, *scope in grants))


def _id(value: str | None) -> UUID | None:
    return UUID(value) if value else None
