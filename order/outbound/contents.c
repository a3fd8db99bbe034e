/* Lines and address between struct and JSON. */
#include "contents.h"

#include "invariant.h"
#include "json_decode.h"

void lines_put(struct json_writer *w, const char *key, const struct order_lines *lines)
{
    if (!str_absent(lines->stored)) {
        json_put_raw(w, key, lines->stored);
        return;
    }
    json_begin_array(w, key);
    for (size_t i = 0; i < lines->count; i++) {
        json_begin_object(w, NULL);
        json_put_id(w, "product", lines->items[i].product);
        json_put_text(w, "name", lines->items[i].name);
        json_put_integer(w, "quantity", lines->items[i].quantity);
        json_put_integer(w, "unitPrice", lines->items[i].unit_price);
        json_end_object(w);
    }
    json_end_array(w);
}

void quantities_put(struct json_writer *w, const char *key, const struct order_lines *lines)
{
    struct arena arena;
    arena_init(&arena);
    struct order_lines read = lines_read(&arena, *lines);
    json_begin_array(w, key);
    for (size_t i = 0; i < read.count; i++) {
        json_begin_object(w, NULL);
        json_put_id(w, "product", read.items[i].product);
        json_put_integer(w, "quantity", read.items[i].quantity);
        json_end_object(w);
    }
    json_end_array(w);
    arena_release(&arena);
}

void address_put(struct json_writer *w, const char *key, const struct order_address *address)
{
    if (!str_absent(address->stored)) {
        json_put_raw(w, key, address->stored);
        return;
    }
    json_begin_object(w, key);
    json_put_text(w, "recipient", address->recipient);
    json_put_text(w, "phone", address->phone);
    json_put_text(w, "zip", address->zip);
    json_put_text(w, "line1", address->line1);
    if (!str_absent(address->line2))
        json_put_text(w, "line2", address->line2);
    json_end_object(w);
}

struct order_lines lines_read(struct arena *arena, struct order_lines lines)
{
    static const struct json_field line_fields[] = {
        JSON_FIELD(struct order_line, product, "product", JSON_ID, JSON_REQUIRED),
        JSON_FIELD(struct order_line, name, "name", JSON_TEXT, JSON_REQUIRED),
        JSON_FIELD(struct order_line, quantity, "quantity", JSON_INTEGER, JSON_REQUIRED),
        JSON_FIELD(struct order_line, unit_price, "unitPrice", JSON_INTEGER, JSON_REQUIRED),
    };
    static const struct json_shape line_shape = JSON_SHAPE(struct order_line, line_fields, JSON_IGNORE_UNKNOWN);
    struct whole {
        struct json_list lines;
    } whole;
    static const struct json_field whole_fields[] = {
        JSON_FIELD_ARRAY(struct whole, lines, "lines", JSON_REQUIRED, &line_shape, 1, ORDER_LINES_MAX),
    };
    static const struct json_shape whole_shape = JSON_SHAPE(struct whole, whole_fields, JSON_IGNORE_UNKNOWN);

    if (str_absent(lines.stored))
        return lines;
    struct json_errors errors = {0};
    struct str text = arena_printf(arena, "{\"lines\":%.*s}", STR_ARG(lines.stored));
    invariant(json_decode(arena, text, &whole_shape, &whole, &errors)); /* nobody but lines_put() writes it */
    return (struct order_lines){.items = whole.lines.items, .count = whole.lines.count};
}

void lines_encode(const void *lines, struct buf *json)
{
    lines_put(&(struct json_writer){.out = json}, NULL, lines);
}

void lines_decode(struct arena *arena, struct str json, void *lines)
{
    *(struct order_lines *)lines = (struct order_lines){.stored = arena_str(arena, json)};
}

void address_encode(const void *address, struct buf *json)
{
    address_put(&(struct json_writer){.out = json}, NULL, address);
}

void address_decode(struct arena *arena, struct str json, void *address)
{
    *(struct order_address *)address = (struct order_address){.stored = arena_str(arena, json)};
}
