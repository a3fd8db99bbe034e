-- Payments, one row an order, with all its attempts.

create table payment (
    id           uuid primary key,         -- the order's
    version      bigint not null,
    payment_id   uuid not null,
    customer     uuid not null,
    status       text not null check (status in ('PROCESSING', 'APPROVED', 'DECLINED', 'UNKNOWN', 'REFUNDING', 'REFUNDED', 'CLOSED')),
    amount       bigint not null check (amount >= 0),
    currency     text not null,
    attempts     json not null,
    token        text,                     -- only while it may be needed to ask again
    needs_review text,
    created_at   timestamptz not null,
    updated_at   timestamptz not null,

    constraint token_while_asked check ((token is not null) = (status in ('PROCESSING', 'UNKNOWN')))
) with (fillfactor = 70);                  -- asked, then known: at least one update each; no updated column is indexed
