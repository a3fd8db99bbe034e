/* The store, against a real PostgreSQL: each type of column comes back as it went, and nothing is for what is not there. */
#include "clock.h"
#include "store.h"
#include "testing.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

enum colour { RED, GREEN, COLOURS };
static const char *const colour_names[] = {"red", "green"};

struct tags {
    size_t count;
    struct str first;
};
struct thing {
    struct uuid owner;
    int64_t amount;
    bool good;
    struct str name, note;
    instant at;
    int colour;
    char currency[4];
    struct tags tags;
    struct str made_by;
};

static void tags_encode(const void *field, struct buf *json)
{
    const struct tags *t = field;
    if (t->count > 0)
        buf_printf(json, "[\"%.*s\"]", STR_ARG(t->first));
}

static void tags_decode(struct arena *arena, struct str json, void *field)
{
    struct tags *t = field;
    t->count = 1;
    t->first = arena_str(arena, (struct str){json.p + 2, json.n - 4});
}

static const struct store_column columns[] = {
    STORE_COLUMN(struct thing, owner, "owner", STORE_ID),
    STORE_COLUMN(struct thing, amount, "amount", STORE_INTEGER),
    STORE_COLUMN(struct thing, good, "good", STORE_BOOLEAN),
    STORE_COLUMN(struct thing, name, "name", STORE_TEXT),
    STORE_COLUMN(struct thing, note, "note", STORE_TEXT),
    STORE_COLUMN(struct thing, at, "at", STORE_TIME),
    STORE_COLUMN_NAME(struct thing, colour, "colour", colour_names, COLOURS),
    STORE_COLUMN(struct thing, currency, "currency", STORE_CURRENCY),
    STORE_COLUMN_JSON(struct thing, tags, "tags", tags_encode, tags_decode),
    STORE_COLUMN_FIXED(struct thing, made_by, "made_by", STORE_TEXT),
};
static const struct store_table table = STORE_TABLE("thing", columns);

static struct testing_database database;
static struct pg *pg, *other;
static struct store *store;
static struct arena arena;

static int setup(void **state)
{
    (void)state;
    testing_database_new(&database);
    pg = pg_new(database.url, "engine", PG_KEYED);
    other = pg_new(database.url, "other", PG_KEYED);
    store = store_new(&table, sizeof(struct thing));
    arena_init(&arena);
    return !pg_query(pg,
                     "create table thing (id uuid primary key, version bigint not null, owner uuid, amount bigint, good boolean,"
                     " name text, note text, at timestamptz, colour text, currency text, tags json, made_by text)",
                     NULL);
}

static int teardown(void **state)
{
    (void)state;
    pg_free(pg);
    pg_free(other);
    store_free(store);
    arena_release(&arena);
    testing_database_drop(&database);
    return 0;
}

static struct aggregate *aggregate(struct uuid id)
{
    struct aggregate *a = ARENA_NEW(&arena, struct aggregate);
    a->id = id;
    a->state = ARENA_NEW(&arena, struct thing);
    return a;
}

static struct aggregate *some_thing(void)
{
    struct aggregate *a = aggregate(uuid_new());
    a->version = 3;
    *(struct thing *)a->state = (struct thing){
        .owner = uuid_new(),
        .amount = INT64_MIN,
        .good = true,
        .name = STR("차 \"tea\", 'n {more}, \\ NULL"),
        .note = STR(""),
        .at = clock_now(),
        .colour = GREEN,
        .currency = "KRW",
        .tags = {1, STR("new")},
        .made_by = STR("somebody"),
    };
    return a;
}

static void save(struct aggregate *const *all, size_t n)
{
    size_t expected[2];
    size_t statements = store_send_save(store, pg, all, n, expected);
    pg_sync(pg);
    for (size_t i = 0; i < statements; i++) {
        const struct pg_rows *rows = pg_receive(pg);
        if (!rows)
            fail_msg("%s", pg_fault(pg)->message);
        assert_int_equal(pg_affected(rows), expected[i]);
    }
    assert_true(pg_end(pg));
}

/* NULL: there is no such row. */
static struct aggregate *load(struct uuid id)
{
    struct aggregate *a = aggregate(id);
    store_send_load(store, pg, &(struct key){.id = id}, 1, true);
    pg_sync(pg);
    const struct pg_rows *rows = pg_receive(pg);
    assert_non_null(rows);
    bool found = pg_count(rows) == 1;
    if (found) {
        assert_true(uuid_equal(store_row_id(rows, 0), id));
        store_take_row(store, rows, 0, &arena, a);
    }
    assert_true(pg_end(pg));
    return found ? a : NULL;
}

