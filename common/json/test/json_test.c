/* What json promises: a text becomes a struct or a list of all its faults, and what is written reads as it was meant. */
#include "json_decode.h"
#include "json_encode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct item {
    struct uuid product;
    int64_t quantity;
};
static const struct json_field item_fields[] = {
    JSON_FIELD(struct item, product, "productId", JSON_ID, JSON_REQUIRED),
    JSON_FIELD_RANGE(struct item, quantity, "quantity", JSON_INTEGER, JSON_REQUIRED, 1, 999),
};
static const struct json_shape item_shape = JSON_SHAPE(struct item, item_fields, JSON_REFUSE_UNKNOWN);

struct address {
    struct str city, memo;
};
static const struct json_field address_fields[] = {
    JSON_FIELD_RANGE(struct address, city, "city", JSON_TEXT, JSON_REQUIRED, 1, 5),
    JSON_FIELD(struct address, memo, "me/mo~", JSON_TEXT, JSON_OPTIONAL),
};
static const struct json_shape address_shape = JSON_SHAPE(struct address, address_fields, JSON_REFUSE_UNKNOWN);

struct order {
    struct json_list items;
    struct address address;
    struct money total;
    instant placed;
    bool gift;
    struct str extra;
};
static const struct json_field order_fields[] = {
    JSON_FIELD_ARRAY(struct order, items, "items", JSON_REQUIRED, &item_shape, 1, 3),
    JSON_FIELD_OBJECT(struct order, address, "address", JSON_OPTIONAL, &address_shape),
    JSON_FIELD_RANGE(struct order, total, "total", JSON_MONEY, JSON_OPTIONAL, 0, 1000000),
    JSON_FIELD(struct order, placed, "placedAt", JSON_TIME, JSON_OPTIONAL),
    JSON_FIELD(struct order, gift, "gift", JSON_BOOLEAN, JSON_OPTIONAL),
    JSON_FIELD(struct order, extra, "extra", JSON_ANY, JSON_OPTIONAL),
};
static const struct json_shape order_shape = JSON_SHAPE(struct order, order_fields, JSON_REFUSE_UNKNOWN);

/* The fields one at a time, in an event: unknown ones are let pass. */
struct one {
    struct str text;
    int64_t n;
    struct uuid id;
    instant t;
    bool b;
    struct money money;
    struct str any;
    struct str name;
    bool has_name;
    int64_t any_n;
};
static const struct json_field one_fields[] = {
    JSON_FIELD_RANGE(struct one, text, "text", JSON_TEXT, JSON_OPTIONAL, 2, 4),
    JSON_FIELD_RANGE(struct one, n, "n", JSON_INTEGER, JSON_OPTIONAL, -5, 5),
    JSON_FIELD(struct one, id, "id", JSON_ID, JSON_OPTIONAL),
    JSON_FIELD(struct one, t, "t", JSON_TIME, JSON_OPTIONAL),
    JSON_FIELD(struct one, b, "b", JSON_BOOLEAN, JSON_OPTIONAL),
    JSON_FIELD(struct one, money, "money", JSON_MONEY, JSON_OPTIONAL),
    JSON_FIELD(struct one, any, "any", JSON_ANY, JSON_OPTIONAL),
    JSON_FIELD_PATCH(struct one, name, has_name, "name", JSON_TEXT, 1, 10),
    JSON_FIELD(struct one, any_n, "anyN", JSON_INTEGER, JSON_OPTIONAL),
};
static const struct json_shape one_shape = JSON_SHAPE(struct one, one_fields, JSON_IGNORE_UNKNOWN);

static struct arena arena;
static struct json_errors errors;
static struct order order;
static struct one one;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    errors.count = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static bool decode_order(const char *text)
{
    errors.count = 0;
    return json_decode(&arena, str_of(text), &order_shape, &order, &errors);
}

static bool decode_one(const char *text)
{
    errors.count = 0;
    memset(&one, 0x5a, sizeof one); /* what was there before must not show */
    return json_decode(&arena, str_of(text), &one_shape, &one, &errors);
}

static void expect_error(size_t i, const char *pointer, const char *code)
{
    assert_true(i < errors.count);
    assert_string_equal(errors.items[i].pointer.p, pointer);
    assert_string_equal(errors.items[i].code, code);
    assert_false(str_empty(errors.items[i].detail));
}

static void expect_one_error(const char *text, const char *pointer, const char *code)
{
    assert_false(decode_one(text));
    assert_int_equal(errors.count, 1);
    expect_error(0, pointer, code);
}

