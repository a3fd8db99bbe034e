-- What each customer has earned. The room in each page keeps the updates in it (HOT), since nothing but the id is indexed.
create table account (
    id      uuid primary key, -- the customer
    version bigint not null,
    orders  bigint not null check (orders >= 0),
    points  bigint not null check (points >= 0)
) with (fillfactor = 50);
