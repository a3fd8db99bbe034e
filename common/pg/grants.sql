-- What a service may do in its database: its rows, and nothing else. Run by the owner, with the setting jumun.role naming the service's role, and jumun.record the
-- table whose rows stay as they were written, or ''. Said anew with each migration, so that it is so whatever was granted before; in one transaction, so that a
-- service at work never finds less. What the owner makes later follows by its default privileges.
do $$
declare
    -- of a name that is no role, the sentence is PostgreSQL's
    service constant regrole := quote_ident(current_setting('jumun.role'));
    place text;
begin
    if pg_has_role(service, current_user, 'member') then
        raise exception 'the service''s role, %, owns the schema, or may become who does; it must be another''s', service;
    end if;
    execute format('revoke all on database %I from public, %s', current_database(), service);
    execute format('grant connect on database %I to %s', current_database(), service);
    execute format('alter default privileges grant usage on schemas to %s', service);
    execute format('alter default privileges grant select, insert, update, delete on tables to %s', service);
    execute format('alter default privileges grant usage on sequences to %s', service);
    revoke create on schema public from public;
    for place in select quote_ident(nspname) from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema' loop
        execute format('revoke all on schema %s from %s', place, service);
        execute format('grant usage on schema %s to %s', place, service);
        execute format('revoke all on all tables in schema %s from %s', place, service);
        execute format('grant select, insert, update, delete on all tables in schema %s to %s', place, service);
        execute format('revoke all on all sequences in schema %s from %s', place, service);
        execute format('grant usage on all sequences in schema %s to %s', place, service);
    end loop;
    -- by which it is told whether the schema is its own
    execute format('revoke insert, update, delete on schema_migration from %s', service);
    if current_setting('jumun.record') <> '' then
        execute format('revoke update, delete on %s from %s', current_setting('jumun.record')::regclass, service);
    end if;
end $$;
