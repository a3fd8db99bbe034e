/* What base promises: text, memory, ids, money and time behave at their edges. */
#include "arena.h"
#include "buf.h"
#include "clock.h"
#include "invariant.h"
#include "memory.h"
#include "money.h"
#include "sha256.h"

#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* --- str --- */

static void absent_is_not_empty(void **state)
{
    (void)state;
    assert_true(str_absent(str_of(NULL)));
    assert_false(str_absent(STR("")));
    assert_true(str_empty(STR("")));
    assert_true(str_empty(str_of(NULL)));
    assert_false(str_equal(str_of(NULL), STR("")));
    assert_true(str_equal(str_of(NULL), str_of(NULL)));
    assert_false(str_is(str_of(NULL), ""));
    assert_true(str_is(STR(""), ""));
}

static void text_compares_bytewise(void **state)
{
    (void)state;
    assert_true(str_compare(STR("a"), STR("b")) < 0);
    assert_true(str_compare(STR("ab"), STR("a")) > 0);
    assert_true(str_compare(STR("\xff"), STR("a")) > 0);
    assert_int_equal(str_compare(STR("주문"), STR("주문")), 0);
    assert_true(str_compare(str_of(NULL), STR("")) < 0);
    assert_true(str_is(STR("abc"), "abc"));
    assert_false(str_is(STR("abc"), "ab"));
}

static void case_is_ignored_in_ascii_only(void **state)
{
    (void)state;
    assert_true(str_equal_ignoring_case(STR("Content-Type"), STR("content-TYPE")));
    assert_false(str_equal_ignoring_case(STR("a[b"), STR("a{b"))); /* they differ by the bit that case is */
    assert_false(str_equal_ignoring_case(STR("a"), STR("ab")));
}

static void a_prefix_is_at_the_front(void **state)
{
    (void)state;
    assert_true(str_starts_with(STR("Bearer x"), STR("Bearer ")));
    assert_true(str_starts_with(STR("x"), STR("")));
    assert_true(str_starts_with(str_of(NULL), STR("")));
    assert_false(str_starts_with(STR("Bea"), STR("Bearer ")));
}

static void trimming_leaves_the_middle(void **state)
{
    (void)state;
    assert_true(str_equal(str_trim(STR(" \ta b\t ")), STR("a b")));
    assert_true(str_equal(str_trim(STR("  ")), STR("")));
    assert_true(str_absent(str_trim(str_of(NULL))));
}

static void splitting_gives_the_parts_in_order(void **state)
{
    (void)state;
    struct str rest = STR("a,,b"), part;
    assert_true(str_split(&rest, ',', &part));
    assert_true(str_equal(part, STR("a")));
    assert_true(str_split(&rest, ',', &part));
    assert_true(str_equal(part, STR("")));
    assert_true(str_split(&rest, ',', &part));
    assert_true(str_equal(part, STR("b")));
    assert_false(str_split(&rest, ',', &part));
}

static void nothing_has_no_parts(void **state)
{
    (void)state;
    struct str empty = STR(""), absent = str_of(NULL), part;
    assert_false(str_split(&empty, ',', &part));
    assert_false(str_split(&absent, ',', &part));
}

static void a_number_is_read_within_int64(void **state)
{
    (void)state;
    int64_t n = 0;
    assert_true(str_to_int64(STR("9223372036854775807"), &n));
    assert_true(n == INT64_MAX);
    assert_true(str_to_int64(STR("-9223372036854775808"), &n));
    assert_true(n == INT64_MIN);
    assert_true(str_to_int64(STR("0"), &n));
    assert_int_equal(n, 0);
}

static void what_is_not_a_whole_number_is_refused(void **state)
{
    (void)state;
    static const char *const refused[] = {"", "-", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "9223372036854775808", "-9223372036854775809"};
    int64_t n = 7;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_false(str_to_int64(str_of(refused[i]), &n));
    assert_false(str_to_int64(str_of(NULL), &n));
    assert_int_equal(n, 7);
}

