-- Orders, one row each, and what this context knows of the catalog.

create table orders (
    id           uuid primary key,
    version      bigint not null,
    customer     uuid not null,
    status       text not null check (status in ('PENDING_PAYMENT', 'CONFIRMED', 'PREPARED', 'SHIPPED', 'COMPLETED', 'CANCELLING', 'CANCELLED')),
    payment      text not null check (payment in ('NONE', 'ASKED', 'DECLINED', 'APPROVED', 'REFUNDED')),
    attempt      bigint not null,
    payment_id   uuid,
    decline_code text,
    method       text,
    token        text,                     -- only while it may be needed to ask again
    total        bigint not null check (total >= 0),
    currency     text not null,
    lines        json not null,
    address      json not null,
    needs_review text,
    created_at   timestamptz not null,
    updated_at   timestamptz not null,

    -- Whatever the program does: nothing goes on unpaid, and no token is kept longer than it is needed.
    constraint never_on_unpaid check (payment = 'APPROVED' or status in ('PENDING_PAYMENT', 'CANCELLING', 'CANCELLED')),
    constraint token_while_asked check ((token is not null) = (payment = 'ASKED'))
) with (fillfactor = 70);                  -- every order is updated a handful of times; no updated column is indexed

create table catalog_item (
    id              uuid primary key,      -- the product's
    version         bigint not null,       -- of this mirror: it has no history
    product_version bigint not null,       -- of the product's event that was seen last
    name            text not null,
    price           bigint not null check (price >= 0),
    currency        text not null,
    available       bigint not null,
    discontinued    boolean not null
) with (fillfactor = 70);
