#include "../base/clock.h"
#include "../base/text.h"
#include "loop_int.h"
#include <errno.h>
#include <math.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define TURN_EVENTS   256
#define GLANCE_EVENTS 16 /* of a turn that does not wait: its caller has more to do at once */

/* epoll tags: a socket of libcurl is its number, our own descriptors lie above all of them. */
#define TAG_TIMER  (UINT64_C(1) << 32)
#define TAG_CANCEL (UINT64_C(2) << 32)

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *known)
{
	struct loop *l = ctx;
	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, fd, NULL); /* closed already: ENOENT or EBADF, both fine */
		return 0;
	}
	struct epoll_event ev = {.data.u64 = (uint64_t)fd};
	if (what & CURL_POLL_IN)
		ev.events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		ev.events |= EPOLLOUT;
	int rc = epoll_ctl(l->epoll_fd, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev);
	if (rc && errno == EEXIST)
		rc = epoll_ctl(l->epoll_fd, EPOLL_CTL_MOD, fd, &ev);
	else if (rc && errno == ENOENT)
		rc = epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &ev);
	if (rc)
		return -1;
	if (!known)
		curl_multi_assign(l->multi, fd, l);
	return 0;
}

static int on_timer(CURLM *multi, long ms, void *ctx)
{
	struct loop *l = ctx;
	(void)multi;
	l->curl_ns = ms < 0 ? 0 : clock_mono_ns() + ms * CLOCK_NS_PER_MS;
	return 0;
}

