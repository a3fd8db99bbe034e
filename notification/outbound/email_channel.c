/*
 * E-mail as a channel: a notice is a mail, handed to the mail server by SMTP (libcurl).
 *
 * A few threads of its own take mails from a bounded queue; each keeps its connection to the server while there is something to send. What
 * a server says by its code: 4yz is for later, 5yz is for never. But where it refuses us rather than the mail (530, 535 …), that is our
 * operator's to mend, and the mail waits.
 */
#include "channel.h"
#include "clock.h"
#include "invariant.h"
#include "mail.h"
#include "memory.h"
#include "settings.h"
#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define SENDERS   4
#define QUEUE_MAX 1000

struct letter {
    STAILQ_ENTRY(letter) link;
    struct arena arena;
    const char *from, *to; /* in brackets, as SMTP wants them */
    struct buf text;
    size_t read;
    channel_done done;
    void *ctx;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t more;
    STAILQ_HEAD(, letter) queue;
    size_t count;
    atomic_bool stopping;
    pthread_t senders[SENDERS];
} office = {.lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};

/* ── what the server says ────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool is_about_us(long code)
{
    return code == 530 || code == 534 || code == 535 || code == 538;
}

static enum channel_failure failure_of(CURLcode result, long code)
{
    if (result == CURLE_LOGIN_DENIED || code < 400 || is_about_us(code))
        return FAILURE_UNREACHABLE;
    if (code < 500)
        return FAILURE_BUSY;
    return code == 550 || code == 551 || code == 553 ? FAILURE_NO_RECIPIENT : FAILURE_REFUSED;
}

static void answer(struct letter *l, CURL *curl, CURLcode result)
{
    long code = 0;
    char detail[120];
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    if (result == CURLE_OK) {
        channel_took(l->done, l->ctx);
        return;
    }
    (void)snprintf(detail, sizeof detail, "%s (the mail server's last code is %ld)", curl_easy_strerror(result), code);
    channel_failed(l->done, l->ctx, failure_of(result, code), detail);
}

static void letter_free(struct letter *l)
{
    buf_release(&l->text);
    arena_release(&l->arena);
    free(l);
}

/* ── sending ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static size_t read_letter(char *out, size_t one, size_t room, void *arg)
{
    struct letter *l = arg;
    size_t left = l->text.n - l->read, n = left < one * room ? left : one * room;
    memcpy(out, l->text.p + l->read, n);
    l->read += n;
    return n;
}

/* Asked by curl about once a second at least. */
static int is_to_end(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)arg, (void)a, (void)b, (void)c, (void)d;
    return office.stopping;
}

static CURL *curl_new(void)
{
    CURL *curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_URL, notification_config.smtp_url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_letter);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(notification_config.deadline / MILLISECONDS(1)));
    /* Of one answer, in seconds. Without it curl, when it has lost patience with a mail, says QUIT and waits two minutes for the reply. */
    curl_easy_setopt(curl, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)((notification_config.deadline + SECONDS(1) - 1) / SECONDS(1)));
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, is_to_end);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    if (notification_config.smtp_user[0]) {
        curl_easy_setopt(curl, CURLOPT_USERNAME, notification_config.smtp_user);
        curl_easy_setopt(curl, CURLOPT_PASSWORD, notification_config.smtp_password);
    }
    return curl;
}

static void deliver(CURL *curl, struct letter *l)
{
    struct curl_slist to = {.data = (char *)l->to};
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, l->from);
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, &to);
    curl_easy_setopt(curl, CURLOPT_READDATA, l);
    answer(l, curl, curl_easy_perform(curl));
    letter_free(l);
}

/* NULL: the office closes. */
static struct letter *next_letter(void)
{
    pthread_mutex_lock(&office.lock);
    while (office.count == 0 && !office.stopping)
        pthread_cond_wait(&office.more, &office.lock);
    struct letter *l = office.stopping ? NULL : STAILQ_FIRST(&office.queue);
    if (l) {
        STAILQ_REMOVE_HEAD(&office.queue, link);
        office.count--;
    }
    pthread_mutex_unlock(&office.lock);
    return l;
}

static void *send_letters(void *arg)
{
    (void)arg;
    CURL *curl = curl_new();
    struct letter *l;
    while ((l = next_letter()))
        deliver(curl, l);
    curl_easy_cleanup(curl);
    return NULL;
}

static struct letter *letter_of(const struct channel_message *m, channel_done done, void *ctx)
{
    struct letter *l = NEW(struct letter);
    l->done = done;
    l->ctx = ctx;
    arena_init(&l->arena);
    l->from = arena_printf(&l->arena, "<%s>", notification_config.smtp_from).p;
    l->to = arena_printf(&l->arena, "<%.*s>", STR_ARG(m->address)).p;
    mail_write(&l->text, &(struct mail){
                             .from_name = STR("Jumun 주문"),
                             .from = str_of(notification_config.smtp_from),
                             .to = m->address,
                             .subject = m->title,
                             .text = m->text,
                             .language = str_of(notice_language_names[m->language]),
                             .id = m->notice,
                             .at = clock_now(),
                         });
    return l;
}

static void email_send(const struct channel_message *m, channel_done done, void *ctx)
{
    struct letter *l = letter_of(m, done, ctx);
    pthread_mutex_lock(&office.lock);
    bool taken = office.count < QUEUE_MAX && !office.stopping;
    if (taken) {
        STAILQ_INSERT_TAIL(&office.queue, l, link);
        office.count++;
        pthread_cond_signal(&office.more);
    }
    pthread_mutex_unlock(&office.lock);
    if (!taken) {
        letter_free(l);
        channel_failed(done, ctx, FAILURE_BUSY, "too many mails wait to be sent");
    }
}

/* ── on and off ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool email_offered(void)
{
    return notification_config.smtp_url[0] != '\0';
}

static bool email_start(char problem[200])
{
    struct str url = str_of(notification_config.smtp_url);
    if (!str_starts_with(url, STR("smtp://")) && !str_starts_with(url, STR("smtps://"))) {
        (void)snprintf(problem, 200, "JUMUN_SMTP_URL is neither smtp://… nor smtps://…");
        return false;
    }
    STAILQ_INIT(&office.queue);
    office.stopping = false;
    for (int i = 0; i < SENDERS; i++) {
        invariant(pthread_create(&office.senders[i], NULL, send_letters, NULL) == 0);
        pthread_setname_np(office.senders[i], "mail");
    }
    return true;
}

static void email_stop(void)
{
    pthread_mutex_lock(&office.lock);
    office.stopping = true;
    pthread_cond_broadcast(&office.more);
    pthread_mutex_unlock(&office.lock);
    for (int i = 0; i < SENDERS; i++)
        pthread_join(office.senders[i], NULL);
    struct letter *l;
    while ((l = STAILQ_FIRST(&office.queue))) {
        STAILQ_REMOVE_HEAD(&office.queue, link);
        office.count--;
        channel_failed(l->done, l->ctx, FAILURE_UNREACHABLE, "the service ends");
        letter_free(l);
    }
}

const struct channel email_channel = {email_offered, email_start, email_stop, email_send};