static void the_hash_is_fnv_1a(void **state)
{
    (void)state;
    assert_true(str_hash(STR("")) == 0xcbf29ce484222325);
    assert_true(str_hash(STR("foobar")) == 0x85944171f73967e8);
}

/* --- memory, arena, buf --- */

static void new_memory_is_zeroed(void **state)
{
    (void)state;
    struct money *m = NEW(struct money);
    assert_int_equal(m->amount, 0);
    free(m);
    free(memory_new(0));
    char *s = memory_strdup("abc");
    s = memory_resize(s, 100);
    assert_string_equal(s, "abc");
    free(s);
}

static void arena_memory_is_aligned_and_zeroed(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    for (int round = 0; round < 3; round++) {
        for (size_t size = 0; size < 3000; size = size * 2 + 1) {
            unsigned char *p = arena_alloc(&a, size);
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
            for (size_t i = 0; i < size; i++)
                assert_int_equal(p[i], 0);
            memset(p, 0xff, size);
        }
        arena_reset(&a);
    }
    arena_release(&a);
}

static void arena_pieces_do_not_overlap(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    uint64_t *pieces[1000];
    for (size_t i = 0; i < 1000; i++) {
        pieces[i] = ARENA_ARRAY(&a, uint64_t, i + 1);
        for (size_t j = 0; j <= i; j++)
            pieces[i][j] = i;
    }
    for (size_t i = 0; i < 1000; i++)
        for (size_t j = 0; j <= i; j++)
            assert_int_equal(pieces[i][j], i);
    arena_release(&a);
}

static void a_reset_arena_counts_from_zero_and_uses_its_chunk_again(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    void *first = arena_alloc(&a, 100);
    arena_alloc(&a, 28);
    assert_int_equal(a.used, 128);
    arena_reset(&a);
    assert_int_equal(a.used, 0);
    assert_ptr_equal(arena_alloc(&a, 100), first);
    arena_release(&a);
    assert_null(a.chunks);
}

static void a_piece_larger_than_any_chunk_is_given(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    char *small = arena_alloc(&a, 1);
    char *large = arena_alloc(&a, 5 << 20);
    large[(5 << 20) - 1] = 'x';
    *small = 'y';
    arena_reset(&a);
    arena_alloc(&a, 1);
    arena_release(&a);
}

static void a_text_in_an_arena_is_terminated(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    struct str s = arena_str(&a, (struct str){"abcdef", 3});
    assert_string_equal(s.p, "abc");
    assert_int_equal(s.n, 3);
    assert_true(str_absent(arena_str(&a, str_of(NULL))));
    assert_false(str_absent(arena_str(&a, STR(""))));
    s = arena_printf(&a, "/items/%d/%s", 17, "quantity");
    assert_true(str_is(s, "/items/17/quantity"));
    assert_string_equal(s.p, "/items/17/quantity");
    assert_memory_equal(arena_copy(&a, "xyz", 3), "xyz", 3);
    assert_non_null(arena_copy(&a, NULL, 0));
    arena_release(&a);
}

static void a_buffer_grows_and_stays_terminated(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    assert_false(str_absent(buf_str(&b)));
    assert_true(str_empty(buf_str(&b)));
    for (int i = 0; i < 1000; i++) {
        buf_add(&b, STR("ab"));
        buf_add_char(&b, 'c');
        assert_int_equal(strlen(b.p), b.n);
    }
    assert_int_equal(b.n, 3000);
    buf_clear(&b);
    assert_string_equal(b.p, "");
    buf_add(&b, str_of(NULL));
    buf_printf(&b, "%d-%s", 5, "x");
    assert_true(str_is(buf_str(&b), "5-x"));
    memcpy(buf_extend(&b, 2), "yz", 2);
    assert_string_equal(b.p, "5-xyz");
    buf_release(&b);
    assert_null(b.p);
}

static void numbers_go_into_a_buffer_in_network_order(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b);
    buf_add_be16(&b, 0x0102);
    buf_add_be32(&b, 0x03040506);
    buf_add_be64(&b, 0x0708090a0b0c0d0e);
    assert_int_equal(b.n, 14);
    for (size_t i = 0; i < b.n; i++)
        assert_int_equal(b.p[i], i + 1);
    buf_release(&b);
}