static int multi_open(struct loop *l)
{
	l->multi = curl_multi_init();
	if (!l->multi)
		return -1;
	l->curl_ns = 0;
	curl_multi_setopt(l->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(l->multi, CURLMOPT_SOCKETDATA, l);
	curl_multi_setopt(l->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(l->multi, CURLMOPT_TIMERDATA, l);
	curl_multi_setopt(l->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	return 0;
}

int loop_open(struct loop **out, struct err *e)
{
	*out = NULL;
	struct loop *l = calloc(1, sizeof *l);
	if (!l)
		return err_set(e, ERR_NOMEM, "no memory for the event loop");
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	l->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = TAG_TIMER};
	if (l->epoll_fd < 0 || l->timer_fd < 0 || epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, l->timer_fd, &ev)) {
		int rc = err_sys(e, ERR_IO, errno, "cannot make an event loop (raise ulimit -n)");
		loop_close(l);
		return rc;
	}
	if (multi_open(l)) {
		loop_close(l);
		return err_set(e, ERR_NOMEM, "no memory for the event loop");
	}
	*out = l;
	return 0;
}

void loop_close(struct loop *l)
{
	if (!l)
		return;
	while (l->active)
		loop_abort(l, l->active);
	while (l->pool) {
		struct transfer *t = l->pool;
		l->pool = t->next;
		transfer_free(t);
	}
	if (l->multi)
		curl_multi_cleanup(l->multi);
	curl_slist_free_all(l->pins);
	if (l->timer_fd >= 0)
		close(l->timer_fd);
	if (l->epoll_fd >= 0)
		close(l->epoll_fd);
	free(l);
}

/* Out of the list of those in flight, its handle out of the multi. */
static void transfer_detach(struct loop *l, struct transfer *t)
{
	curl_multi_remove_handle(l->multi, t->easy);
	if (t->prev)
		t->prev->next = t->next;
	else
		l->active = t->next;
	if (t->next)
		t->next->prev = t->prev;
	t->prev = t->next = NULL;
	l->unread = true;
}

static void transfer_recycle(struct loop *l, struct transfer *t)
{
	t->next = l->pool;
	l->pool = t;
}

static void transfer_finish(struct loop *l, struct transfer *t, CURLcode code)
{
	struct transfer_end end;
	transfer_end_fill(t, code, &end);
	end.end_ns = clock_mono_ns();
	transfer_detach(l, t);
	void (*done)(void *, const struct transfer_end *) = t->on_done;
	void *ctx = t->ctx;
	transfer_recycle(l, t);
	if (done)
		done(ctx, &end);
}

void loop_abort(struct loop *l, struct transfer *t)
{
	transfer_detach(l, t);
	transfer_recycle(l, t);
}

void loop_peek(struct transfer *t, struct transfer_end *out)
{
	transfer_end_fill(t, CURLE_OK, out);
	out->end_ns = clock_mono_ns();
}

/* Nothing is known about the transfers of a multi that failed: all of them end, and a new multi takes over. */
static int multi_replace(struct loop *l)
{
	struct transfer *list = l->active;
	CURLMcode why = l->broken;
	int n = 0;
	l->broken = CURLM_OK;
	for (struct transfer *t = list; t; t = t->next)
		curl_multi_remove_handle(l->multi, t->easy);
	curl_multi_cleanup(l->multi);
	if (multi_open(l))
		l->multi = NULL;
	l->active = NULL;
	while (list) {
		struct transfer *t = list;
		list = t->next;
		t->prev = t->next = NULL;
		if (!t->error[0])
			snprintf(t->error, sizeof t->error, "%s", curl_multi_strerror(why));
		struct transfer_end end;
		transfer_end_fill(t, CURLE_FAILED_INIT, &end);
		end.end_ns = clock_mono_ns();
		void (*done)(void *, const struct transfer_end *) = t->on_done;
		void *ctx = t->ctx;
		transfer_recycle(l, t);
		n++;
		if (done)
			done(ctx, &end);
	}
	return n;
}

static void multi_act(struct loop *l, curl_socket_t fd, int what)
{
	if (l->broken)
		return;
	l->calls++;
	CURLMcode mc = curl_multi_socket_action(l->multi, fd, what, &l->running);
	if (mc != CURLM_OK)
		l->broken = mc;
}

uint64_t loop_read_number(const struct loop *l)
{
	return l->calls;
}

static struct transfer *transfer_take(struct loop *l)
{
	struct transfer *t = l->pool;
	if (t) {
		l->pool = t->next;
		t->next = NULL;
		return t;
	}
	t = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	t->loop = l;
	t->easy = curl_easy_init();
	if (t->easy)
		return t;
	free(t);
	return NULL;
}

int loop_start(
        struct loop *l, const struct transfer_spec *spec, struct transfer **out, int64_t *start_ns, struct err *e)
{
	int rc = target_set(&l->target, spec->url, e);
	if (rc)
		return rc;
	struct transfer *t = l->multi ? transfer_take(l) : NULL;
	if (!t)
		return err_set(e, ERR_NOMEM, "no memory for a request to %s:%s", l->target.host, l->target.port);
	rc = transfer_setup(t, spec, e);
	if (rc) {
		transfer_recycle(l, t);
		return rc;
	}
	t->next = l->active;
	if (l->active)
		l->active->prev = t;
	l->active = t;
	if (out)
		*out = t;
	int64_t now = clock_mono_ns();
	if (start_ns)
		*start_ns = now;
	CURLMcode mc = curl_multi_add_handle(l->multi, t->easy);
	if (mc != CURLM_OK) {
		transfer_detach(l, t);
		transfer_recycle(l, t);
		return err_set(e, ERR_NET, "a request to %s:%s could not be started: %s", l->target.host,
		        l->target.port, curl_multi_strerror(mc));
	}
	l->unread = true;
	l->curl_ns = 0;
	multi_act(l, CURL_SOCKET_TIMEOUT, 0);
	return 0;
}

/* Hands every finished transfer to its owner. */
static int finished_read(struct loop *l)
{
	int n = 0, left;
	l->unread = false;
	while (!l->broken && l->multi) {
		CURLMsg *msg = curl_multi_info_read(l->multi, &left);
		if (!msg)
			break;
		if (msg->msg != CURLMSG_DONE)
			continue;
		CURLcode code = msg->data.result; /* the message dies with the removal of its handle */
		char *owner = NULL;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &owner);
		transfer_finish(l, (struct transfer *)(void *)owner, code);
		n++;
	}
	if (l->broken)
		n += multi_replace(l);
	return n;
}

