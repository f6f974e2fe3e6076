// SPDX-License-Identifier: GPL-2.0-only
/*
 * The live source: a loop that waits, takes records from the ring buffer and delivers them.
 *
 * The BPF programs wake the loop only when another eighth of the buffer is full, so the loop also
 * polls every TICK_MS. The buffer is in an epoll set of our own, edge-triggered: libbpf's set is
 * level-triggered and would return at once while a single record is there, so that a busy machine
 * would cause a wake-up per event instead of per batch.
 *
 * Records are taken in batches, because under load the buffer never runs empty. Between batches the
 * loop checks for signals, the clock, lost events, and whether the reader of stdout went away.
 *
 * The first SIGINT, SIGTERM or SIGHUP ends the loop. The second one ends the process, in case
 * stdout blocks forever.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "clock.h"
#include "driver_state.h"
#include "errname.h"
#include "msg.h"
#include "process.h"
#include "source/source.h"

#define TICK_MS 50
#define BATCH 4096
#define SNAPSHOT_NS (60 * NS_PER_SEC)

struct stream {
	const struct run_request *request;
	struct session *session;
	struct sink *sink;
	struct ring_buffer *ring;
	int reader_fd;
	int epoll_fd;
	__u64 deadline_ns; /* 0: none */
	__u64 snapshot_ns; /* time of the next snapshot; 0: none */
	__u64 report_ns; /* time of the next report; 0: only at the end */
	__u64 taken; /* records, delivered or not */
	__u64 shown; /* records delivered */
	__u64 lost; /* events reported as lost so far */
	unsigned int batch; /* records left to take in this batch */
	bool unwritable; /* writing failed; do not try again */
	int err;
	enum stop_reason stop;
};

static void stop(struct stream *stream, enum stop_reason reason)
{
	if (!stream->stop)
		stream->stop = reason;
}

static bool is_full(const struct stream *stream)
{
	return stream->request->max_events && stream->shown >= stream->request->max_events;
}

static int take_record(void *ctx, void *data, size_t size)
{
	const struct event_record *record = data;
	struct stream *stream = ctx;
	struct why_full why;
	bool has_why;

	stream->taken++;
	if (!event__is_valid(record, size)) {
		msg("record %llu of %zu bytes is not a valid event; this is a bug in iosnoop",
		    stream->taken, size);
		stream->err = -EPROTO;
		stop(stream, STOP_ERROR);
		return -ECANCELED;
	}
	/* After the last event of -n, the rest is only counted. */
	if (!is_full(stream)) {
		has_why = faults__explain(&stream->session->faults, record, &why);
		stream->sink->event(stream->sink, record, has_why ? &why : NULL);
		stream->shown++;
	}
	if (is_full(stream))
		stop(stream, STOP_COUNT);
	return --stream->batch ? 0 : -ECANCELED;
}

/* Take a batch of records. Return whether there may be more. */
static bool take_batch(struct stream *stream)
{
	char name[ERRNAME_MAX];
	int err;

	stream->batch = BATCH;
	err = ring_buffer__consume(stream->ring);
	if (err >= 0 || stream->err)
		return false;
	if (err == -ECANCELED)
		return true;
	msg("cannot read the event buffer: %s", errname(-err, name));
	stream->err = err;
	stop(stream, STOP_ERROR);
	return false;
}

/* Deliver the number of events lost since the last call. */
static void deliver_lost(struct stream *stream, struct event_counters *counters)
{
	struct recording_lost lost;
	int err;

	err = session__counters(stream->session, counters);
	if (err) {
		stream->err = err;
		stop(stream, STOP_ERROR);
		return;
	}
	if (counters->lost == stream->lost || stream->stop == STOP_OUTPUT)
		return;
	lost.time_ns = clock__now();
	lost.count = counters->lost - stream->lost;
	lost.total = counters->lost;
	stream->sink->lost(stream->sink, &lost);
	stream->lost = counters->lost;
}

static void flush(struct stream *stream)
{
	int err;

	if (stream->stop == STOP_OUTPUT || stream->unwritable)
		return;
	err = stream->sink->flush(stream->sink);
	if (!err)
		return;
	if (err == -EPIPE) {
		stop(stream, STOP_OUTPUT);
	} else {
		stop(stream, STOP_ERROR);
		stream->err = err;
		stream->unwritable = true;
	}
}

struct snapshot {
	struct sink *sink;
	__u64 time_ns;
};

static int take_object(void *ctx, const void *data, size_t size)
{
	static const enum recording_state_kind kinds[] = {
		[TOP_RECORD_CTX] = RECORDING_STATE_CTX,
		[TOP_RECORD_PAYER] = RECORDING_STATE_PAYER,
		[TOP_RECORD_OBJECT] = RECORDING_STATE_OBJECT,
		[TOP_RECORD_CLOSED] = RECORDING_STATE_CLOSED,
	};
	const struct top_record *record = data;
	const struct snapshot *snapshot = ctx;

	if (record->type < sizeof(kinds) / sizeof(kinds[0]) && kinds[record->type])
		snapshot->sink->state(snapshot->sink, snapshot->time_ns, kinds[record->type],
				      record->data, size - sizeof(*record));
	return 0;
}

/*
 * Deliver the driver's contexts and objects. The snapshot has the time at which it began. It
 * includes the changes of earlier events, so readers ignore these events.
 */
