/* Cursors: what is not ours is refused; what is ours comes back as it was, and with any one bit changed it is not ours. */
#include "cursor.h"
#include "fuzz.h"

static const uint8_t secret[CURSOR_SECRET] = "a secret of the fuzzer's own";

static void check_own(struct arena *arena, struct str position, size_t at, uint8_t bit)
{
    char text[CURSOR_TEXT];
    struct str own = cursor_write(secret, position, text), back;
    invariant(own.n <= CURSOR_TEXT && cursor_read(secret, own, arena, &back) && str_equal(back, position));
    text[at % own.n] ^= (char)(1 << bit % 8);
    invariant(!cursor_read(secret, own, arena, &back));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena arena;
    struct str text = fuzz_text(data, n), position;
    arena_init(&arena);
    if (cursor_read(secret, text, &arena, &position)) { /* one of the corpus: then exactly as we write it */
        char again[CURSOR_TEXT];
        invariant(str_equal(cursor_write(secret, position, again), text));
    }
    if (n > 2 && n - 2 <= CURSOR_POSITION)
        check_own(&arena, (struct str){text.p + 2, n - 2}, data[0], data[1]);
    arena_release(&arena);
    return 0;
}
