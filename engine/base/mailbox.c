#include "mailbox.h"
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct mailbox {
	pthread_mutex_t lock;
	int fd;
	size_t size, capacity;
	size_t head, count; /* ring of ordered messages: head = oldest */
	int slots, filled;  /* filled = slots that hold an unread message */
	bool overflow;
	char *ring;
	char *slot_msgs;
	bool *slot_full;
};

int mailbox_open(struct mailbox **out, size_t size, size_t capacity, int slots, struct err *e)
{
	*out = NULL;
	if (size == 0 || capacity == 0 || slots < 0 || slots > 4096 || capacity > SIZE_MAX / 2 / size)
		return err_set(e, ERR_LIMIT, "a mailbox of %zu messages of %zu bytes cannot be made", capacity, size);
	struct mailbox *m = calloc(1, sizeof *m);
	if (!m)
		return err_set(e, ERR_NOMEM, "out of memory for a mailbox");
	size_t n_slots = slots > 0 ? (size_t)slots : 1;
	m->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	int fd_errno = errno;
	m->size = size;
	m->capacity = capacity;
	m->slots = slots;
	m->ring = malloc(size * capacity); /* untouched pages cost nothing until they are used */
	m->slot_msgs = calloc(n_slots, size);
	m->slot_full = calloc(n_slots, sizeof *m->slot_full);
	pthread_mutex_init(&m->lock, NULL);
	if (m->fd < 0 || !m->ring || !m->slot_msgs || !m->slot_full) {
		int rc = m->fd < 0 ? err_sys(e, ERR_IO, fd_errno, "cannot make an event descriptor")
		                   : err_set(e, ERR_NOMEM, "out of memory for a mailbox");
		mailbox_close(m);
		return rc;
	}
	*out = m;
	return 0;
}

void mailbox_close(struct mailbox *m)
{
	if (!m)
		return;
	if (m->fd >= 0)
		close(m->fd);
	pthread_mutex_destroy(&m->lock);
	free(m->ring);
	free(m->slot_msgs);
	free(m->slot_full);
	free(m);
}

bool mailbox_put(struct mailbox *m, const void *msg, int slot)
{
	bool kept = true;
	pthread_mutex_lock(&m->lock);
	if (slot >= 0 && slot < m->slots) {
		memcpy(m->slot_msgs + (size_t)slot * m->size, msg, m->size);
		if (!m->slot_full[slot])
			m->filled++;
		m->slot_full[slot] = true;
	} else if (slot < 0 && m->count < m->capacity) {
		size_t at = m->head + m->count;
		if (at >= m->capacity)
			at -= m->capacity;
		memcpy(m->ring + at * m->size, msg, m->size);
		m->count++;
	} else {
		m->overflow = m->overflow || slot < 0;
		kept = false;
	}
	pthread_mutex_unlock(&m->lock);
	/* Also after a drop: the reader must learn of the overflow. Fails only when readable already. */
	uint64_t one = 1;
	if (write(m->fd, &one, sizeof one) < 0)
		return kept;
	return kept;
}

static bool take_ordered(struct mailbox *m, void *msg)
{
	if (m->count == 0)
		return false;
	memcpy(msg, m->ring + m->head * m->size, m->size);
	m->head = m->head + 1 == m->capacity ? 0 : m->head + 1;
	m->count--;
	return true;
}

static bool take_slot(struct mailbox *m, void *msg)
{
	for (int i = 0; m->filled > 0 && i < m->slots; i++) {
		if (!m->slot_full[i])
			continue;
		memcpy(msg, m->slot_msgs + (size_t)i * m->size, m->size);
		m->slot_full[i] = false;
		m->filled--;
		return true;
	}
	return false;
}

bool mailbox_take(struct mailbox *m, void *msg)
{
	pthread_mutex_lock(&m->lock);
	bool got = take_ordered(m, msg) || take_slot(m, msg);
	pthread_mutex_unlock(&m->lock);
	return got;
}

bool mailbox_overflowed(struct mailbox *m)
{
	pthread_mutex_lock(&m->lock);
	bool was = m->overflow;
	m->overflow = false;
	pthread_mutex_unlock(&m->lock);
	return was;
}

int mailbox_fd(const struct mailbox *m)
{
	return m->fd;
}

void mailbox_drain_fd(struct mailbox *m)
{
	uint64_t n;
	if (read(m->fd, &n, sizeof n) < 0)
		return; /* nothing was there */
}