static void timer_arm(struct loop *l, int64_t at_ns)
{
	struct itimerspec t = {.it_value = {.tv_sec = at_ns / CLOCK_NS_PER_S, .tv_nsec = at_ns % CLOCK_NS_PER_S}};
	if (timerfd_settime(l->timer_fd, TFD_TIMER_ABSTIME, &t, NULL) == 0)
		l->armed_ns = at_ns;
}

static int64_t earlier(int64_t a, int64_t b)
{
	if (a == 0 || b == 0)
		return a ? a : b;
	return a < b ? a : b;
}

/* Milliseconds for epoll_wait: 0 or -1, the timerfd does the waiting. It is left armed when it fires early: one wake-up
 * too many now and then is cheaper than a system call a turn. */
static int wait_prepare(struct loop *l, int64_t max_wait_ns)
{
	if (max_wait_ns == 0 || (l->cancel && cancel_get(l->cancel) >= CANCEL_NOW))
		return 0;
	int64_t at = earlier(l->curl_ns, l->user_ns);
	if (max_wait_ns > 0 || at) {
		int64_t now = clock_mono_ns();
		if (max_wait_ns > 0)
			at = earlier(at, now + max_wait_ns);
		if (at <= now)
			return 0;
		if (l->armed_ns == 0 || at < l->armed_ns)
			timer_arm(l, at);
	}
	return -1;
}

static int event_handle(struct loop *l, const struct epoll_event *ev)
{
	if (ev->data.u64 == TAG_TIMER) {
		uint64_t times;
		if (read(l->timer_fd, &times, sizeof times) == (ssize_t)sizeof times)
			l->armed_ns = 0;
		return 0;
	}
	if (ev->data.u64 == TAG_CANCEL)
		return 1;
	int what = 0;
	if (ev->events & EPOLLIN)
		what |= CURL_CSELECT_IN;
	if (ev->events & EPOLLOUT)
		what |= CURL_CSELECT_OUT;
	if (ev->events & (EPOLLERR | EPOLLHUP))
		what |= CURL_CSELECT_ERR;
	multi_act(l, (curl_socket_t)ev->data.u64, what);
	return 1;
}

/* The timers that are due. */
static int timers_handle(struct loop *l)
{
	int n = 0;
	if (!l->curl_ns && !l->user_ns)
		return 0;
	int64_t now = clock_mono_ns();
	if (l->curl_ns && l->curl_ns <= now) {
		l->curl_ns = 0;
		multi_act(l, CURL_SOCKET_TIMEOUT, 0);
	}
	if (l->user_ns && l->user_ns <= now) {
		void (*fn)(void *) = l->user_fn;
		l->user_ns = 0;
		n++;
		fn(l->user_ctx);
	}
	return n;
}

static unsigned late_bucket(int64_t ns)
{
	uint64_t us4 = (uint64_t)ns / 250; /* quarter microseconds: four buckets an octave from 1 us on */
	if (us4 < 4)
		return 0;
	unsigned octave = 63u - (unsigned)__builtin_clzll(us4);
	unsigned b = (octave - 2) * 4 + (unsigned)((us4 >> (octave - 2)) & 3) + 1;
	return b > 63 ? 63 : b;
}

static void late_add(struct loop_lateness *h, int64_t ns)
{
	h->turns++;
	h->busy_ns += (uint64_t)ns;
	h->hist[late_bucket(ns)]++;
}

int loop_turn(struct loop *l, int64_t max_wait_ns, struct err *e)
{
	struct epoll_event ev[TURN_EVENTS];
	int done = l->unread ? finished_read(l) : 0;
	int n = epoll_wait(l->epoll_fd, ev, max_wait_ns == 0 ? GLANCE_EVENTS : TURN_EVENTS,
	        done ? 0 : wait_prepare(l, max_wait_ns));
	if (n < 0 && errno != EINTR)
		return err_sys(e, ERR_IO, errno, "waiting for the network failed");
	int64_t woke = n > 0 ? clock_mono_ns() : 0;
	int handled = done;
	for (int i = 0; i < n; i++)
		handled += event_handle(l, &ev[i]);
	handled += timers_handle(l);
	handled += finished_read(l);
	if (!l->multi)
		return err_set(e, ERR_NOMEM, "no memory for the event loop");
	if (n > 0)
		late_add(&l->late, clock_mono_ns() - woke);
	return handled;
}

