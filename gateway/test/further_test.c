/* Further routes, which the tests add one after the other: a good list becomes routes, anything else is a sentence, and what there was
 * stays as it was. */
#include "inbound/inbound.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static size_t known;

static size_t count(void)
{
    size_t n = 0;
    while (gateway_routes[n].method)
        n++;
    return n;
}

static int set_up(void **state)
{
    (void)state;
    known = count();
    return 0;
}

static size_t times(const char *method, const char *path)
{
    size_t n = 0;
    for (size_t i = 0; i < count(); i++)
        n += strcmp(gateway_routes[i].method, method) == 0 && strcmp(gateway_routes[i].path, path) == 0;
    return n;
}

static void none_are_added_by_an_empty_list(void **state)
{
    (void)state;
    char problem[200];
    assert_true(further_routes("", problem));
    assert_int_equal(count(), known);
}

static void a_path_is_passed_on_with_all_below_it_by_any_method(void **state)
{
    (void)state;
    char problem[200];
    static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    assert_true(further_routes("/api/loyalty=http://127.0.0.1:8101,/api/gift-cards=https://gift-cards", problem));
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(times(methods[i], "/api/loyalty"), 1);
        assert_int_equal(times(methods[i], "/api/loyalty/{rest*}"), 1);
        assert_int_equal(times(methods[i], "/api/gift-cards/{rest*}"), 1);
    }
    assert_int_equal(count(), known + 20);
    for (size_t i = known; i < known + 20; i++)
        assert_non_null(gateway_routes[i].direct);
}

static void expect_service(size_t number, const char *name, const char *url)
{
    struct str its_name;
    const char *its_url;
    assert_true(further_at(number, &its_name, &its_url));
    assert_true(str_is(its_name, name));
    assert_string_equal(its_url, url);
}

static void a_path_has_the_name_of_its_service(void **state)
{
    (void)state;
    struct str name;
    const char *url;
    expect_service(0, "loyalty", "http://127.0.0.1:8101");
    expect_service(1, "gift-cards", "https://gift-cards");
    assert_false(further_at(2, &name, &url));
}

static void expect_refused(const char *list, const char *sentence)
{
    char problem[200];
    assert_false(further_routes(list, problem));
    assert_string_equal(problem, sentence);
}

static void what_is_no_route_is_refused(void **state)
{
    (void)state;
    expect_refused("/api/loyalty", "JUMUN_ROUTES: \"/api/loyalty\" is not PATH=URL");
    expect_refused("/loyalty=http://a", "JUMUN_ROUTES: \"/loyalty=http://a\" does not begin with a path like /api/name");
    expect_refused("/api/=http://a", "JUMUN_ROUTES: \"/api/=http://a\" does not begin with a path like /api/name");
    expect_refused("/api/{any}=http://a", "JUMUN_ROUTES: \"/api/{any}=http://a\" does not begin with a path like /api/name");
    expect_refused("/api/loyalty=a:80", "JUMUN_ROUTES: \"/api/loyalty=a:80\" has no URL that begins with http:// or https://");
    expect_refused("/api/loyalty=http://a/", "JUMUN_ROUTES: \"/api/loyalty=http://a/\" has a URL with a slash at its end");
    assert_int_equal(count(), known);
}

static void nobodys_path_is_taken_from_him(void **state)
{
    (void)state;
    expect_refused("/api/orders=http://a", "JUMUN_ROUTES: \"/api/orders=http://a\" has a path that is another's already");
    expect_refused("/api/my=http://a", "JUMUN_ROUTES: \"/api/my=http://a\" has a path that is another's already");
    expect_refused("/api/twice=http://a,/api/twice=http://b", "JUMUN_ROUTES: \"/api/twice=http://b\" has a path that is another's already");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(none_are_added_by_an_empty_list, set_up),
        cmocka_unit_test_setup(a_path_is_passed_on_with_all_below_it_by_any_method, set_up),
        cmocka_unit_test_setup(a_path_has_the_name_of_its_service, set_up),
        cmocka_unit_test_setup(what_is_no_route_is_refused, set_up),
        cmocka_unit_test_setup(nobodys_path_is_taken_from_him, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
