/* The bytes of parameters, as PostgreSQL's receive functions expect them. No server needed. */
#include "pg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct pg_params p;

static int clear(void **state)
{
    (void)state;
    pg_params_release(&p);
    return 0;
}

#define ASSERT_BYTES(item, ...) assert_bytes((item), (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))
static void assert_bytes(int item, const uint8_t *expected, size_t size)
{
    assert_int_equal(p.items[item].size, size);
    assert_memory_equal(p.bytes.p + p.items[item].at, expected, size);
}

static void single_values(void **state)
{
    (void)state;
    pg_add_int8(&p, -2);
    pg_add_bool(&p, true);
    pg_add_text(&p, STR("차"));
    pg_add_uuid(&p, (struct uuid){{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}});
    pg_add_time(&p, SECONDS(INT64_C(946684800)) + 1);
    ASSERT_BYTES(0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe);
    ASSERT_BYTES(1, 1);
    ASSERT_BYTES(2, 0xec, 0xb0, 0xa8);
    ASSERT_BYTES(3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
    ASSERT_BYTES(4, 0, 0, 0, 0, 0, 0, 0, 1);
    assert_int_equal(p.count, 5);
}

static void absent_values_are_null_and_empty_ones_are_not(void **state)
{
    (void)state;
    pg_add_text(&p, (struct str){0});
    pg_add_text(&p, STR(""));
    pg_add_time(&p, 0);
    pg_add_uuid(&p, (struct uuid){0});
    assert_true(p.items[0].null);
    assert_false(p.items[1].null);
    assert_int_equal(p.items[1].size, 0);
    assert_true(p.items[2].null);
    assert_true(p.items[3].null);
}

static void an_array_of_numbers(void **state)
{
    (void)state;
    pg_array_begin(&p, PG_INT8, 2);
    pg_array_int8(&p, 1);
    pg_array_int8(&p, 256);
    pg_array_end(&p);
    ASSERT_BYTES(0, 0, 0, 0, 1, /* dimensions */ 0, 0, 0, 0, /* no NULLs */ 0, 0, 0, 20, /* int8 */ 0, 0, 0, 2, /* length */ 0, 0, 0,
                 1,                                   /* from 1 */
                 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1,  /* 1 */
                 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 1, 0); /* 256 */
}

static void an_array_of_small_numbers(void **state)
{
    (void)state;
    pg_array_begin(&p, PG_INT4, 1);
    pg_array_int8(&p, -1);
    pg_array_end(&p);
    ASSERT_BYTES(0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 23, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff);
}

static void an_array_of_texts_with_null(void **state)
{
    (void)state;
    pg_array_begin(&p, PG_TEXT, 3);
    pg_array_text(&p, STR("a"));
    pg_array_text(&p, (struct str){0});
    pg_array_text(&p, STR(""));
    pg_array_end(&p);
    ASSERT_BYTES(0, 0, 0, 0, 1, 0, 0, 0, 1, /* has NULLs */ 0, 0, 0, 25, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 1, 'a', 0xff, 0xff, 0xff, 0xff, 0,
                 0, 0, 0);
}

static void an_empty_array_has_no_dimension(void **state)
{
    (void)state;
    pg_array_begin(&p, PG_UUID, 0);
    pg_array_end(&p);
    ASSERT_BYTES(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0b, 0x86);
}

static void the_null_mark_is_of_its_own_array(void **state)
{
    (void)state;
    pg_array_begin(&p, PG_BOOL, 1);
    pg_array_bool(&p, false);
    pg_array_end(&p);
    pg_array_begin(&p, PG_TIMESTAMPTZ, 1);
    pg_array_time(&p, 0);
    pg_array_end(&p);
    ASSERT_BYTES(0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0);
    ASSERT_BYTES(1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 4, 0xa0, 0, 0, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff);
}

static void cleared_parameters_start_anew_in_the_same_room(void **state)
{
    (void)state;
    pg_add_text(&p, STR("something longer"));
    const char *room = p.bytes.p;
    pg_params_clear(&p);
    pg_add_bool(&p, true);
    assert_int_equal(p.count, 1);
    assert_int_equal(p.items[0].at, 0);
    assert_ptr_equal(p.bytes.p, room);
}

static void a_url_is_looked_at_before_it_is_used(void **state)
{
    (void)state;
    static const char *const good[] = {"postgresql://u:p@h:5432/d", "postgres://u@h/d", "postgresql://u:a%2Fb%40@h/d",
                                       "postgresql://u:p@a:1,b:2/d?sslmode=require", "postgresql://u:p@[::1]:5432/d"};
    static const char *const bad[] = {"",
                                      "secret",
                                      "host=h password=secret",
                                      "mysql://u:secret@h/d",
                                      "postgresql://u:se/cret@h:5432/d",
                                      "postgresql://u:se%zzcret@h/d",
                                      "postgresql://u:secret@h:99999/d",
                                      "postgresql://u:secret@h/d?secret=1",
                                      "postgresql://u:se[cret@h:x/d",
                                      "postgresql://u:p@h:0/d"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (!pg_url_valid(good[i]))
            fail_msg("refused: %s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (pg_url_valid(bad[i]))
            fail_msg("taken: %s", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(single_values, clear),
        cmocka_unit_test_teardown(absent_values_are_null_and_empty_ones_are_not, clear),
        cmocka_unit_test_teardown(an_array_of_numbers, clear),
        cmocka_unit_test_teardown(an_array_of_small_numbers, clear),
        cmocka_unit_test_teardown(an_array_of_texts_with_null, clear),
        cmocka_unit_test_teardown(an_empty_array_has_no_dimension, clear),
        cmocka_unit_test_teardown(the_null_mark_is_of_its_own_array, clear),
        cmocka_unit_test_teardown(cleared_parameters_start_anew_in_the_same_room, clear),
        cmocka_unit_test(a_url_is_looked_at_before_it_is_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
