-- The catalog and its stock. Few rows, updated by every batch of orders: room in each page keeps the updates in it (HOT).
create table product (
    id           uuid primary key,
    version      bigint not null,
    name         text not null,
    description  text not null,
    price        bigint not null check (price > 0),
    currency     text not null check (currency ~ '^[A-Z]{3}$'),
    on_hand      bigint not null,
    reserved     bigint not null check (reserved >= 0),
    discontinued boolean not null,
    check (reserved <= on_hand)                  -- what is available is never negative
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- What was done for each order: written when its goods are taken, updated once, when they leave.
create table preparation (
    id      uuid primary key,                    -- the order
    version bigint not null,
    state   text not null check (state in ('PREPARED', 'REJECTED', 'RELEASED', 'SHIPPED')),
    lines   json                                 -- {"lines":[{"product","quantity"}]}; null: nothing is taken (yet)
) with (fillfactor = 70);
