/* What deciders and their stories promise, told with a toy: kettles that are filled, boiled and shared. */
#include "given.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ── the toy ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

enum { KETTLE, CUP, KINDS };
struct kettle {
    int64_t cups, announced;
    bool hot;
    struct str owner;
};
struct cup {
    bool full;
};
static const struct aggregate_type kinds[] = {{"kettle", sizeof(struct kettle)}, {"cup", sizeof(struct cup)}};

struct filled {
    int64_t cups;
    struct str owner;
};
enum { FILLED, BOILED, WEATHER_SEEN, CUP_POURED, LEVEL_ANNOUNCED, EVENTS };
static const struct event_type events[] = {
    {"Filled", EVENT_PUBLISHED, "toy.kettle", sizeof(struct filled)},
    {"Boiled", EVENT_INTERNAL, NULL, 0},
    {"WeatherSeen", EVENT_STATE, NULL, 0},
    {"CupPoured", EVENT_PUBLISHED, "toy.cup", 0},
    {"LevelAnnounced", EVENT_PUBLISHED, "toy.kettle", sizeof(int64_t)},
};
enum { COOLS, SHUTS_OFF };
static const char *const timers[] = {"cools", "shuts-off"};
enum { WHISTLE = 3 };

enum { FILL = 1, BOIL, SEE_WEATHER, POUR, PEEK, MEDDLE, POUR_INTO_CONSULTED };
struct fill {
    struct uuid kettle;
    int64_t cups;
};
struct pour {
    struct uuid kettle, cup;
};

static void keys(const struct command *c, struct keys *k)
{
    const struct pour *p = c->data;
    const struct timer_due *due = c->data;
    switch (c->type) {
    case COMMAND_TIMER_DUE: keys_add(k, due->aggregate_kind, due->id); break;
    case POUR:
        keys_add(k, KETTLE, p->kettle);
        keys_add(k, CUP, p->cup);
        break;
    case POUR_INTO_CONSULTED:
        keys_consult(k, CUP, p->cup);
        keys_add(k, KETTLE, p->kettle);
        break;
    case PEEK: keys_consult(k, KETTLE, *(const struct uuid *)c->data); break;
    default: keys_add(k, KETTLE, *(const struct uuid *)c->data); break;
    }
}

static void decide_fill(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct fill *f = c->data;
    const struct kettle *kettle = a->state;
    if (kettle->cups + f->cups > 10) {
        decision_refuse_with(d, 409, "/problems/spills", "It spills", "%lld cups would spill", (long long)f->cups);
        return;
    }
    struct filled filled = {.cups = f->cups, .owner = STR("Kim")};
    decision_event(d, a, FILLED, &filled);
    memset(&filled, 0xff, sizeof filled); /* the decision has its own copy */
}

static void decide_boil(const struct command *c, struct aggregate *a, struct decision *d)
{
    decision_event(d, a, BOILED, NULL);
    decision_timer(d, a, SHUTS_OFF, c->now + SECONDS(1));
    decision_timer(d, a, COOLS, c->now + MINUTES(5));
    decision_timer(d, a, COOLS, c->now + MINUTES(10));
    decision_effect(d, a, WHISTLE, "loud", 5);
}

static void decide(const struct command *c, struct aggregate *const *a, struct decision *d)
{
    struct refusal_error error = {.pointer = STR("/cup"), .code = "full", .detail = STR("pour it out first")};
    switch (c->type) {
    case FILL: decide_fill(c, a[0], d); break;
    case BOIL: decide_boil(c, a[0], d); break;
    case SEE_WEATHER: decision_event(d, a[0], WEATHER_SEEN, NULL); break;
    case POUR:
    case POUR_INTO_CONSULTED: {
        struct aggregate *cup = a[c->type == POUR];
        const struct cup *state = cup->state;
        decision_event(d, cup, CUP_POURED, NULL);
        if (state->full)
            decision_refuse(d, &(struct refusal){.status = 422, .type = "/problems/full", .errors = &error, .error_count = 1});
        break;
    }
    case MEDDLE: ((struct kettle *)a[0]->state)->cups = 7; break;
    case COMMAND_TIMER_DUE: decision_timer(d, a[0], COOLS, 0); break;
    default: break;
    }
    error.code = "overwritten"; /* the refusal has its own copy */
}

static void evolve(struct aggregate *a, int event, const void *data, struct arena *arena)
{
    struct kettle *kettle = a->state;
    const struct filled *filled = data;
    switch (event) {
    case FILLED:
        kettle->cups += filled->cups;
        kettle->owner = arena_str(arena, filled->owner);
        break;
    case BOILED: kettle->hot = true; break;
    case CUP_POURED: ((struct cup *)a->state)->full = true; break;
    case LEVEL_ANNOUNCED: kettle->announced = *(const int64_t *)data; break;
    default: break;
    }
}

