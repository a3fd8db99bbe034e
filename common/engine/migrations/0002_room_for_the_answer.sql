-- An answer is three times as large as the key that waits for it. With a quarter of each page filled by keys, four updates of five find room
-- beside their row, and touch no index.

alter table idempotency set (fillfactor = 25);