static void take_snapshot(struct stream *stream)
{
	struct snapshot snapshot = { stream->sink, clock__now() };
	struct recording_state_end end = {};
	struct driver_state_info info;
	struct sink *sink = stream->sink;

	sink->state(sink, snapshot.time_ns, RECORDING_STATE_BEGIN, NULL, 0);
	/* Without its end, readers do not use it. The next one may succeed. */
	if (driver_state__objects(stream->session->driver, take_object, &snapshot, &info))
		return;
	end.has_payers = info.has_payers;
	end.is_cut = info.is_cut;
	sink->state(sink, snapshot.time_ns, RECORDING_STATE_END, &end, sizeof(end));
}

static void check_end(struct stream *stream, __u64 now)
{
	if (process__signalled())
		stop(stream, STOP_SIGNAL);
	if (stream->deadline_ns && now >= stream->deadline_ns)
		stop(stream, STOP_DURATION);
	if (stream->report_ns && now >= stream->report_ns && !stream->stop) {
		stream->sink->report(stream->sink, now);
		stream->report_ns += stream->request->interval_ns;
		if (stream->report_ns < now) /* late: skip the missed reports */
			stream->report_ns = now;
	}
}

static void wait_for_events(struct stream *stream, __u64 now)
{
	struct epoll_event event = {};
	int timeout = TICK_MS;

	if (stream->deadline_ns && stream->deadline_ns - now < TICK_MS * (NS_PER_SEC / 1000))
		timeout = (stream->deadline_ns - now) / (NS_PER_SEC / 1000) + 1;
	if (epoll_wait(stream->epoll_fd, &event, 1, timeout) > 0 &&
	    event.data.fd == stream->reader_fd && event.events & (EPOLLERR | EPOLLHUP))
		stop(stream, STOP_OUTPUT);
}

static int open_stream(struct stream *stream)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int ring_fd = session__ring_fd(stream->session);
	char name[ERRNAME_MAX];
	int err;

	stream->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (stream->epoll_fd < 0)
		goto fail;
	event.data.fd = ring_fd;
	if (epoll_ctl(stream->epoll_fd, EPOLL_CTL_ADD, ring_fd, &event))
		goto fail;
	/* epoll reports when the reader of a pipe goes away; it refuses regular files. */
	event.events = EPOLLET;
	event.data.fd = stream->reader_fd;
	if (stream->reader_fd >= 0 &&
	    epoll_ctl(stream->epoll_fd, EPOLL_CTL_ADD, stream->reader_fd, &event) &&
	    errno != EPERM && errno != EBADF)
		goto fail;
	stream->ring = ring_buffer__new(ring_fd, take_record, stream, NULL);
	if (stream->ring)
		return 0;
fail:
	err = -errno;
	msg("cannot open the event buffer: %s", errname(-err, name));
	return err;
}

static void loop(struct stream *stream)
{
	struct event_counters counters;
	bool more = false;
	__u64 now;

	while (!stream->stop) {
		now = clock__now();
		check_end(stream, now);
		if (stream->stop)
			break;
		if (stream->snapshot_ns && now >= stream->snapshot_ns) {
			take_snapshot(stream);
			stream->snapshot_ns = now + SNAPSHOT_NS;
		}
		if (!more)
			wait_for_events(stream, now);
		more = take_batch(stream);
		deliver_lost(stream, &counters);
		flush(stream);
		if (stream->snapshot_ns && stream->sink->wants_state(stream->sink))
			stream->snapshot_ns = now;
	}
}

/* Read the events that were submitted before the programs were detached. */
static void drain(struct stream *stream)
{
	while (stream->stop != STOP_OUTPUT && !stream->err && take_batch(stream))
		flush(stream);
}

static void check_counters(struct stream *stream, const struct event_counters *counters)
{
	bool complete = stream->stop != STOP_OUTPUT && !stream->err;

	if (counters->seen == counters->filtered + counters->submitted + counters->lost &&
	    (!complete || stream->taken == counters->submitted))
		return;
	msg("the event counters do not add up: seen %llu, filtered %llu, submitted %llu, "
	    "lost %llu, taken %llu; this is a bug in iosnoop",
	    counters->seen, counters->filtered, counters->submitted, counters->lost, stream->taken);
	stream->err = -EPROTO;
}

int stream__run(struct session *session, struct sink *sink, const struct run_request *request,
		int reader_fd, struct run_result *result)
{
	struct stream stream = {
		.request = request,
		.session = session,
		.sink = sink,
		.reader_fd = reader_fd,
		.epoll_fd = -1,
	};

	process__catch_signals();
	if (request->rotates)
		process__catch_hangup();
	policies__read_names();
	stream.err = open_stream(&stream);
	if (stream.err)
		goto close;
	stream.err = sink->start(sink, session->events);
	if (stream.err)
		goto close;
	if (request->duration_ns)
		stream.deadline_ns = clock__now() + request->duration_ns;
	if (request->interval_ns)
		stream.report_ns = clock__now() + request->interval_ns;
	if (session->driver && request->is_recorded)
		stream.snapshot_ns = clock__now();
	flush(&stream);
	loop(&stream);
	session__detach(session);
	drain(&stream);
	deliver_lost(&stream, &result->counters);
	result->not_run = session->not_run + session->unended;
	result->shown = stream.shown;
	result->reason = stream.stop;
	if (stream.stop != STOP_OUTPUT)
		sink->end(sink, clock__now(), result);
	flush(&stream);
	check_counters(&stream, &result->counters);
close:
	ring_buffer__free(stream.ring);
	if (stream.epoll_fd >= 0)
		close(stream.epoll_fd);
	return stream.err;
}
