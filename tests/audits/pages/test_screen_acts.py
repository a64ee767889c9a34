"""Acts from the screens of the registry, of gate policies, rules, scores, accounts, roles and tokens."""

import json

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from governance.access.models import Account, ApiToken, Grant, Proposal
from governance.registry.models import Channel, ComponentVersion, Segment, System
from releases.approvals.models import ApprovalRuleSet
from releases.gates.models import GatePolicy
from releases.scores.models import ScoreTable
from tests.audits.pages.browsing import submitted, text_of
from tests.factories.bundles import component
from tests.factories.cast import PASSWORD, Cast, person
from tests.factories.gates import META, csv_of, table_rows
from tests.factories.http import signed_in
from tests.factories.worlds import Prepared

NEW_PASSWORD = "quince-orchard-at-dawn"


def at(model: str, name: str, *args: object) -> str:
    return reverse(f"admin:{model}_{name}", args=args)


def test_an_administrator_registers_a_system_and_its_channel(team: Cast) -> None:
    client = signed_in(team.admin)

    page = submitted(
        client,
        at("governance_system", "register"),
        slug="payout",
        name="Payout",
        dataset_change_limit_rate="0.2",
    )
    system = System.objects.get(slug="payout")
    submitted(client, at("governance_system", "channel", system.pk), name="ios", kind="ios")

    assert "Payout is registered. Register its channels next." in text_of(page)
    assert system.dataset_change_limit_rate == 0.2
    assert Channel.objects.get(system=system).name == "ios"


def test_a_malformed_slug_is_said_beside_its_field(team: Cast) -> None:
    response = submitted(
        signed_in(team.admin),
        at("governance_system", "register"),
        slug="Pay Out",
        name="P",
        dataset_change_limit_rate="0.2",
    )

    assert response.status_code == 409
    assert response.context["form"].errors["slug"]


def test_others_are_refused_to_register_a_system(team: Cast) -> None:
    response = submitted(
        signed_in(team.author),
        at("governance_system", "register"),
        slug="payout",
        name="P",
        dataset_change_limit_rate="0.2",
    )

    assert response.status_code == 409
    assert not System.objects.filter(slug="payout").exists()


def test_a_segment_is_defined_and_a_broken_predicate_is_explained(team: Cast) -> None:
    client, url = signed_in(team.qa_lead), at("governance_segment", "define")
    fields = {"system": str(team.system.pk), "key": "senior", "title": "Senior", "reason": "Watched."}
    predicate = {"attribute": "age", "operator": "eq", "value": "senior"}

    broken = submitted(client, url, **fields, predicate="{")
    unknown = submitted(client, url, **fields, predicate=json.dumps({**predicate, "operator": "like"}))
    submitted(client, url, **fields, predicate=json.dumps(predicate), protected="on")

    assert "This is no JSON" in text_of(broken)
    assert unknown.context["form"].errors["predicate"]
    assert Segment.objects.get().protected


def test_a_component_is_registered_with_errors_by_field_first(team: Cast) -> None:
    client, url = signed_in(team.author), at("governance_componentversion", "register")
    fields = {"system": str(team.system.pk), "kind": "fusion", "name": "fusion", "version": "9"}

    wrong = submitted(client, url, **fields, attributes='{"strategy": "guess", "inputs": ["depth"]}')
    right = submitted(client, url, **fields, attributes='{"strategy": "single_score", "inputs": ["depth"]}')

    assert wrong.status_code == 409
    assert "attributes.strategy" in text_of(wrong)
    assert "its digest is of the attributes" in text_of(right)
    assert ComponentVersion.objects.filter(name="fusion", version="9").exists()


def test_a_component_is_deprecated_and_revoked(team: Cast) -> None:
    model = component(team, "model", "live", "9")

    submitted(signed_in(team.author), at("governance_componentversion", "deprecate", model.pk), reason="Old.")
    page = submitted(
        signed_in(team.release_manager),
        at("governance_componentversion", "revoke", model.pk),
        reason="Leaked.",
    )

    model.refresh_from_db()
    assert model.status == "revoked"
    assert "Leaked." in text_of(page)


def test_a_policy_is_drafted_edited_and_locked(prepared: Prepared) -> None:
    people = prepared.here.cast
    client = signed_in(people.qa_lead)
    draft = f"{at('releases_gatepolicy', 'draft')}?from={GatePolicy.objects.get().pk}"
    form = client.get(draft).context["form"]
    start = {name: form[name].value() for name in ("system", "name", "criteria", "out_of_scope")}

    wrong = submitted(client, draft, **{**start, "criteria": '[{"key": "a"}]'})
    submitted(client, draft, **start)
    policy = GatePolicy.objects.get(version=2)
    form = client.get(at("releases_gatepolicy", "edit", policy.pk)).context["form"]
    kept = {"criteria": form["criteria"].value(), "out_of_scope": form["out_of_scope"].value()}
    submitted(client, at("releases_gatepolicy", "edit", policy.pk), **kept, description="Second version.")
    page = submitted(client, at("releases_gatepolicy", "lock", policy.pk))

    assert "kind" in wrong.context["form"].errors["criteria"][0], wrong.context["form"].errors
    assert "liveness v2 is locked and in force." in text_of(page)
    assert "Second version." in text_of(page)
    assert GatePolicy.objects.get(version=1).in_force_until is not None


