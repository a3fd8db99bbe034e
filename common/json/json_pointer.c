/* Pointers (RFC 6901): from places on the way down, and from a position in the text. */
#include "json_pointer.h"

#include "buf.h"
#include "json_tree.h"

static void put_key(struct buf *out, struct str key)
{
    for (size_t i = 0; i < key.n; i++) {
        switch (key.p[i]) {
        case '~': buf_add(out, STR("~0")); break;
        case '/': buf_add(out, STR("~1")); break;
        default: buf_add_char(out, key.p[i]); break;
        }
    }
}

/* Recursion goes as deep as the text does, which is limited. */
static void put_place(struct buf *out, const struct json_place *place)
{
    if (!place)
        return;
    put_place(out, place->up);
    buf_add_char(out, '/');
    if (str_absent(place->key))
        buf_printf(out, "%zu", place->index);
    else
        put_key(out, place->key);
}

struct str json_pointer(struct arena *arena, const struct json_place *place)
{
    struct buf out = BUF_INIT;
    put_place(&out, place);
    struct str pointer = arena_str(arena, buf_str(&out));
    buf_release(&out);
    return pointer;
}

/* The open objects and arrays around a position, outermost first. */
struct nesting {
    struct json_place places[JSON_DEPTH_MAX];
    bool is_object[JSON_DEPTH_MAX];
    bool has_key[JSON_DEPTH_MAX]; /* of an object: what comes next belongs to this key */
    size_t depth;
};

static void enter(struct nesting *n, bool is_object)
{
    size_t i = n->depth++;
    n->places[i] = (struct json_place){.up = i > 0 ? &n->places[i - 1] : NULL};
    n->is_object[i] = is_object;
    n->has_key[i] = !is_object;
}

static void next_member(struct nesting *n)
{
    if (n->depth == 0)
        return;
    size_t i = n->depth - 1;
    n->has_key[i] = !n->is_object[i];
    n->places[i].index++;
}

/* Keys are shown as they read, not as they were escaped: jansson, which has read this one already, undoes the escapes. */
static struct str unescaped(struct arena *arena, struct str quoted)
{
    json_t *text = json_loadb(quoted.p, quoted.n, JSON_DECODE_ANY, NULL);
    struct str key = {quoted.p + 1, quoted.n - 2};
    if (text)
        key = (struct str){json_string_value(text), json_string_length(text)};
    key = arena_str(arena, key);
    json_decref(text);
    return key;
}

static size_t pass_string(struct arena *arena, struct nesting *n, struct str text, size_t start)
{
    size_t end = start + 1;
    while (end < text.n && text.p[end] != '"')
        end += text.p[end] == '\\' ? 2 : 1;
    if (n->depth == 0 || n->has_key[n->depth - 1] || end >= text.n)
        return end;
    n->places[n->depth - 1].key = unescaped(arena, (struct str){text.p + start, end + 1 - start});
    n->has_key[n->depth - 1] = true;
    return end;
}

struct str json_pointer_at(struct arena *arena, struct str beginning)
{
    struct nesting n = {.depth = 0};
    for (size_t i = 0; i < beginning.n; i++) {
        switch (beginning.p[i]) {
        case '"': i = pass_string(arena, &n, beginning, i); break;
        case '{':
        case '[':
            if (n.depth < JSON_DEPTH_MAX)
                enter(&n, beginning.p[i] == '{');
            break;
        case '}':
        case ']':
            if (n.depth > 0)
                n.depth--;
            break;
        case ',': next_member(&n); break;
        default: break;
        }
    }
    /* An object without a key yet is itself the last thing. */
    if (n.depth > 0 && !n.has_key[n.depth - 1])
        n.depth--;
    return json_pointer(arena, n.depth > 0 ? &n.places[n.depth - 1] : NULL);
}