static void settle(struct aggregate *a, struct decision *d)
{
    const struct kettle *kettle = a->state;
    if (a->kind == KETTLE && kettle->announced != kettle->cups)
        decision_event(d, a, LEVEL_ANNOUNCED, &kettle->cups);
}

static const struct decider toy = {
    .aggregates = kinds,
    .aggregate_count = KINDS,
    .events = events,
    .event_count = EVENTS,
    .timers = timers,
    .timer_count = 2,
    .keys = keys,
    .decide = decide,
    .evolve = evolve,
    .settle = settle,
};

/* ── stories ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const struct uuid one = {{1}}, other = {{2}};

static int start(void **state)
{
    struct story *s = malloc(sizeof *s);
    story_init(s, &toy);
    *state = s;
    return 0;
}

static int finish(void **state)
{
    story_release(*state);
    free(*state);
    return 0;
}

static struct command fill(int64_t cups)
{
    static struct fill data;
    data = (struct fill){.kettle = one, .cups = cups};
    return (struct command){.type = FILL, .data = &data};
}

static struct command of(int type)
{
    return (struct command){.type = type, .data = &one};
}

static struct command pour(int type)
{
    static const struct pour data = {.kettle = {{1}}, .cup = {{2}}};
    return (struct command){.type = type, .data = &data};
}

static void what_is_decided_changes_the_state(void **state)
{
    struct story *s = *state;
    when(s, fill(3));
    const struct filled *filled = then_event(s, FILLED);
    assert_int_equal(filled->cups, 3);
    const struct kettle *kettle = story_state(s, KETTLE, one);
    assert_int_equal(kettle->cups, 3);
    assert_true(str_is(kettle->owner, "Kim"));
    assert_int_equal(((const struct kettle *)story_state(s, KETTLE, other))->cups, 0);
}

static void settled_events_follow_the_decided_ones(void **state)
{
    struct story *s = *state;
    when(s, fill(3));
    then_event(s, FILLED);
    assert_int_equal(*(const int64_t *)then_event(s, LEVEL_ANNOUNCED), 3);
    then_no_more(s);
    assert_int_equal(story_aggregate(s, KETTLE, one)->version, 2);
    when(s, of(BOIL));
    then_event(s, BOILED);
    then_no_more(s);
}

static void mirrored_facts_are_not_counted(void **state)
{
    struct story *s = *state;
    struct aggregate *a = story_aggregate(s, KETTLE, one);
    given(s, of(SEE_WEATHER));
    assert_int_equal(a->version, 0);
    given(s, of(BOIL));
    assert_int_equal(a->version, 1);
}

static void every_event_marks_its_aggregate_changed(void **state)
{
    struct story *s = *state;
    struct aggregate *a = story_aggregate(s, KETTLE, one);
    struct decision d;
    decision_init(&d, &toy, &s->arena);
    decision_event(&d, a, WEATHER_SEEN, NULL);
    assert_false(a->changed);
    decision_apply(&d, &s->arena);
    assert_true(a->changed);
}

static void a_refusal_changes_nothing(void **state)
{
    struct story *s = *state;
    given(s, fill(9));
    when(s, fill(2));
    assert_true(str_is(then_refused(s, 409, "/problems/spills")->detail, "2 cups would spill"));
    assert_int_equal(((const struct kettle *)story_state(s, KETTLE, one))->cups, 9);
    assert_int_equal(story_aggregate(s, KETTLE, one)->version, 2);
}

static void a_refusal_keeps_its_own_copy_of_the_errors(void **state)
{
    struct story *s = *state;
    given(s, pour(POUR));
    when(s, pour(POUR));
    const struct refusal *r = then_refused(s, 422, "/problems/full");
    assert_int_equal(r->error_count, 1);
    assert_string_equal(r->errors[0].code, "full");
    assert_true(str_is(r->errors[0].pointer, "/cup"));
    assert_true(str_absent(r->detail));
    assert_null(r->title);
}

static void the_first_refusal_counts(void **state)
{
    struct story *s = *state;
    struct decision d;
    decision_init(&d, &toy, &s->arena);
    decision_refuse(&d, &(struct refusal){.status = 404});
    decision_refuse(&d, &(struct refusal){.status = 409});
    assert_int_equal(d.refusal->status, 404);
}

static void timers_and_effects_are_the_last_decisions(void **state)
{
    struct story *s = *state;
    when(s, of(BOIL));
    assert_int_equal(then_timer(s, COOLS), s->now + MINUTES(10));
    assert_int_equal(then_timer(s, SHUTS_OFF), s->now + SECONDS(1));
    assert_int_equal(s->decision.timer_count, 2);
    assert_string_equal(then_effect(s, WHISTLE), "loud");
    when(s, (struct command){.type = COMMAND_TIMER_DUE, .data = &(struct timer_due){COOLS, KETTLE, one}});
    assert_int_equal(then_timer(s, COOLS), 0);
    then_no_more(s);
}

static void looking_decides_nothing(void **state)
{
    struct story *s = *state;
    when(s, of(PEEK));
    then_nothing(s);
}

static void keys_keep_their_order_however_many(void **state)
{
    struct story *s = *state;
    struct keys k;
    keys_init(&k, &s->arena);
    for (int i = 0; i < 100; i++)
        (i % 2 ? keys_consult : keys_add)(&k, i, one);
    assert_int_equal(k.count, 100);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(k.items[i].kind, i);
        assert_int_equal(k.items[i].consulted, i % 2);
    }
}

static void a_decision_holds_any_number_of_events(void **state)
{
    struct story *s = *state;
    struct aggregate *a = story_aggregate(s, KETTLE, one);
    struct decision d;
    decision_init(&d, &toy, &s->arena);
    for (int64_t i = 0; i < 1000; i++)
        decision_event(&d, a, LEVEL_ANNOUNCED, &i);
    assert_int_equal(*(const int64_t *)d.events[999].data, 999);
    decision_apply(&d, &s->arena);
    assert_int_equal(a->version, 1000);
}

/* ── stories that must fail, run inside a test that must not ────────────────────────────────────────────────────────────────────── */