/* --- invariant --- */

static void a_broken_invariant_ends_the_process_and_says_where(void **state)
{
    (void)state;
    int out[2];
    assert_int_equal(pipe(out), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(out[1], STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        invariant(1 + 1 == 3);
        _exit(0);
    }
    close(out[1]);
    char text[300] = "";
    assert_true(read(out[0], text, sizeof text - 1) > 0);
    close(out[0]);
    int status = 0;
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_non_null(strstr(text, "base_test.c"));
    assert_non_null(strstr(text, "1 + 1 == 3"));
    assert_non_null(strstr(text, "a_broken_invariant_ends_the_process"));
}

static void a_held_invariant_does_nothing(void **state)
{
    (void)state;
    invariant(1 + 1 == 2);
}

/* --- uuid --- */

static struct uuid uuid_of(const char *text)
{
    struct uuid u;
    assert_true(uuid_parse(str_of(text), &u));
    return u;
}

static void an_id_reads_as_it_was_written(void **state)
{
    (void)state;
    char text[UUID_TEXT + 1];
    uuid_format(uuid_of("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"), text);
    assert_string_equal(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    uuid_format(uuid_of("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"), text);
    assert_string_equal(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    assert_true(uuid_is_nil(uuid_of("00000000-0000-0000-0000-000000000000")));
    assert_false(uuid_is_nil(uuid_of("00000000-0000-0000-0000-000000000001")));
}

static void what_is_not_8_4_4_4_12_is_no_id(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "",
        "017f22e279b07cc398c4dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
        "{17f22e2-79b0-7cc3-98c4-dc0c0c07398}",
        "017f22e27-9b0-7cc3-98c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
        "017f22e2-79b0-7cc3-98c4 dc0c0c07398f",
    };
    struct uuid u;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_false(uuid_parse(str_of(refused[i]), &u));
    assert_false(uuid_parse(str_of(NULL), &u));
}

static void version_7_is_laid_out_as_the_standard_says(void **state)
{
    (void)state;
    /* RFC 9562, appendix A.6 */
    static const uint8_t random[10] = {0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f};
    assert_true(uuid_equal(uuid_v7(0x017f22e279b0, random), uuid_of("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")));
    static const uint8_t ones[10] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    assert_true(uuid_equal(uuid_v7(0, ones), uuid_of("00000000-0000-7fff-bfff-ffffffffffff")));
}

static void a_name_gives_the_same_id_always(void **state)
{
    (void)state;
    /* RFC 9562, appendix B.2 */
    struct uuid dns = uuid_of("6ba7b810-9dad-11d1-80b4-00c04fd430c8");
    assert_true(uuid_equal(uuid_named(dns, STR("www.example.com")), uuid_of("5c146b14-3c52-8afd-938a-375d0df1fbf6")));
    assert_false(uuid_equal(uuid_named(dns, STR("a")), uuid_named(dns, STR("b"))));
    assert_false(uuid_equal(uuid_named(dns, STR("a")), uuid_named((struct uuid){0}, STR("a"))));
}

static void sha256_agrees_with_the_standard(void **state)
{
    (void)state;
    /* FIPS 180-4 examples: one block, and a padding that needs a block of its own */
    static const uint8_t abc[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
                                  0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    static const uint8_t two[] = {0x24, 0x8d, 0x6a, 0x61, 0xd2, 0x06, 0x38, 0xb8, 0xe5, 0xc0, 0x26, 0x93, 0x0c, 0x3e, 0x60, 0x39,
                                  0xa3, 0x3c, 0xe4, 0x59, 0x64, 0xff, 0x21, 0x67, 0xf6, 0xec, 0xed, 0xd4, 0x19, 0xdb, 0x06, 0xc1};
    uint8_t digest[SHA256_SIZE];
    sha256(STR("a"), STR("bc"), digest);
    assert_memory_equal(digest, abc, sizeof abc);
    sha256(STR("abcdbcdecdefdefgefghfghighijhijkijkljklm"), STR("klmnlmnomnopnopq"), digest);
    assert_memory_equal(digest, two, sizeof two);
}

static void new_ids_ascend_and_are_of_version_7_and_of_now(void **state)
{
    (void)state;
    uint64_t before = (uint64_t)(clock_now() / 1000);
    struct uuid last = {0};
    for (int i = 0; i < 100000; i++) {
        struct uuid u = uuid_new();
        assert_true(uuid_compare(last, u) < 0);
        assert_int_equal(u.b[6] >> 4, 7);
        assert_int_equal(u.b[8] >> 6, 2);
        last = u;
    }
    uint64_t milliseconds = 0;
    for (int i = 0; i < 6; i++)
        milliseconds = milliseconds << 8 | last.b[i];
    assert_in_range(milliseconds, before, before + 60000);
}

static void ids_of_a_child_are_not_those_of_its_parent(void **state)
{
    (void)state;
    uuid_new(); /* the randomness of the next ones is drawn already */
    int channel[2];
    assert_int_equal(pipe(channel), 0);
    pid_t child = fork();
    struct uuid mine = uuid_new();
    if (child == 0)
        _exit(write(channel[1], &mine, sizeof mine) == sizeof mine ? 0 : 1);
    struct uuid of_child;
    assert_int_equal(read(channel[0], &of_child, sizeof of_child), sizeof of_child);
    assert_memory_not_equal(of_child.b + 8, mine.b + 8, 8);
    waitpid(child, NULL, 0);
    close(channel[0]);
    close(channel[1]);
}

#define IDS_OF_THREAD ((size_t)20000)

static void *make_ids(void *ids)
{
    for (size_t i = 0; i < IDS_OF_THREAD; i++)
        ((struct uuid *)ids)[i] = uuid_new();
    return NULL;
}

static int compare_ids(const void *a, const void *b)
{
    return uuid_compare(*(const struct uuid *)a, *(const struct uuid *)b);
}

static void ids_of_two_threads_differ(void **state)
{
    (void)state;
    struct uuid *ids = memory_new(2 * IDS_OF_THREAD * sizeof *ids);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, make_ids, ids), 0);
    make_ids(ids + IDS_OF_THREAD);
    pthread_join(thread, NULL);
    qsort(ids, 2 * IDS_OF_THREAD, sizeof *ids, compare_ids);
    for (size_t i = 1; i < 2 * IDS_OF_THREAD; i++)
        assert_true(uuid_compare(ids[i - 1], ids[i]) < 0);
    free(ids);
}

static void ids_spread_over_a_hash_table(void **state)
{
    (void)state;
    unsigned slots[64] = {0};
    for (int i = 0; i < 6400; i++)
        slots[uuid_hash(uuid_new()) % 64]++;
    for (size_t i = 0; i < 64; i++)
        assert_in_range(slots[i], 30, 200);
    unsigned used = 0;
    struct uuid u = {0};
    memset(slots, 0, sizeof slots);
    for (int i = 0; i < 64; i++) { /* ids that differ in one byte only, in the first half */
        u.b[0] = (uint8_t)i;
        used += slots[uuid_hash(u) % 64]++ == 0;
    }
    assert_true(used > 20);
}

/* --- money --- */

static void a_currency_is_three_capitals(void **state)
{
    (void)state;
    assert_true(money_currency_valid(STR("KRW")));
    assert_false(money_currency_valid(STR("krw")));
    assert_false(money_currency_valid(STR("KR")));
    assert_false(money_currency_valid(STR("KRWW")));
    assert_false(money_currency_valid(STR("K1W")));
    assert_false(money_currency_valid(str_of(NULL)));
}

static struct money won(int64_t amount)
{
    return (struct money){amount, "KRW"};
}

static void money_adds_up(void **state)
{
    (void)state;
    struct money sum = {0};
    assert_true(money_add(won(12000), won(-2000), &sum));
    assert_true(money_equal(sum, won(10000)));
    assert_true(money_times(won(4500), 3, &sum));
    assert_true(money_equal(sum, won(13500)));
    assert_string_equal(sum.currency, "KRW");
}

static void a_sum_that_does_not_fit_is_refused_not_wrapped(void **state)
{
    (void)state;
    struct money sum = won(1);
    assert_false(money_add(won(INT64_MAX), won(1), &sum));
    assert_false(money_add(won(INT64_MIN), won(-1), &sum));
    assert_false(money_times(won(INT64_MAX / 2 + 1), 2, &sum));
    assert_false(money_times(won(INT64_MIN), -1, &sum));
    assert_true(money_equal(sum, won(1)));
}

static void currencies_do_not_mix(void **state)
{
    (void)state;
    struct money dollar = {1, "USD"}, sum = won(1);
    assert_false(money_add(won(1), dollar, &sum));
    assert_false(money_equal(won(1), dollar));
    assert_true(money_equal(sum, won(1)));
}

/* --- instant --- */

static void expect_instant(const char *text, instant expected)
{
    instant t = -1;
    assert_true(instant_parse(str_of(text), &t));
    assert_true(t == expected);
}

static void a_time_is_written_with_six_digits_in_utc(void **state)
{
    (void)state;
    char text[INSTANT_TEXT + 1];
    instant_format(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000000Z");
    instant_format(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999999Z");
    instant_format(1795373710123456, text);
    assert_string_equal(text, "2026-11-22T18:55:10.123456Z");
    instant_format(-62135596800000000, text);
    assert_string_equal(text, "0001-01-01T00:00:00.000000Z");
    instant_format(253402300799999999, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999999Z");
}

static void every_day_reads_as_it_was_written(void **state)
{
    (void)state;
    char text[INSTANT_TEXT + 1], previous[INSTANT_TEXT + 1] = "";
    for (int64_t day = -719162; day < 2932897; day += 1) {
        instant t = day * SECONDS(86400) + 43261000007, back = 0;
        instant_format(t, text);
        assert_true(strcmp(previous, text) < 0);
        assert_true(instant_parse(str_of(text), &back));
        assert_true(back == t);
        memcpy(previous, text, sizeof text);
    }
}

static void offsets_and_fractions_are_read(void **state)
{
    (void)state;
    expect_instant("2026-11-22T18:55:10.123456Z", 1795373710123456);
    expect_instant("2026-11-23T03:55:10.123456+09:00", 1795373710123456);
    expect_instant("2026-11-22T13:25:10.123456-05:30", 1795373710123456);
    expect_instant("2026-11-22t18:55:10.123456z", 1795373710123456);
    expect_instant("2026-11-22T18:55:10-00:00", 1795373710000000);
    expect_instant("2026-11-22T18:55:10.1Z", 1795373710100000);
    expect_instant("2026-11-22T18:55:10.123456999Z", 1795373710123456);
    expect_instant("1969-12-31T23:59:59.999999Z", -1);
    expect_instant("2024-02-29T00:00:00Z", 1709164800000000);
    expect_instant("2000-02-29T00:00:00Z", 951782400000000);
}

static void a_leap_second_is_the_start_of_the_next_day(void **state)
{
    (void)state;
    instant t;
    expect_instant("1990-12-31T23:59:60Z", 662688000000000);
    expect_instant("1990-12-31T15:59:60-08:00", 662688000000000);
    assert_false(instant_parse(STR("1990-12-31T23:58:60Z"), &t));
    assert_false(instant_parse(STR("1990-12-31T23:59:61Z"), &t));
}

static void what_is_not_rfc_3339_is_refused(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "",
        "2026-11-22",
        "2026-11-22T18:55:10",
        "2026-11-22 18:55:10Z",
        "2026-11-22T18:55Z",
        "2026-11-22T18:55:10.Z",
        "2026-11-22T18:55:10.1234567890Z",
        "2026-11-22T18:55:10,5Z",
        "2026-11-22T18:55:10Z ",
        " 2026-11-22T18:55:10Z",
        "2026-11-22T18:55:10+0900",
        "2026-11-22T18:55:10+24:00",
        "2026-11-22T18:55:10+09:60",
        "2026-13-22T18:55:10Z",
        "2026-00-22T18:55:10Z",
        "2026-11-31T18:55:10Z",
        "2026-11-00T18:55:10Z",
        "2026-02-29T18:55:10Z",
        "1900-02-29T00:00:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T18:60:10Z",
        "+026-11-22T18:55:10Z",
        "12026-11-22T18:55:10Z",
        "0000-12-31T23:59:59Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    };
    instant t = 5;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_false(instant_parse(str_of(refused[i]), &t));
    assert_false(instant_parse((struct str){"2026-11-22T18:55:10\0", 20}, &t));
    assert_int_equal(t, 5);
}

/* --- clock --- */

static void the_clock_is_of_this_age_and_waiting_time_moves_on(void **state)
{
    (void)state;
    instant t = 0;
    assert_true(instant_parse(STR("2026-01-01T00:00:00Z"), &t));
    assert_true(clock_now() > t - SECONDS(86400) * 365);
    duration first = clock_monotonic();
    assert_true(clock_monotonic() >= first);
}

static void randomness_of_any_length_comes(void **state)
{
    (void)state;
    uint8_t a[1000] = {0}, b[1000] = {0};
    clock_random(a, sizeof a);
    clock_random(b, sizeof b);
    clock_random(b, 0);
    assert_memory_not_equal(a, b, sizeof a);
    assert_memory_not_equal(a + 900, (uint8_t[100]){0}, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absent_is_not_empty),
        cmocka_unit_test(text_compares_bytewise),
        cmocka_unit_test(case_is_ignored_in_ascii_only),
        cmocka_unit_test(a_prefix_is_at_the_front),
        cmocka_unit_test(trimming_leaves_the_middle),
        cmocka_unit_test(splitting_gives_the_parts_in_order),
        cmocka_unit_test(nothing_has_no_parts),
        cmocka_unit_test(a_number_is_read_within_int64),
        cmocka_unit_test(what_is_not_a_whole_number_is_refused),
        cmocka_unit_test(the_hash_is_fnv_1a),
        cmocka_unit_test(new_memory_is_zeroed),
        cmocka_unit_test(arena_memory_is_aligned_and_zeroed),
        cmocka_unit_test(arena_pieces_do_not_overlap),
        cmocka_unit_test(a_reset_arena_counts_from_zero_and_uses_its_chunk_again),
        cmocka_unit_test(a_piece_larger_than_any_chunk_is_given),
        cmocka_unit_test(a_text_in_an_arena_is_terminated),
        cmocka_unit_test(a_buffer_grows_and_stays_terminated),
        cmocka_unit_test(numbers_go_into_a_buffer_in_network_order),
        cmocka_unit_test(a_broken_invariant_ends_the_process_and_says_where),
        cmocka_unit_test(a_held_invariant_does_nothing),
        cmocka_unit_test(an_id_reads_as_it_was_written),
        cmocka_unit_test(what_is_not_8_4_4_4_12_is_no_id),
        cmocka_unit_test(version_7_is_laid_out_as_the_standard_says),
        cmocka_unit_test(a_name_gives_the_same_id_always),
        cmocka_unit_test(sha256_agrees_with_the_standard),
        cmocka_unit_test(new_ids_ascend_and_are_of_version_7_and_of_now),
        cmocka_unit_test(ids_of_a_child_are_not_those_of_its_parent),
        cmocka_unit_test(ids_of_two_threads_differ),
        cmocka_unit_test(ids_spread_over_a_hash_table),
        cmocka_unit_test(a_currency_is_three_capitals),
        cmocka_unit_test(money_adds_up),
        cmocka_unit_test(a_sum_that_does_not_fit_is_refused_not_wrapped),
        cmocka_unit_test(currencies_do_not_mix),
        cmocka_unit_test(a_time_is_written_with_six_digits_in_utc),
        cmocka_unit_test(every_day_reads_as_it_was_written),
        cmocka_unit_test(offsets_and_fractions_are_read),
        cmocka_unit_test(a_leap_second_is_the_start_of_the_next_day),
        cmocka_unit_test(what_is_not_rfc_3339_is_refused),
        cmocka_unit_test(the_clock_is_of_this_age_and_waiting_time_moves_on),
        cmocka_unit_test(randomness_of_any_length_comes),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
