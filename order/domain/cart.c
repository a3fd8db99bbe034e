/* The cart's check: every line against the catalog, the means of payment, the sum. */
#include "cart.h"

#include <string.h>

struct faults {
    struct arena *arena;
    struct refusal_error items[ORDER_LINES_MAX + 8]; /* one a line, five of the address, two of the payment, one of the whole */
    size_t count;
    size_t sold_out; /* so many of them */
};

static void fault(struct faults *f, const char *code, struct str pointer, struct str detail)
{
    f->items[f->count++] = (struct refusal_error){.pointer = pointer, .code = code, .detail = detail};
}

static void fault_of_line(struct faults *f, size_t line, const char *member, const char *code, struct str detail)
{
    fault(f, code, arena_printf(f->arena, "/items/%zu/%s", line, member), detail);
}

/* ── the means of payment ───────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool token_valid(struct str token)
{
    if (str_empty(token) || token.n > ORDER_TOKEN_MAX)
        return false;
    for (size_t i = 0; i < token.n; i++)
        if (token.p[i] <= ' ' || token.p[i] > '~')
            return false;
    return true;
}

static void check_means(struct faults *f, struct payment_means means, struct str method_pointer, struct str token_pointer)
{
    if (!str_is(means.method, "card"))
        fault(f, "unsupported", method_pointer, STR("The way of payment is \"card\"."));
    if (!token_valid(means.token))
        fault(f, "invalid", token_pointer, STR("A token is 1 to 128 visible ASCII characters."));
}

/* ── the address ────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* It is printed on a parcel: no line breaks, nothing invisible. */
static void check_text(struct faults *f, const char *member, struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f) {
            fault(f, "invalid", arena_printf(f->arena, "/address/%s", member), STR("It has control characters: leave them out."));
            return;
        }
}

static void check_address(struct faults *f, const struct order_address *address)
{
    check_text(f, "recipient", address->recipient);
    check_text(f, "phone", address->phone);
    check_text(f, "zip", address->zip);
    check_text(f, "line1", address->line1);
    check_text(f, "line2", address->line2);
}

/* ── lines ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool product_above(const struct place_order *place, size_t line)
{
    for (size_t i = 0; i < line; i++)
        if (uuid_equal(place->items[i].product, place->items[line].product))
            return true;
    return false;
}

static void fault_sold_out(struct faults *f, size_t line, int64_t wanted, int64_t available)
{
    f->sold_out++;
    fault_of_line(f, line, "quantity", "sold-out",
                  arena_printf(f->arena, "wanted %lld, available %lld", (long long)wanted, (long long)available));
}

static void check_line(struct faults *f, const struct place_order *place, size_t line, const struct catalog_item *item)
{
    int64_t quantity = place->items[line].quantity;
    if (quantity < 1 || quantity > ORDER_QUANTITY_MAX)
        fault_of_line(f, line, "quantity", "out-of-range", STR("A quantity is 1 to 999."));
    else if (product_above(place, line))
        fault_of_line(f, line, "productId", "duplicate", STR("A line above has this product already: put both into one."));
    else if (item->product_version == 0)
        fault_of_line(f, line, "productId", "unknown-product", STR("There is no such product."));
    else if (item->discontinued)
        fault_of_line(f, line, "productId", "discontinued", STR("This product is not sold any more."));
    else if (item->available < quantity)
        fault_sold_out(f, line, quantity, item->available);
}

static void check_lines(struct faults *f, const struct place_order *place, struct aggregate *const *items)
{
    if (place->item_count < 1 || place->item_count > ORDER_LINES_MAX) {
        fault(f, "out-of-range", STR("/items"), STR("An order has 1 to 100 lines."));
        return;
    }
    for (size_t i = 0; i < place->item_count; i++)
        check_line(f, place, i, items[i]->state);
}

/* ── the sum ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool add_line(struct faults *f, size_t line, const struct catalog_item *item, int64_t quantity, struct money *total)
{
    struct money cost;
    if (memcmp(item->price.currency, total->currency, sizeof total->currency) != 0) {
        fault_of_line(f, line, "productId", "other-currency",
                      STR("It is sold in another currency than the first line: order it by itself."));
        return false;
    }
    if (!money_times(item->price, quantity, &cost) || !money_add(*total, cost, total)) {
        fault(f, "out-of-range", STR("/items"), STR("The sum is too large for one order: split it."));
        return false;
    }
    return true;
}

static void price_lines(struct faults *f, const struct place_order *place, struct aggregate *const *items, struct order_lines *lines,
                        struct money *total)
{
    struct order_line *line = ARENA_ARRAY(f->arena, struct order_line, place->item_count);
    *lines = (struct order_lines){.items = line, .count = place->item_count};
    *total = ((const struct catalog_item *)items[0]->state)->price;
    total->amount = 0;
    for (size_t i = 0; i < place->item_count; i++) {
        const struct catalog_item *item = items[i]->state;
        if (!add_line(f, i, item, place->items[i].quantity, total))
            return;
        line[i] = (struct order_line){
            .product = place->items[i].product,
            .name = item->name,
            .quantity = place->items[i].quantity,
            .unit_price = item->price.amount,
        };
    }
}

/* ── the refusal ────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void refuse_sold_out(const struct faults *f, size_t lines, struct decision *d)
{
    decision_refuse(d, &(struct refusal){
                           .status = 409,
                           .type = "/problems/sold-out",
                           .title = "Not enough in stock",
                           .detail = arena_printf(f->arena, "%zu of %zu lines can be delivered. Lower the quantity or remove the line.",
                                                  lines - f->sold_out, lines),
                           .errors = f->items,
                           .error_count = f->count,
                       });
}

static void refuse_invalid(const struct faults *f, struct decision *d)
{
    decision_refuse(d, &(struct refusal){
                           .status = 422,
                           .type = "/problems/invalid-fields",
                           .title = "Some fields are not as they should be",
                           .detail = STR("Correct what 'errors' names, and send the request again."),
                           .errors = f->items,
                           .error_count = f->count,
                       });
}

bool cart_price(const struct place_order *place, struct aggregate *const *items, struct decision *d, struct order_lines *lines,
                struct money *total)
{
    struct faults f = {.arena = d->arena};
    check_lines(&f, place, items);
    check_address(&f, &place->address);
    check_means(&f, place->means, STR("/payment/method"), STR("/payment/token"));
    if (f.count == 0)
        price_lines(&f, place, items, lines, total);
    if (f.count == 0)
        return true;
    if (f.count == f.sold_out)
        refuse_sold_out(&f, place->item_count, d);
    else
        refuse_invalid(&f, d);
    return false;
}

bool payment_means_check(struct payment_means means, struct decision *d)
{
    struct faults f = {.arena = d->arena};
    check_means(&f, means, STR("/method"), STR("/token"));
    if (f.count > 0)
        refuse_invalid(&f, d);
    return f.count == 0;
}
