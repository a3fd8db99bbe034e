-- What every context's database has besides its own tables: history, outbox, inbox, idempotency keys, timers.

create table event (
    seq            bigint generated always as identity primary key,
    id             uuid not null,
    aggregate_kind text not null,
    aggregate      uuid not null,
    version        bigint not null,
    type           text not null,          -- jumun.order.OrderConfirmed.v1
    topic          text,                   -- null: kept here only
    correlation    uuid not null,
    causation      uuid,
    traceparent    text,
    at             timestamptz not null,
    data           json not null,
    unique (aggregate, aggregate_kind, version)
);

-- What Kafka has not confirmed yet, in the order of seq. Small: a row goes when its delivery report is in.
create table outbox (
    seq bigint primary key
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- Foreign events that have had their effect.
create table inbox (
    event uuid primary key,
    at    timestamptz not null default clock_timestamp()
);

-- The first answer to each Idempotency-Key. Without a status the answer is still out, until `lease`.
create table idempotency (
    scope        text not null,
    key          text not null,
    fingerprint  uuid not null,            -- of the first body
    resource     uuid not null,            -- what the first command makes
    lease        timestamptz not null,
    status       bigint,
    content_type text,
    location     text,
    answer       text,
    at           timestamptz not null default clock_timestamp(),
    primary key (scope, key)
) with (fillfactor = 70);

create table timer (
    aggregate      uuid not null,
    aggregate_kind text not null,
    timer          text not null,
    correlation    uuid not null,
    due            timestamptz not null,
    primary key (aggregate, aggregate_kind, timer)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
create index timer_due on timer (due);