static void assert_same(const struct thing *a, const struct thing *b)
{
    assert_true(uuid_equal(a->owner, b->owner));
    assert_int_equal(a->amount, b->amount);
    assert_int_equal(a->good, b->good);
    assert_true(str_equal(a->name, b->name) && str_absent(a->name) == str_absent(b->name));
    assert_true(str_equal(a->note, b->note) && str_absent(a->note) == str_absent(b->note));
    assert_int_equal(a->at, b->at);
    assert_int_equal(a->colour, b->colour);
    assert_string_equal(a->currency, b->currency);
    assert_int_equal(a->tags.count, b->tags.count);
    assert_true(str_equal(a->tags.first, b->tags.first));
    assert_true(str_equal(a->made_by, b->made_by));
}

static void every_type_comes_back_as_it_went(void **state)
{
    (void)state;
    struct aggregate *a = some_thing();
    save(&a, 1);
    const struct aggregate *b = load(a->id);
    assert_non_null(b);
    assert_int_equal(b->version, 3);
    assert_true(b->stored);
    assert_same(a->state, b->state);
}

static void nothing_is_null_and_comes_back_as_nothing(void **state)
{
    (void)state;
    struct aggregate *a = aggregate(uuid_new());
    save(&a, 1);
    assert_same(a->state, load(a->id)->state);
    const struct pg_rows *rows = pg_query(pg, "select count(*) from thing where num_nulls(owner, name, note, at, tags, made_by) = 6", NULL);
    assert_int_equal(pg_int8(rows, 0, 0), 1);
}

static void what_is_not_there_is_not_loaded(void **state)
{
    (void)state;
    assert_null(load(uuid_new()));
}

static void old_and_new_rows_are_saved_together(void **state)
{
    (void)state;
    struct aggregate *a[4] = {some_thing(), some_thing(), some_thing(), some_thing()};
    save(a, 2);
    for (int i = 0; i < 2; i++) {
        struct thing *changed = a[i]->state;
        a[i]->stored = true;
        a[i]->version = 4;
        *changed = (struct thing){.name = STR("other"), .currency = "EUR", .made_by = changed->made_by};
    }
    save((struct aggregate *[]){a[2], a[0], a[3], a[1]}, 4);
    for (int i = 0; i < 4; i++) {
        const struct aggregate *b = load(a[i]->id);
        assert_int_equal(b->version, i < 2 ? 4 : 3);
        assert_same(a[i]->state, b->state);
    }
}

static void a_fixed_column_is_written_once(void **state)
{
    (void)state;
    struct aggregate *a = some_thing();
    save(&a, 1);
    a->stored = true;
    ((struct thing *)a->state)->made_by = STR("somebody else");
    ((struct thing *)a->state)->amount = 7;
    save(&a, 1);
    const struct thing *b = load(a->id)->state;
    assert_int_equal(b->amount, 7);
    assert_true(str_is(b->made_by, "somebody"));
}

/* Loads of the same rows from two sessions, named in opposite orders: the second waits for the first, and neither for ever. */
static void loading_locks_and_consulting_does_not(void **state)
{
    (void)state;
    struct aggregate *a[2] = {some_thing(), some_thing()};
    save(a, 2);
    const struct key there[2] = {{.id = a[0]->id}, {.id = a[1]->id}}, back[2] = {{.id = a[1]->id}, {.id = a[0]->id}};
    assert_non_null(pg_query(pg, "begin", NULL));
    store_send_load(store, pg, there, 2, false);
    pg_sync(pg);
    const struct pg_rows *rows = pg_receive(pg);
    assert_int_equal(pg_count(rows), 2);
    assert_true(uuid_compare(store_row_id(rows, 0), store_row_id(rows, 1)) < 0); /* in id order */
    assert_true(pg_end(pg));

    assert_non_null(pg_query(other, "set lock_timeout = '50ms'", NULL));
    store_send_load(store, other, back, 2, true);
    pg_sync(other);
    assert_int_equal(pg_count(pg_receive(other)), 2);
    assert_true(pg_end(other));
    store_send_load(store, other, back, 2, false);
    pg_sync(other);
    assert_null(pg_receive(other));
    assert_string_equal(pg_fault(other)->sqlstate, "55P03"); /* lock_not_available */
    pg_end(other);
    assert_non_null(pg_query(pg, "commit", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_comes_back_as_it_went), cmocka_unit_test(nothing_is_null_and_comes_back_as_nothing),
        cmocka_unit_test(what_is_not_there_is_not_loaded),  cmocka_unit_test(old_and_new_rows_are_saved_together),
        cmocka_unit_test(a_fixed_column_is_written_once),   cmocka_unit_test(loading_locks_and_consulting_does_not),
    };
    return cmocka_run_group_tests_name("store", tests, setup, teardown);
}
