-- The database of a context and its two roles, which see no other's: NAME works with the rows, NAME_owner owns the schema. For psql, as a superuser, with
--   name     the context
--   secrets  the folder in which each role's password is a file, by the role's name
-- as its variables. What is there stays, a changed password is taken up, and a database from a time when its service's role owned it is brought over, in one
-- transaction: a service at work does not notice. No list of processes shows a password.
\connect postgres
\set owner :name _owner
\set password `cat :'secrets'/:'name'`
\set owner_password `cat :'secrets'/:'owner'`
SELECT :'password' = '' OR :'owner_password' = '' AS without \gset
\if :without
DO $$ BEGIN RAISE EXCEPTION 'a role of this context has no password among the secrets'; END $$;
\endif
SELECT format('CREATE ROLE %I LOGIN', role) FROM (VALUES (:'name'), (:'owner')) AS needed (role) WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) \gexec
ALTER ROLE :"name" PASSWORD :'password';
ALTER ROLE :"owner" PASSWORD :'owner_password';
SELECT format('CREATE DATABASE %I OWNER %I', :'name', :'owner') WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"name" TO :"name";
\connect :"name"
SELECT EXISTS (SELECT FROM pg_shdepend JOIN pg_roles r ON r.oid = refobjid WHERE refclassid = 'pg_authid'::regclass AND rolname = :'name' AND deptype = 'o'
    AND dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))) AS old \gset
\if :old
BEGIN;
REASSIGN OWNED BY :"name" TO :"owner";
GRANT CONNECT ON DATABASE :"name" TO :"name";
SELECT format('GRANT USAGE ON SCHEMA %1$I TO %2$I; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %1$I TO %2$I', nspname, :'name')
FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' \gexec
COMMIT;
\endif
