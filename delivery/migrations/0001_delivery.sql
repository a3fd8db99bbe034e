-- Each order's way to the door. Written when we first hear of the order, updated two or three times within seconds: the room in each page
-- keeps the updates in it (HOT), since nothing but the id is indexed.
create table delivery (
    id              uuid primary key,      -- the order
    version         bigint not null,
    state           text not null check (state in ('AWAITING', 'READY', 'STARTED', 'COMPLETED', 'CANCELLED')),
    customer        uuid,                  -- null: the order's confirmation is not here yet
    address         json,
    lines           json,                  -- [{"product","quantity"}]; null: not prepared yet
    carrier         text,
    tracking_number text,
    requested_at    timestamptz,
    started_at      timestamptz,
    completed_at    timestamptz,
    check (state in ('AWAITING', 'CANCELLED') or (customer is not null and lines is not null and requested_at is not null)),
    check ((state in ('STARTED', 'COMPLETED')) = (started_at is not null)),
    check ((state = 'COMPLETED') = (completed_at is not null))
) with (fillfactor = 50);
