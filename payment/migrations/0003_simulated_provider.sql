-- The books of the simulated provider, as a bank keeps its own elsewhere: written in its own transactions, and nothing of payment's
-- refers to them. Who charges elsewhere leaves them empty.

create schema simulated_provider;

create table simulated_provider.charge (
    key        uuid primary key,
    amount     bigint not null,
    currency   text not null,
    token      text not null,
    charged_at timestamptz not null,       -- it counts from then on: tok_late's lies ahead
    asked      integer not null default 1  -- how often it was asked for
);

create table simulated_provider.refund (
    key         uuid primary key,
    charge      uuid not null references simulated_provider.charge,
    amount      bigint not null,
    currency    text not null,
    done        boolean not null,          -- false: it has failed, and is answered so for ever
    refunded_at timestamptz not null
);
create index refund_charge on simulated_provider.refund (charge);
