/* Whatever release sent them: the view shows all golden messages of the types that it knows, and there is one of each. */
#include "golden.h"
#include "projection.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *const types[] = {
#define VIEW_EVENT(topic, name, ...) #topic "." #name ".v1",
#include "projection.def"
};
#define TYPES (sizeof types / sizeof types[0])

static void fold(const struct golden *golden, void *ctx)
{
    size_t *shown = ctx;
    struct arena arena;
    struct cloud_event event;
    struct view_change change;
    struct str reason = {0};
    arena_init(&arena);
    if (!cloud_event_decode(&golden->record, &event, &arena, &reason) || projection_fold(&arena, &event, &change, &reason) == VIEW_DEAD)
        fail_msg("%s is not shown any more: %.*s", golden->file, STR_ARG(reason));
    for (size_t i = 0; i < TYPES; i++)
        shown[i] += str_is(event.type, types[i]);
    arena_release(&arena);
}

static void every_golden_message_is_shown(void **state)
{
    (void)state;
    size_t shown[TYPES] = {0};
    golden_each(fold, shown);
    for (size_t i = 0; i < TYPES; i++)
        if (shown[i] == 0)
            fail_msg("%s is shown, but there is no golden message of it: see tests/golden", types[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_golden_message_is_shown)};
    return cmocka_run_group_tests_name("golden messages", tests, NULL, NULL);
}