/* The address to dial for a host: never an IPv6 loopback for "localhost", servers listen on 0.0.0.0. */
static int address_find(const struct loop_target *t, char out[64], struct err *e)
{
	if (strcmp(t->host, "localhost") == 0 || strcmp(t->host, "0.0.0.0") == 0) {
		text_set(out, 64, "127.0.0.1");
		return 0;
	}
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list = NULL;
	int rc = getaddrinfo(t->host, t->port, &hints, &list);
	if (rc)
		return err_set(e, ERR_NET, "the name %s does not resolve (%s): check the URL and the network", t->host,
		        gai_strerror(rc));
	rc = getnameinfo(list->ai_addr, list->ai_addrlen, out, 64, NULL, 0, NI_NUMERICHOST);
	freeaddrinfo(list);
	if (rc)
		return err_set(e, ERR_NET, "the address of %s cannot be read: %s", t->host, gai_strerror(rc));
	return 0;
}

int loop_pin_host(struct loop *l, const char *url, struct err *e)
{
	char address[64], pin[sizeof l->target.host + 96];
	int rc = target_set(&l->target, url, e);
	if (!rc)
		rc = address_find(&l->target, address, e);
	if (rc)
		return rc;
	if (strcmp(address, l->target.host) == 0)
		return 0; /* a number already */
	snprintf(pin, sizeof pin, "%s:%s:%s", l->target.host, l->target.port, address);
	struct curl_slist *more = curl_slist_append(l->pins, pin);
	if (!more)
		return err_set(e, ERR_NOMEM, "no memory for the address of %s", l->target.host);
	l->pins = more;
	return 0;
}

int loop_pin_local(struct loop *l, const char *url, struct err *e)
{
	int rc = target_set(&l->target, url, e);
	bool local = strcmp(l->target.host, "localhost") == 0 || strcmp(l->target.host, "0.0.0.0") == 0;
	return rc || !local ? rc : loop_pin_host(l, url, e);
}

int loop_watch_cancel(struct loop *l, struct cancel *c, struct err *e)
{
	if (l->cancel)
		epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, l->cancel->fd, NULL);
	l->cancel = NULL;
	if (!c || c->fd < 0)
		return 0;
	/* Edge-triggered: each raise wakes once, so that a drain of minutes does not spin. */
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.u64 = TAG_CANCEL};
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, c->fd, &ev))
		return err_sys(e, ERR_IO, errno, "cannot watch for the stop order");
	l->cancel = c;
	return 0;
}

void loop_timer(struct loop *l, int64_t at_ns, void (*fn)(void *ctx), void *ctx)
{
	l->user_ns = at_ns;
	l->user_fn = fn;
	l->user_ctx = ctx;
}

void loop_lateness_reset(struct loop *l)
{
	l->late = (struct loop_lateness){0};
}

void loop_lateness_read(const struct loop *l, struct loop_lateness *out)
{
	*out = l->late;
}

double loop_lateness_percentile_ms(const struct loop_lateness *h, double p)
{
	if (h->turns == 0)
		return (double)NAN;
	double rank = p / 100 * (double)(h->turns - 1);
	uint64_t seen = 0;
	unsigned b = 0;
	for (; b < 63; b++) {
		seen += h->hist[b];
		if ((double)seen > rank)
			break;
	}
	if (b == 0)
		return 0.0005;
	unsigned octave = (b - 1) / 4, step = (b - 1) % 4;
	double low = (double)(1u << octave) * (1 + step / 4.0); /* us */
	return low * (1 + 0.5 / (4 + step)) / 1000;
}
