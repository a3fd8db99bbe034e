-- By this a copy of a message is told from another message under the same id. Null: it was taken before this was noted.

alter table inbox add column content bigint;