static void expect_detail(const char *part)
{
    assert_non_null(strstr(errors.items[0].detail.p, part));
}

#define ID   "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
#define ITEM "{\"productId\":\"" ID "\",\"quantity\":2}"

/* --- decoding: what is right --- */

static void an_order_becomes_a_struct(void **state)
{
    (void)state;
    assert_true(decode_order("{\"items\":[" ITEM ",{\"quantity\":999,\"productId\":\"00000000-0000-0000-0000-000000000001\"}],"
                             "\"address\":{\"city\":\"서울\"},\"total\":{\"amount\":12000,\"currency\":\"KRW\"},"
                             "\"placedAt\":\"2026-11-23T03:55:10+09:00\",\"gift\":true,\"extra\":{\"b\":[1,2.5,null],\"a\":\"\\u00e9\"}}"));
    assert_int_equal(order.items.count, 2);
    const struct item *items = order.items.items;
    assert_int_equal(items[0].quantity, 2);
    assert_int_equal(items[0].product.b[1], 0x7f);
    assert_int_equal(items[1].quantity, 999);
    assert_true(str_is(order.address.city, "서울"));
    assert_true(str_absent(order.address.memo));
    assert_int_equal(order.total.amount, 12000);
    assert_string_equal(order.total.currency, "KRW");
    assert_int_equal(order.placed, 1795373710000000);
    assert_true(order.gift);
    assert_true(str_is(order.extra, "{\"b\":[1,2.5,null],\"a\":\"é\"}"));
}

static void what_was_decoded_outlives_the_text(void **state)
{
    (void)state;
    char *text = strdup("{\"text\":\"abc\"}");
    assert_true(decode_one(text));
    free(text);
    assert_string_equal(one.text.p, "abc");
}

static void absent_optional_fields_are_zero(void **state)
{
    (void)state;
    assert_true(decode_one("{}"));
    assert_true(str_absent(one.text));
    assert_true(str_absent(one.any));
    assert_int_equal(one.n, 0);
    assert_true(uuid_is_nil(one.id));
    assert_false(one.b);
    assert_false(one.has_name);
    assert_int_equal(one.money.amount, 0);
}

static void null_is_as_if_absent_in_an_optional_field(void **state)
{
    (void)state;
    assert_true(decode_one("{\"text\":null,\"n\":null,\"id\":null,\"t\":null,\"b\":null,\"money\":null,\"any\":null}"));
    assert_true(str_absent(one.text));
    assert_int_equal(one.n, 0);
    assert_true(str_is(one.any, "null"));
}

static void null_in_a_required_field_is_of_the_wrong_type(void **state)
{
    (void)state;
    assert_false(decode_order("{\"items\":null}"));
    expect_error(0, "/items", "wrong-type");
    expect_detail("found null");
}

static void a_patch_knows_what_was_there(void **state)
{
    (void)state;
    assert_true(decode_one("{\"name\":\"x\"}"));
    assert_true(one.has_name);
    assert_true(str_is(one.name, "x"));
    expect_one_error("{\"name\":null}", "/name", "wrong-type");
}

static void characters_are_counted_not_bytes(void **state)
{
    (void)state;
    assert_true(decode_one("{\"text\":\"주문주문\"}"));
    assert_true(decode_one("{\"text\":\"\\ud83d\\ude00😀\"}"));
    assert_int_equal(one.text.n, 8);
    expect_one_error("{\"text\":\"주문주문주\"}", "/text", "too-long");
    expect_one_error("{\"text\":\"주\"}", "/text", "too-short");
    expect_one_error("{\"text\":\"\"}", "/text", "too-short");
}

static void numbers_reach_to_the_ends_of_int64(void **state)
{
    (void)state;
    assert_true(decode_one("{\"anyN\":9223372036854775807}"));
    assert_true(one.any_n == INT64_MAX);
    assert_true(decode_one("{\"anyN\":-9223372036854775808}"));
    assert_true(one.any_n == INT64_MIN);
}

static void unknown_fields_pass_in_an_event(void **state)
{
    (void)state;
    assert_true(decode_one("{\"new\":{\"deep\":[1]},\"n\":1}"));
    assert_int_equal(one.n, 1);
}