def test_rules_take_two_administrators(team: Cast) -> None:
    rules = json.dumps([{"key": "two", "title": "Two approvers", "role": "approver", "count": 2}])
    url = at("releases_approvalruleset", "enact")

    page = submitted(signed_in(team.admin), url, system=str(team.system.pk), rules=rules, reason="More eyes.")
    proposal = Proposal.objects.get(verb="approval_rule.enacted")
    confirm = at("releases_approvalruleset", "confirm", proposal.pk)
    own = submitted(signed_in(team.admin), confirm)
    done = submitted(signed_in(team.admin_two), confirm)

    assert "Another administrator must confirm" in text_of(page)
    assert own.status_code == 409
    assert "The new rules of onboarding-liveness are in force." in text_of(done)
    assert ApprovalRuleSet.objects.get().confirmed_by_username == "admin_two"


def test_scores_are_imported_and_a_refusal_names_its_field(prepared: Prepared) -> None:
    people = prepared.here.cast
    client, url = signed_in(people.author), at("releases_scoretable", "import")
    dataset = component(people, "dataset", "further")
    meta = {**META, "dataset": str(dataset.pk), "stack_digest": prepared.candidate.stack_digest}
    before = ScoreTable.objects.count()

    def sent(given: dict[str, object]) -> object:
        file = SimpleUploadedFile("scores.csv", csv_of(table_rows()))
        return submitted(client, url, system=str(people.system.pk), meta=json.dumps(given), file=file)

    wrong, right = sent({**meta, "polarity": "sideways"}), sent(meta)

    assert "polarity" in text_of(wrong)
    assert "160 rows are imported, 0 were refused." in text_of(right)
    assert ScoreTable.objects.count() == before + 1


def test_an_account_is_created_given_a_role_and_closed(team: Cast) -> None:
    client = signed_in(team.admin)

    submitted(
        client, at("governance_account", "create"), username="nadia", kind="person", new_password=PASSWORD
    )
    nadia = Account.objects.get(username="nadia")
    given = submitted(
        client,
        at("governance_grant", "give"),
        account=str(nadia.pk),
        role="auditor",
        scope=f"system:{team.system.pk}",
        reason="Looks at the record.",
    )
    submitted(client, at("governance_account", "deactivate", nadia.pk), reason="Left.")

    nadia.refresh_from_db()
    assert "nadia is auditor now." in text_of(given)
    assert nadia.check_password(PASSWORD)
    assert not nadia.is_active


def test_a_powerful_role_takes_two_administrators_and_ends_by_one(team: Cast) -> None:
    channel = team.channel("ios")
    fields = {"account": str(team.stranger.pk), "role": "security_reviewer", "scope": f"channel:{channel.pk}"}

    page = submitted(signed_in(team.admin), at("governance_grant", "give"), **fields, reason="For ios.")
    proposal = Proposal.objects.filter(verb="grant.given", confirmed_at__isnull=True).get()
    done = submitted(signed_in(team.admin_two), at("governance_grant", "confirm", proposal.pk))
    grant = Grant.objects.get(account=team.stranger)
    ended = submitted(signed_in(team.admin), at("governance_grant", "revoke", grant.pk), reason="Enough.")

    assert "Another administrator must confirm it within 24 hours." in text_of(page)
    assert "stranger is security reviewer now." in text_of(done)
    assert (grant.channel, grant.confirmed_by_username) == (channel, "admin_two")
    assert "stranger is security reviewer no longer." in text_of(ended)


def test_nobody_gives_a_role_to_the_own_account(team: Cast) -> None:
    fields = {"account": str(team.admin.pk), "role": "author", "scope": f"system:{team.system.pk}"}

    response = submitted(signed_in(team.admin), at("governance_grant", "give"), **fields, reason="Why not.")

    assert response.status_code == 409
    assert "cannot give a role to the same account" in text_of(response)


def test_a_token_shows_its_secret_once_and_opens_nothing_once_revoked(team: Cast) -> None:
    client = signed_in(team.author)
    url = at("governance_apitoken", "issue")
    form = client.get(url).context["form"]
    fields = {
        "name": "CI",
        "scopes": ["read"],
        "expires_at": form["expires_at"].value().strftime("%Y-%m-%dT%H:%M"),
    }

    issued = submitted(client, url, **fields)
    token = ApiToken.objects.get(account=team.author)
    submitted(client, at("governance_apitoken", "revoke", token.pk), reason="Done.")
    again = client.get(at("governance_apitoken", "change", token.pk))

    token.refresh_from_db()
    assert "Copy the secret now" in text_of(issued)
    assert 'id="secret">cs_' in issued.content.decode()
    assert "no-store" in issued["Cache-Control"]
    assert "cs_" not in text_of(again)
    assert token.revoked_at is not None


def test_a_token_of_somebody_else_is_not_found(team: Cast) -> None:
    client = signed_in(team.author)
    fields = {"name": "CI", "scopes": ["read"], "expires_at": "2027-01-01T00:00"}
    submitted(signed_in(team.qa_lead), at("governance_apitoken", "issue"), **fields)
    token = ApiToken.objects.get(account=team.qa_lead)

    assert client.get(at("governance_apitoken", "revoke", token.pk)).status_code == 404


def test_the_own_password_is_changed_through_its_verb(team: Cast) -> None:
    client = signed_in(team.author)
    start = client.get(reverse("admin:password_change"))

    page = submitted(client, start["Location"], new_password=NEW_PASSWORD, again=NEW_PASSWORD)
    differing = submitted(client, start["Location"], new_password=NEW_PASSWORD, again="other")

    team.author.refresh_from_db()
    assert "The password is changed." in text_of(page)
    assert "The two passwords differ." in text_of(differing)
    assert team.author.check_password(NEW_PASSWORD)


def test_nobody_sets_the_password_of_another(team: Cast) -> None:
    other = person("other")

    assert signed_in(team.author).get(at("governance_account", "password", other.pk)).status_code == 404
