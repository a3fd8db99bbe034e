-- What is old goes in small steps (common/engine/pruner.h, docs/operations/retention.md).

-- Keys go by age: the oldest stand at the left of this index, new ones are appended at the right. Keeping an answer does not touch it.
create index idempotency_at on idempotency (at);

-- Ids below this may have gone from the inbox; all others are there. Moved by the transaction that removes them.
create table pruned (
    what  text primary key,
    below uuid not null
);

-- Each loses about as many rows as it gets: the room is to be found again soon.
alter table idempotency set (autovacuum_vacuum_scale_factor = 0.02);
alter table inbox set (autovacuum_vacuum_scale_factor = 0.02);