static void any_value_keeps_its_order_and_its_numbers(void **state)
{
    (void)state;
    assert_true(decode_one("{\"any\": [ 0.1, 1.0, -0.5e-9, 1e100, {\"z\": 1, \"a\\\"\": true, \"m\": {}}, [], false, -7 ] }"));
    assert_string_equal(one.any.p, "[0.1,1.0,-5e-10,1e+100,{\"z\":1,\"a\\\"\":true,\"m\":{}},[],false,-7]");
    assert_true(decode_one("{\"any\":\"\\/\\u0001\"}"));
    assert_string_equal(one.any.p, "\"/\\u0001\"");
    assert_true(decode_one("{\"any\":0.30000000000000004}"));
    assert_string_equal(one.any.p, "0.30000000000000004");
}

/* --- decoding: what is wrong --- */

static void all_faults_are_gathered_in_one_go(void **state)
{
    (void)state;
    assert_false(decode_order("{\"items\":[" ITEM ",{\"productId\":\"x\",\"quantity\":0},{\"quantity\":\"2\",\"price\":1}],"
                              "\"address\":{\"city\":\"too long a city\",\"me/mo~\":1},\"gift\":1,\"placedAt\":\"today\",\"extra2\":0}"));
    assert_int_equal(errors.count, 10);
    expect_error(0, "/items/1/productId", "invalid");
    expect_error(1, "/items/1/quantity", "out-of-range");
    expect_error(2, "/items/2/productId", "required");
    expect_error(3, "/items/2/quantity", "wrong-type");
    expect_error(4, "/items/2/price", "unknown-field");
    expect_error(5, "/address/city", "too-long");
    expect_error(6, "/address/me~1mo~0", "wrong-type");
    expect_error(7, "/placedAt", "invalid");
    expect_error(8, "/gift", "wrong-type");
    expect_error(9, "/extra2", "unknown-field");
    assert_non_null(strstr(errors.items[1].detail.p, "at least 1, found 0"));
}

static void a_fraction_is_not_an_integer(void **state)
{
    (void)state;
    expect_one_error("{\"n\":1.0}", "/n", "wrong-type");
    expect_detail("fraction");
    expect_one_error("{\"n\":1e0}", "/n", "wrong-type");
    expect_one_error("{\"n\":\"1\"}", "/n", "wrong-type");
    expect_one_error("{\"n\":true}", "/n", "wrong-type");
}

static void limits_are_inclusive(void **state)
{
    (void)state;
    assert_true(decode_one("{\"n\":5}"));
    assert_true(decode_one("{\"n\":-5}"));
    expect_one_error("{\"n\":6}", "/n", "out-of-range");
    expect_detail("at most 5, found 6");
    expect_one_error("{\"n\":-6}", "/n", "out-of-range");
}

static void a_number_outside_int64_is_out_of_range_wherever_it_stands(void **state)
{
    (void)state;
    expect_one_error("{\"n\":9223372036854775808}", "/n", "out-of-range");
    expect_one_error("{\"new\":[1,{\"x\":\"a,b\",\"y\":-9223372036854775809}]}", "/new/1/y", "out-of-range");
    expect_one_error("{\"new\":[[],[],1e999]}", "/new/2", "out-of-range");
}

static void other_types_are_refused_by_name(void **state)
{
    (void)state;
    expect_one_error("{\"text\":1}", "/text", "wrong-type");
    expect_detail("expected text, found a whole number");
    expect_one_error("{\"id\":5}", "/id", "wrong-type");
    expect_one_error("{\"id\":\"5\"}", "/id", "invalid");
    expect_one_error("{\"t\":5}", "/t", "wrong-type");
    expect_one_error("{\"t\":\"2026-02-30T00:00:00Z\"}", "/t", "invalid");
    expect_one_error("{\"b\":\"true\"}", "/b", "wrong-type");
    expect_one_error("{\"money\":12000}", "/money", "wrong-type");
    assert_false(decode_order("{\"items\":{},\"address\":[]}"));
    expect_error(0, "/items", "wrong-type");
    expect_error(1, "/address", "wrong-type");
}

static void the_top_must_be_an_object(void **state)
{
    (void)state;
    expect_one_error("[1]", "", "wrong-type");
    expect_one_error("5", "", "wrong-type");
    expect_one_error("null", "", "wrong-type");
    expect_detail("expected an object, found null");
    assert_false(decode_order("{\"items\":[1]}"));
    expect_error(0, "/items/0", "wrong-type");
}

static void an_array_has_limits(void **state)
{
    (void)state;
    assert_false(decode_order("{\"items\":[]}"));
    expect_error(0, "/items", "too-few");
    assert_false(decode_order("{\"items\":[1,2,3,4]}"));
    assert_int_equal(errors.count, 1);
    expect_error(0, "/items", "too-many");
    assert_true(decode_order("{\"items\":[" ITEM "," ITEM "," ITEM "]}"));
}

