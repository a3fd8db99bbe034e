-- The way back of a payment whose order is cancelled: it is closed, or its money is given back.

alter table payment
    alter column customer drop not null,   -- of a payment that was closed before anything was asked
    add column refund           json,      -- number, key, charge, and what came of it
    add column cancel_requested boolean not null default false,
    add column closing          boolean not null default false,

    add constraint customer_unless_closed check (customer is not null or status = 'CLOSED'),
    add constraint refund_while_refunding check ((refund is not null) = (status in ('REFUNDING', 'REFUNDED'))),
    add constraint closing_while_asked check (not closing or status in ('PROCESSING', 'UNKNOWN'));
