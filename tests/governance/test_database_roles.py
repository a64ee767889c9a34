"""The three database roles: the SQL that makes them, how URLs are read, and who is fit to be one."""

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest
from django.core.management import call_command
from psycopg import sql

from governance.checks.database_roles import create_roles_sql, refuse_unfit_roles
from governance.checks.database_urls import (
    DEFAULT_NAMES,
    DatabaseRefused,
    DatabaseUrls,
    read_database_urls,
)
from tests.database import servers

PASSWORDS = {"owner_password": "o'1", "app_password": "a", "integrator_password": "i"}
FULL = {
    "DATABASE_URL": "postgresql://a:1@db.example:5432/countersign?sslmode=require",
    "DATABASE_OWNER_URL": "postgresql://o:2@db.example:5432/countersign?sslmode=require",
    "DATABASE_INTEGRATOR_URL": "postgresql://i:3@db.example:5432/countersign?sslmode=require",
}


def run_script(script: str) -> None:
    """Run the printed SQL as psql would: passwords in place of variables, \\connect followed."""
    for variable, value in PASSWORDS.items():
        script = script.replace(f":'{variable}'", sql.Literal(value).as_string(None))
    before, _, after = script.partition('\\connect "scripted"\n')
    for text, database in ((before, "postgres"), (after, "scripted")):
        statements = [part.strip() for part in text.split(";\n") if part.strip()]
        servers().postgres.administer(*(sql.SQL(part) for part in statements), database=database)


@pytest.fixture
def scripted() -> Iterator[DatabaseUrls]:
    """A database and three roles made by the printed SQL, under names of this test."""
    script = create_roles_sql({"owner": "s_owner", "app": "s_app", "integrator": "s_integrator"}, "scripted")
    run_script(script)
    yield DatabaseUrls(
        app=servers().postgres.url("s_app", "scripted"),
        owner=servers().postgres.url("s_owner", "scripted"),
        integrator=servers().postgres.url("s_integrator", "scripted"),
    )
    servers().drop("scripted")
    servers().postgres.administer(
        sql.SQL("DROP ROLE s_owner"), sql.SQL("DROP ROLE s_app"), sql.SQL("DROP ROLE s_integrator")
    )


def test_the_printed_sql_makes_three_fit_roles(scripted: DatabaseUrls) -> None:
    refuse_unfit_roles(scripted)


def test_the_command_prints_the_sql_with_the_names_in_force(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("database_roles", database="release_ledger")

    assert capsys.readouterr().out == create_roles_sql(DEFAULT_NAMES, "release_ledger")


def test_a_strange_name_is_quoted_in_the_sql() -> None:
    script = create_roles_sql({"owner": 'o"; DROP', "app": "a", "integrator": "i"}, "d")

    assert 'CREATE ROLE "o""; DROP" LOGIN NOSUPERUSER' in script


@pytest.mark.parametrize(
    ("user", "power"),
    [
        ("s_app", "SUPERUSER"),
        ("s_app", "CREATEROLE"),
        ("s_app", "REPLICATION"),
        ("s_app", "BYPASSRLS"),
        ("s_owner", "SUPERUSER"),
        ("s_integrator", "SUPERUSER"),
    ],
)
def test_a_role_with_a_power_over_the_guard_is_refused(scripted: DatabaseUrls, user: str, power: str) -> None:
    servers().postgres.administer(sql.SQL(f"ALTER ROLE {user} {power}"))

    with pytest.raises(DatabaseRefused, match=f"user '{user}' is "):
        refuse_unfit_roles(scripted)


def test_an_owner_that_owns_nothing_is_refused(scripted: DatabaseUrls) -> None:
    servers().postgres.administer(
        sql.SQL("ALTER DATABASE scripted OWNER TO postgres"),
        sql.SQL("GRANT CONNECT ON DATABASE scripted TO s_owner"),
    )

    with pytest.raises(DatabaseRefused, match="DATABASE_OWNER_URL: user 's_owner' does not own the database"):
        refuse_unfit_roles(scripted)


@pytest.mark.parametrize(
    ("role", "variable"), [("app", "DATABASE_URL"), ("integrator", "DATABASE_INTEGRATOR_URL")]
)
def test_a_role_that_is_a_member_of_the_owner_is_refused(
    scripted: DatabaseUrls, role: str, variable: str
) -> None:
    servers().postgres.administer(sql.SQL(f"GRANT s_owner TO s_{role}"))

    with pytest.raises(DatabaseRefused, match=f"{variable}: user 's_{role}' owns the database"):
        refuse_unfit_roles(scripted)


def test_an_unreachable_database_is_named_with_its_variable(scripted: DatabaseUrls) -> None:
    urls = replace(scripted, integrator="postgresql://s_integrator@127.0.0.1:1/scripted")

    with pytest.raises(DatabaseRefused, match="DATABASE_INTEGRATOR_URL: no connection"):
        refuse_unfit_roles(urls)


def test_no_url_at_all_means_the_embedded_database() -> None:
    assert read_database_urls({}) is None


def test_three_urls_are_read_with_their_users() -> None:
    urls = read_database_urls(FULL)

    assert urls is not None
    assert [urls.user("app"), urls.user("owner"), urls.user("integrator")] == ["a", "o", "i"]
    assert urls.environment() == FULL


@pytest.mark.parametrize("missing", sorted(FULL))
def test_a_missing_url_is_named(missing: str) -> None:
    given = {name: url for name, url in FULL.items() if name != missing}

    with pytest.raises(DatabaseRefused, match=f"^{missing} not set"):
        read_database_urls(given)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"DATABASE_URL": FULL["DATABASE_OWNER_URL"]},
            "DATABASE_URL and DATABASE_OWNER_URL name the same user 'o'",
        ),
        ({"DATABASE_URL": "mysql://a@db/x"}, "DATABASE_URL is not a PostgreSQL URL"),
        ({"DATABASE_URL": "postgresql://db.example/countersign"}, "DATABASE_URL names no user"),
        ({"DATABASE_URL": "postgresql://a@db.example"}, "DATABASE_URL names no database"),
        ({"DATABASE_URL": "postgresql://a@db.example:5432/other"}, "name different databases"),
    ],
)
def test_a_wrong_url_is_refused_by_name(change: dict[str, str], message: str) -> None:
    with pytest.raises(DatabaseRefused, match=message):
        read_database_urls({**FULL, **change})


def test_the_application_reads_the_list_of_migrations_and_cannot_change_it(committed_db: str) -> None:
    with psycopg.connect(servers().postgres.url(DEFAULT_NAMES["app"], committed_db)) as connection:
        found = connection.execute(
            "SELECT count(*) FROM django_migrations WHERE app = 'governance'"
        ).fetchone()

        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM django_migrations")

    assert found is not None
    assert found[0] >= 2
