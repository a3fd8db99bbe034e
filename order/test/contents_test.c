/* Lines and address: written, stored, handed on, and taken apart again. */
#include "outbound/contents.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct order_line items[] = {
    {.product = {{1}}, .name = STR_CONST("녹차 \"세작\""), .quantity = 2, .unit_price = 10000},
    {.product = {{2}}, .name = STR_CONST(""), .quantity = 999, .unit_price = INT64_MAX},
};
static const struct order_lines lines = {.items = items, .count = 2};

static void lines_come_back_as_they_went(void **state)
{
    (void)state;
    struct arena arena;
    struct buf json = BUF_INIT;
    struct order_lines stored, back;
    arena_init(&arena);
    lines_encode(&lines, &json);
    lines_decode(&arena, buf_str(&json), &stored);
    back = lines_read(&arena, stored);
    assert_int_equal(back.count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_true(uuid_equal(back.items[i].product, items[i].product));
        assert_true(str_equal(back.items[i].name, items[i].name));
        assert_int_equal(back.items[i].quantity, items[i].quantity);
        assert_int_equal(back.items[i].unit_price, items[i].unit_price);
    }
    buf_release(&json);
    arena_release(&arena);
}

static void what_is_stored_is_handed_on_unchanged(void **state)
{
    (void)state;
    struct buf json = BUF_INIT;
    struct order_lines stored = {.stored = STR("[{\"any\":\"thing\"}]")};
    lines_encode(&stored, &json);
    assert_true(str_equal(buf_str(&json), stored.stored));
    buf_release(&json);
}

static void an_address_has_its_second_line_or_not(void **state)
{
    (void)state;
    struct buf json = BUF_INIT;
    struct order_address address = {.recipient = STR("김"), .phone = STR("010"), .zip = STR("1"), .line1 = STR("a")};
    address_encode(&address, &json);
    assert_string_equal(json.p, "{\"recipient\":\"김\",\"phone\":\"010\",\"zip\":\"1\",\"line1\":\"a\"}");
    buf_clear(&json);
    address.line2 = STR("b");
    address_encode(&address, &json);
    assert_string_equal(json.p, "{\"recipient\":\"김\",\"phone\":\"010\",\"zip\":\"1\",\"line1\":\"a\",\"line2\":\"b\"}");
    buf_release(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_back_as_they_went),
        cmocka_unit_test(what_is_stored_is_handed_on_unchanged),
        cmocka_unit_test(an_address_has_its_second_line_or_not),
    };
    return cmocka_run_group_tests_name("contents", tests, NULL, NULL);
}
