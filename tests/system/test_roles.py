"""Each service's role may read and write the rows of its own database (its history it may only add to), and nothing else; what may change a schema, no service is told."""
import contextlib
import subprocess

import psycopg2
import pytest

from histories import CONTEXTS, database_url, owners_url
from shop import RUN, processes

TABLE = {"order": "orders", "product": "product", "payment": "payment", "delivery": "delivery", "notification": "notice"}

DENIED = {
    "a table": "create table mine (n bigint)",
    "a temporary table": "create temporary table mine (n bigint)",
    "a schema": "create schema mine",
    "a function": "create function public.mine() returns bigint language sql as 'select 1'",
    "an extension": "create extension postgres_fdw",
    "an index": "create index mine on {table} (id)",
    "a column": "alter table {table} add column mine bigint",
    "an owner": "alter table {table} owner to \"{service}\"",
    "dropping": "drop table {table}",
    "truncating": "truncate {table}",
    "emptied history": "truncate event",
    "changed history": "update event set version = version",
    "less history": "delete from event",
    "the schema's version": "delete from schema_migration",
    "a role": "create role mine",
    "being the owner": "set role \"{service}_owner\"",
    "its own rights": "grant truncate on {table} to \"{service}\"",
    "a database": "create database mine",
}


@contextlib.contextmanager
def connected(url):
    """Whatever is done is taken back."""
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.rollback()
        connection.close()


@pytest.mark.parametrize("what", DENIED)
@pytest.mark.parametrize("service", CONTEXTS)
def test_a_service_may_not_have(shop, service, what):
    statement = DENIED[what].format(table=TABLE[service], service=service)
    with connected(database_url(service)) as cursor:
        if what == "a database":  # never within a transaction
            cursor.connection.autocommit = True
        if what == "its own rights":  # PostgreSQL only warns of it
            cursor.execute(statement)
            cursor.execute("select has_table_privilege(%s, 'truncate')", (TABLE[service],))
            assert cursor.fetchone() == (False,)
            return
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute(statement)


@pytest.mark.parametrize("service", CONTEXTS)
def test_it_may_have_the_rows_of_every_table_and_of_no_other_database(shop, service):
    with connected(database_url(service)) as cursor:
        cursor.execute("""select count(*), count(*) filter (where has_table_privilege(c.oid, 'select') and has_table_privilege(c.oid, 'insert')
            and (relname = 'event' or has_table_privilege(c.oid, 'update') and has_table_privilege(c.oid, 'delete'))), count(*) filter (where pg_get_userbyid(relowner) <> %s)
            from pg_class c where relkind in ('r', 'p') and relnamespace::regnamespace::text !~ '^(pg_|information_schema)' and relname <> 'schema_migration'""",
                       (f"{service}_owner",))
        tables, within_reach, others = cursor.fetchone()
        assert tables >= 6 and within_reach == tables and others == 0
    own = database_url(service)
    for other in CONTEXTS:
        if other != service:
            with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
                psycopg2.connect(own[:own.rindex("/") + 1] + other)


def test_what_its_owner_makes_later_is_within_its_reach_too(shop):
    owner = psycopg2.connect(owners_url("product"))
    owner.autocommit = True
    with owner.cursor() as cursor:
        cursor.execute("create table made_later (n bigint)")
        try:
            with connected(database_url("product")) as services:
                services.execute("insert into made_later values (1)")
                services.execute("select n from made_later")
                assert services.fetchone() == (1,)
        finally:
            cursor.execute("drop table made_later")
            owner.close()


def test_no_process_has_an_owners_password(shop):
    owners = {service: (RUN / "secrets" / f"{service}_owner").read_text().strip() for service in CONTEXTS}
    assert len(set(owners.values())) == len(CONTEXTS)
    for process in processes():
        told = [*(RUN / "service" / process).glob("*"), RUN / "log" / process / "current"]
        texts = {path: path.read_text(errors="replace") for path in told if path.is_file()}
        texts["environ"] = shop_environment(shop, process)
        assert "JUMUN_HTTP_LISTEN" in texts["environ"]
        assert [(process, str(place), service) for place, text in texts.items() for service, password in owners.items() if password in text] == []


def shop_environment(shop, process):
    with open(f"/proc/{shop.pid(process)}/environ", errors="replace") as file:
        return file.read()


def test_a_service_that_is_given_it_does_not_start(shop):
    settings = {**shop.settings("delivery"), "JUMUN_MIGRATION_URL": owners_url("delivery")}
    program = f"/proc/{shop.pid('delivery')}/exe"
    done = subprocess.run([program], env=settings, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2 and "JUMUN_MIGRATION_URL: there is no such setting" in done.stderr, done
