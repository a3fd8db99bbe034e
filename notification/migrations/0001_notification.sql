-- Whom to tell about an order. Written once when the order is placed, and seldom after.
create table dialogue (
    id              uuid primary key,      -- the order
    version         bigint not null,
    customer        uuid,                  -- null: not known yet
    cause           uuid,                  -- the event that made them known
    first_item      text,
    item_count      bigint not null,
    waiting         bigint not null,       -- bits by kind: to be told once the customer is known
    carrier         text,
    tracking_number text
);

-- What was told: one row for each (order, kind), whose name is its id. Written when intended, and updated when sent, mostly within the same
-- moment: half of each page is left free, so that the update stays in it and touches no index.
create table notice (
    id       uuid primary key,
    version  bigint not null,
    order_id uuid not null,
    customer uuid not null,
    cause    uuid,
    kind     text not null check (kind in ('ORDER_PLACED', 'ORDER_CONFIRMED', 'PAYMENT_DECLINED',
                                           'DELIVERY_READY', 'DELIVERY_STARTED', 'DELIVERY_COMPLETED')),
    channel  text not null check (channel in ('log')),
    language text not null check (language in ('ko', 'en')),
    status   text not null check (status in ('PENDING', 'SENT', 'GIVEN_UP')),
    text     text not null,
    at       timestamptz not null,
    attempts bigint not null
) with (fillfactor = 50);

-- A customer's list, newest first.
create index notice_customer on notice (customer, at desc, id desc);

-- For the sweep at the start (outbound/sweep.c): which pages are of the last hour. Next to free to keep.
create index notice_at on notice using brin (at) with (pages_per_range = 32, autosummarize = on);
