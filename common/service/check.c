/* Check: one request to the admin port, and its answer as an exit code. */
#include "check.h"
#include "buf.h"
#include <curl/curl.h>
#include <stdio.h>

int check_ready(const char *admin_listen)
{
    struct buf url = BUF_INIT;
    char why[CURL_ERROR_SIZE] = "";
    long status = 0;
    CURL *curl = curl_easy_init();
    buf_printf(&url, "http://%s/readyz", admin_listen);
    (void)curl_easy_setopt(curl, CURLOPT_URL, url.p);
    (void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 2000L);
    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
    CURLcode asked = curl_easy_perform(curl); /* the body goes to standard output */
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    (void)(asked == CURLE_OK ? printf("\n") : fprintf(stderr, "%s does not answer: %s\n", url.p, why));
    curl_easy_cleanup(curl);
    buf_release(&url);
    return asked == CURLE_OK && status == 200 ? 0 : 1;
}