static void money_is_an_amount_and_a_currency_and_nothing_else(void **state)
{
    (void)state;
    assert_true(decode_one("{\"money\":{\"currency\":\"USD\",\"amount\":-5}}"));
    assert_int_equal(one.money.amount, -5);
    assert_string_equal(one.money.currency, "USD");
    expect_one_error("{\"money\":{\"amount\":5}}", "/money/currency", "required");
    expect_one_error("{\"money\":{\"currency\":\"KRW\"}}", "/money/amount", "required");
    expect_one_error("{\"money\":{\"amount\":5.5,\"currency\":\"KRW\"}}", "/money/amount", "wrong-type");
    expect_one_error("{\"money\":{\"amount\":5,\"currency\":\"krw\"}}", "/money/currency", "invalid");
    expect_one_error("{\"money\":{\"amount\":5,\"currency\":null}}", "/money/currency", "wrong-type");
    expect_one_error("{\"money\":{\"amount\":5,\"currency\":\"KRW\",\"vat\":1}}", "/money/vat", "unknown-field");
    assert_false(decode_order("{\"items\":[" ITEM "],\"total\":{\"amount\":-1,\"currency\":\"KRW\"}}"));
    expect_error(0, "/total/amount", "out-of-range");
}

static void a_member_given_twice_is_refused_where_it_stands(void **state)
{
    (void)state;
    expect_one_error("{\"n\":1,\"n\":1}", "/n", "duplicate");
    expect_one_error("{\"a\":[{},{\"x\\\"/~\":{},\"b\":\"}\",\"x\\\"\\u002f~\":2}]}", "/a/1/x\"~1~0", "duplicate");
    expect_one_error("{\"n\":1,\"\\u006e\":2}", "/n", "duplicate");
}

