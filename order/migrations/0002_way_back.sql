-- Orders are cancelled, and each that is not at its end has a deadline.

-- The default is for an older program that still runs beside this one, and for the orders that are under way now.
alter table orders
    add column cancel_reason text check (cancel_reason in ('customer', 'operator', 'payment-cancelled', 'payment-window-closed', 'out-of-stock')),
    add column released      boolean not null default false,
    add column deadline      timestamptz default now() + interval '15 minutes',
    add column open          boolean not null generated always as (status not in ('COMPLETED', 'CANCELLED')) stored;

alter table orders
    drop constraint token_while_asked,
    add constraint token_while_asked check ((token is not null) = (payment = 'ASKED' and status = 'PENDING_PAYMENT')),
    add constraint cancelled_for_a_reason check ((cancel_reason is not null) = (status in ('CANCELLING', 'CANCELLED'))),
    add constraint open_until check (deadline is not null or status in ('COMPLETED', 'CANCELLED')),
    add constraint nothing_kept_when_cancelled check (status <> 'CANCELLED' or (released and payment in ('NONE', 'REFUNDED')));

-- The watchdog's. A condition on `status` would make every update of an order one of this index too; `open` changes once.
create index orders_open on orders (id) where open;

-- A declined order waited for ever; now its window closes.
insert into timer (aggregate, aggregate_kind, timer, correlation, due)
    select id, 'order', 'ASK_PAYMENT', id, deadline from orders where status = 'PENDING_PAYMENT'
    on conflict do nothing;