static void (*wrong)(struct story *s);

static void tell_wrong(void **state)
{
    wrong(*state);
}

/* In a process of its own, whose complaints nobody needs to read. */
static bool fails(void (*story)(struct story *s))
{
    wrong = story;
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(tell_wrong, start, finish)};
        _exit(cmocka_run_group_tests_name("a story that must fail", tests, NULL, NULL));
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

static void gives_what_is_refused(struct story *s)
{
    given(s, fill(11));
}

static void expects_another_event(struct story *s)
{
    when(s, fill(1));
    then_event(s, BOILED);
}

static void expects_one_event_too_many(struct story *s)
{
    when(s, of(BOIL));
    then_event(s, BOILED);
    then_event(s, BOILED);
}

static void overlooks_an_event(struct story *s)
{
    when(s, fill(1));
    then_event(s, FILLED);
    then_no_more(s);
}

static void expects_another_refusal(struct story *s)
{
    when(s, fill(11));
    then_refused(s, 404, "/problems/spills");
}

static void expects_a_timer_in_vain(struct story *s)
{
    when(s, fill(1));
    then_timer(s, COOLS);
}

static void expects_an_effect_in_vain(struct story *s)
{
    when(s, fill(1));
    then_effect(s, WHISTLE);
}

static void calls_something_nothing(struct story *s)
{
    when(s, of(BOIL));
    then_nothing(s);
}

static void changes_a_state_in_decide(struct story *s)
{
    when(s, of(MEDDLE));
}

static void changes_what_it_consulted(struct story *s)
{
    when(s, pour(POUR_INTO_CONSULTED));
}

static void a_wrong_story_fails(void **state)
{
    (void)state;
    assert_true(fails(gives_what_is_refused));
    assert_true(fails(expects_another_event));
    assert_true(fails(expects_one_event_too_many));
    assert_true(fails(overlooks_an_event));
    assert_true(fails(expects_another_refusal));
    assert_true(fails(expects_a_timer_in_vain));
    assert_true(fails(expects_an_effect_in_vain));
    assert_true(fails(calls_something_nothing));
    assert_true(fails(changes_a_state_in_decide));
    assert_true(fails(changes_what_it_consulted));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_decided_changes_the_state, start, finish),
        cmocka_unit_test_setup_teardown(settled_events_follow_the_decided_ones, start, finish),
        cmocka_unit_test_setup_teardown(mirrored_facts_are_not_counted, start, finish),
        cmocka_unit_test_setup_teardown(every_event_marks_its_aggregate_changed, start, finish),
        cmocka_unit_test_setup_teardown(a_refusal_changes_nothing, start, finish),
        cmocka_unit_test_setup_teardown(a_refusal_keeps_its_own_copy_of_the_errors, start, finish),
        cmocka_unit_test_setup_teardown(the_first_refusal_counts, start, finish),
        cmocka_unit_test_setup_teardown(timers_and_effects_are_the_last_decisions, start, finish),
        cmocka_unit_test_setup_teardown(looking_decides_nothing, start, finish),
        cmocka_unit_test_setup_teardown(keys_keep_their_order_however_many, start, finish),
        cmocka_unit_test_setup_teardown(a_decision_holds_any_number_of_events, start, finish),
        cmocka_unit_test(a_wrong_story_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