static void a_malformed_text_tells_line_and_column(void **state)
{
    (void)state;
    expect_one_error("{\n \"n\": 1,\n}", "", "malformed");
    expect_detail("line 3, column 1");
    static const char *const refused[] = {
        "",
        " ",
        "{",
        "{\"n\":1",
        "{\"n\":1}x",
        "{\"n\":1}{}",
        "{n:1}",
        "{'n':1}",
        "{\"n\" 1}",
        "{\"n\":01}",
        "{\"n\":+1}",
        "{\"n\":.5}",
        "{\"n\":NaN}",
        "{\"n\":1,}",
        "[1,]",
        "nul",
        "\"a",
        "{\"a\":\"\t\"}",
        "{\"a\":tru}",
        "\xef\xbb\xbf{}",
        "// x\n{}",
        "]]][[[[]",
        "{\"a\\",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12\"}",
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        expect_one_error(refused[i], "", "malformed");
    assert_false(json_decode(&arena, str_of(NULL), &one_shape, &one, &errors));
}

static void text_that_is_not_unicode_is_refused(void **state)
{
    (void)state;
    expect_one_error("{\"text\":\"ab\xff\"}", "", "malformed");
    expect_one_error("{\"text\":\"\xc0\xaf\xc0\xaf\"}", "", "malformed");     /* overlong */
    expect_one_error("{\"text\":\"\xed\xa0\x80\x61\"}", "", "malformed");     /* a surrogate in UTF-8 */
    expect_one_error("{\"text\":\"\xf4\x90\x80\x80\x61\"}", "", "malformed"); /* beyond U+10FFFF */
    expect_one_error("{\"text\":\"a\xec\xa3\"}", "", "malformed");            /* cut */
}

static void lone_surrogates_are_refused(void **state)
{
    (void)state;
    expect_one_error("{\"text\":\"\\ud83d\"}", "", "malformed");
    expect_one_error("{\"text\":\"\\ude00\"}", "", "malformed");
    expect_one_error("{\"text\":\"\\ud83dabc\"}", "", "malformed");
    expect_one_error("{\"text\":\"\\ud83d\\ud83d\"}", "", "malformed");
}

static void nul_in_a_text_is_refused(void **state)
{
    (void)state;
    expect_one_error("{\"text\":\"a\\u0000b\"}", "/text", "invalid");
    assert_false(decode_one("{\"a\\u0000b\":1}"));
    assert_string_equal(errors.items[0].code, "invalid");
    errors.count = 0;
    struct str raw = {"{\"n\":1}\0", 8};
    assert_false(json_decode(&arena, raw, &one_shape, &one, &errors));
    expect_error(0, "", "malformed");
}

static const char *nested(int depth)
{
    static char text[200000];
    char *p = stpcpy(text, "{\"any\":");
    for (int i = 1; i < depth; i++)
        *p++ = '[';
    for (int i = 1; i < depth; i++)
        *p++ = ']';
    memcpy(p, "}", sizeof "}");
    return text;
}

static void nesting_is_allowed_down_to_32(void **state)
{
    (void)state;
    assert_true(decode_one(nested(32)));
    assert_int_equal(one.any.n, 62);
    expect_one_error(nested(33), "", "malformed");
    expect_detail("line 1, column 39: nested deeper than 32");
    expect_one_error(nested(90000), "", "malformed");
}

static void brackets_in_a_text_do_not_nest(void **state)
{
    (void)state;
    assert_true(decode_one("{\"any\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[[[[[[[[[[[[[\\\\\"}"));
}

static void only_twenty_faults_are_kept(void **state)
{
    (void)state;
    struct buf text = BUF_INIT;
    buf_add(&text, STR("{\"items\":[" ITEM "]"));
    for (int i = 0; i < 1000; i++)
        buf_printf(&text, ",\"x%d\":1", i);
    buf_add(&text, STR("}"));
    assert_false(decode_order(text.p));
    assert_int_equal(errors.count, JSON_ERRORS_MAX);
    expect_error(0, "/x0", "unknown-field");
    expect_error(19, "/x19", "unknown-field");
    buf_release(&text);
}

static void a_list_of_faults_that_is_full_already_refuses_all_the_same(void **state)
{
    (void)state;
    errors.count = JSON_ERRORS_MAX;
    assert_false(json_decode(&arena, STR("{\"n\":6}"), &one_shape, &one, &errors));
    assert_int_equal(errors.count, JSON_ERRORS_MAX);
    assert_true(json_decode(&arena, STR("{\"n\":5}"), &one_shape, &one, &errors));
}

static void a_rule_may_add_its_own_fault(void **state)
{
    (void)state;
    char pointer[] = "/items/1/productId", detail[] = "listed twice";
    json_error_add(&arena, &errors, str_of(pointer), "invalid", str_of(detail));
    memset(pointer, 'x', sizeof pointer - 1);
    memset(detail, 'x', sizeof detail - 1);
    expect_error(0, "/items/1/productId", "invalid");
    expect_detail("listed twice");
}

/* --- encoding --- */

static struct buf out;

static int new_output(void **state)
{
    buf_init(&out);
    return set_up(state);
}

static int drop_output(void **state)
{
    buf_release(&out);
    return tear_down(state);
}

static void members_stand_in_the_order_of_the_calls(void **state)
{
    (void)state;
    struct json_writer w = {.out = &out};
    struct uuid id;
    assert_true(uuid_parse(STR(ID), &id));
    json_begin_object(&w, NULL);
    json_put_id(&w, "id", id);
    json_begin_array(&w, "items");
    json_begin_object(&w, NULL);
    json_end_object(&w);
    json_put_integer(&w, NULL, -3);
    json_begin_array(&w, NULL);
    json_end_array(&w);
    json_end_array(&w);
    json_put_money(&w, "total", (struct money){12000, "KRW"});
    json_put_time(&w, "at", 1795373710123456);
    json_put_time(&w, "shippedAt", 0);
    json_put_boolean(&w, "gift", true);
    json_put_boolean(&w, "paid", false);
    json_put_text(&w, "memo", str_of(NULL));
    json_put_raw(&w, "raw", STR("[1,2]"));
    json_end_object(&w);
    assert_string_equal(out.p, "{\"id\":\"" ID "\",\"items\":[{},-3,[]],\"total\":{\"amount\":12000,\"currency\":\"KRW\"},"
                               "\"at\":\"2026-11-22T18:55:10.123456Z\",\"shippedAt\":null,\"gift\":true,\"paid\":false,\"memo\":null,"
                               "\"raw\":[1,2]}");
}

static const char *written(struct str text)
{
    struct json_writer w = {.out = &out};
    buf_clear(&out);
    json_put_text(&w, NULL, text);
    return out.p;
}

static void text_is_escaped_where_json_asks_for_it(void **state)
{
    (void)state;
    assert_string_equal(written(STR("")), "\"\"");
    assert_string_equal(written(STR("a\"b\\c/d")), "\"a\\\"b\\\\c/d\"");
    assert_string_equal(written(STR("\b\f\n\r\t\x01\x1f\x7f")), "\"\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"");
    assert_string_equal(written((struct str){"a\0b", 3}), "\"a\\u0000b\"");
    assert_string_equal(written(STR("주문 😀")), "\"주문 😀\"");
}

static void what_is_not_utf8_is_replaced(void **state)
{
    (void)state;
    assert_string_equal(written(STR("a\xff")), "\"a\xef\xbf\xbd\"");
    assert_string_equal(written(STR("\xec\xa3")), "\"\xef\xbf\xbd\xef\xbf\xbd\"");                 /* cut */
    assert_string_equal(written(STR("\xc0\xaf")), "\"\xef\xbf\xbd\xef\xbf\xbd\"");                 /* overlong */
    assert_string_equal(written(STR("\xed\xa0\x80")), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""); /* surrogate */
    assert_string_equal(written(STR("\xf4\x90\x80\x80")), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    assert_string_equal(written(STR("\xf4\x8f\xbf\xbf")), "\"\xf4\x8f\xbf\xbf\"");
}

static void the_ends_of_int64_are_written(void **state)
{
    (void)state;
    struct json_writer w = {.out = &out};
    json_begin_array(&w, NULL);
    json_put_integer(&w, NULL, INT64_MIN);
    json_put_integer(&w, NULL, INT64_MAX);
    json_put_integer(&w, NULL, 0);
    json_put_integer(&w, NULL, 10);
    json_end_array(&w);
    assert_string_equal(out.p, "[-9223372036854775808,9223372036854775807,0,10]");
}

static void what_was_written_reads_as_it_was_meant(void **state)
{
    (void)state;
    struct json_writer w = {.out = &out};
    json_begin_object(&w, NULL);
    json_put_text(&w, "text", STR("\"\\\n\x01"));
    json_put_integer(&w, "anyN", INT64_MIN);
    json_put_time(&w, "t", 1);
    json_put_money(&w, "money", (struct money){INT64_MAX, "USD"});
    json_put_text(&w, "name \"quoted\"", str_of(NULL));
    json_end_object(&w);
    assert_true(decode_one(out.p));
    assert_true(str_is(one.text, "\"\\\n\x01"));
    assert_true(one.any_n == INT64_MIN);
    assert_int_equal(one.t, 1);
    assert_true(one.money.amount == INT64_MAX);
}

#define decoding(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define encoding(test) cmocka_unit_test_setup_teardown(test, new_output, drop_output)

int main(void)
{
    const struct CMUnitTest tests[] = {
        decoding(an_order_becomes_a_struct),
        decoding(what_was_decoded_outlives_the_text),
        decoding(absent_optional_fields_are_zero),
        decoding(null_is_as_if_absent_in_an_optional_field),
        decoding(null_in_a_required_field_is_of_the_wrong_type),
        decoding(a_patch_knows_what_was_there),
        decoding(characters_are_counted_not_bytes),
        decoding(numbers_reach_to_the_ends_of_int64),
        decoding(unknown_fields_pass_in_an_event),
        decoding(any_value_keeps_its_order_and_its_numbers),
        decoding(all_faults_are_gathered_in_one_go),
        decoding(a_fraction_is_not_an_integer),
        decoding(limits_are_inclusive),
        decoding(a_number_outside_int64_is_out_of_range_wherever_it_stands),
        decoding(other_types_are_refused_by_name),
        decoding(the_top_must_be_an_object),
        decoding(an_array_has_limits),
        decoding(money_is_an_amount_and_a_currency_and_nothing_else),
        decoding(a_member_given_twice_is_refused_where_it_stands),
        decoding(a_malformed_text_tells_line_and_column),
        decoding(text_that_is_not_unicode_is_refused),
        decoding(lone_surrogates_are_refused),
        decoding(nul_in_a_text_is_refused),
        decoding(nesting_is_allowed_down_to_32),
        decoding(brackets_in_a_text_do_not_nest),
        decoding(only_twenty_faults_are_kept),
        decoding(a_list_of_faults_that_is_full_already_refuses_all_the_same),
        decoding(a_rule_may_add_its_own_fault),
        encoding(members_stand_in_the_order_of_the_calls),
        encoding(text_is_escaped_where_json_asks_for_it),
        encoding(what_is_not_utf8_is_replaced),
        encoding(the_ends_of_int64_are_written),
        encoding(what_was_written_reads_as_it_was_meant),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
