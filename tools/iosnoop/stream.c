// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loop: waits, takes records from the ring buffer, gives them to the output.
 *
 * Programs submit without waking anybody, save when an eighth of the buffer has filled up since;
 * so the loop looks by itself every TICK. The buffer stands edge-triggered in an epoll set of our
 * own: with libbpf's, a wait would return at once as long as a single record is there, and a busy
 * machine would get a wake-up per event instead of per batch.
 *
 * Records are taken in batches, since under load the buffer never runs empty; between batches the
 * loop looks at signals, the clock, lost events, and whether anybody still reads stdout.
 *
 * The first SIGINT, SIGTERM or SIGHUP ends the loop, the second one the process, should stdout
 * block for ever.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "errname.h"
#include "human.h"
#include "iosnoop.h"
#include "msg.h"
#include "process.h"

#define TICK_MS 50
#define BATCH 4096

struct stream {
	const struct options *options;
	struct session *session;
	struct output *output;
	struct ring_buffer *ring;
	int epoll_fd;
	__u64 deadline_ns;  /* 0: none */
	__u64 report_ns;	 /* time of the next report, 0: at the end */
	__u64 taken;   /* records, shown or not */
	__u64 shown;
	__u64 lost;   /* told so far */
	unsigned int batch;  /* records that may still be taken in this one */
	bool unwritable;	 /* said once */
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
	return stream->options->max_events && stream->shown >= stream->options->max_events;
}

static int take_record(void *ctx, void *data, size_t size)
{
	const struct event_record *record = data;
	struct stream *stream = ctx;

	stream->taken++;
	if (!event__is_valid(record, size)) {
		msg("record %llu: %zu bytes that are no event; this is a defect of iosnoop",
		    stream->taken, size);
		stream->err = -EPROTO;
		stop(stream, STOP_ERROR);
		return -ECANCELED;
	}
	/* After -n, what is left is only counted. */
	if (!is_full(stream)) {
		output__event(stream->output, record);
		stream->shown++;
	}
	if (is_full(stream))
		stop(stream, STOP_COUNT);
	return --stream->batch ? 0 : -ECANCELED;
}

/* Takes a batch. Returns whether there may be more. */
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
	msg("reading the buffer: %s", errname(-err, name));
	stream->err = err;
	stop(stream, STOP_ERROR);
	return false;
}

/* Tells of events lost since the last time. */
static void tell_lost(struct stream *stream, struct event_counters *counters)
{
	int err;

	err = session__counters(stream->session, counters);
	if (err) {
		stream->err = err;
		stop(stream, STOP_ERROR);
		return;
	}
	if (counters->lost == stream->lost || stream->stop == STOP_OUTPUT)
		return;
	output__lost(stream->output, output__now(), counters->lost - stream->lost, counters->lost);
	stream->lost = counters->lost;
}

static void flush(struct stream *stream)
{
	int err;

	if (stream->stop == STOP_OUTPUT || stream->unwritable)
		return;
	err = output__flush(stream->output);
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

static void check_end(struct stream *stream, __u64 now)
{
	if (process__signalled())
		stop(stream, STOP_SIGNAL);
	if (stream->deadline_ns && now >= stream->deadline_ns)
		stop(stream, STOP_DURATION);
	if (stream->report_ns && now >= stream->report_ns && !stream->stop) {
		output__report(stream->output, now);
		stream->report_ns += stream->options->interval_ns;
		if (stream->report_ns < now)  /* late: not all at once */
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
	    event.data.fd == STDOUT_FILENO && event.events & (EPOLLERR | EPOLLHUP))
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
	/* A pipe whose reader goes away reports it; a plain file can't be waited for. */
	event.events = EPOLLET;
	event.data.fd = STDOUT_FILENO;
	if (!stream->options->record &&
	    epoll_ctl(stream->epoll_fd, EPOLL_CTL_ADD, STDOUT_FILENO, &event) && errno != EPERM &&
	    errno != EBADF)
		goto fail;
	stream->ring = ring_buffer__new(ring_fd, take_record, stream, NULL);
	if (stream->ring)
		return 0;
fail:
	err = -errno;
	msg("opening the buffer: %s", errname(-err, name));
	return err;
}

static void loop(struct stream *stream)
{
	struct event_counters counters;
	bool more = false;
	__u64 now;

	while (!stream->stop) {
		now = output__now();
		check_end(stream, now);
		if (stream->stop)
			break;
		if (!more)
			wait_for_events(stream, now);
		more = take_batch(stream);
		tell_lost(stream, &counters);
		flush(stream);
	}
}

/* What was submitted before the programs were detached. */
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
	msg("counters: seen %llu, filtered %llu, submitted %llu, lost %llu, taken %llu do not add "
	    "up; this is a defect of iosnoop",
	    counters->seen, counters->filtered, counters->submitted, counters->lost, stream->taken);
	stream->err = -EPROTO;
}

static void report(const struct stream *stream, const struct event_counters *counters)
{
	__u64 not_seen = stream->session->missed + stream->session->unended;
	char size[HUMAN_MAX];

	if (stream->options->verbose)
		msg("%llu events seen: %llu filtered, %llu submitted, %llu lost; %llu shown",
		    counters->seen, counters->filtered, counters->submitted, counters->lost,
		    stream->shown);
	if (counters->lost > not_seen)
		msg("lost %llu of %llu events: the buffer of %s was full\n"
		    "  take a larger one with --buffer-size, or fewer events with -e, -p, -x or -m",
		    counters->lost, counters->seen - counters->filtered,
		    human__bytes(size, stream->options->buffer_bytes));
	if (not_seen)
		msg("%llu events of those lost were not seen by iosnoop's programs: the kernel did not "
		    "run them, as it was running one already",
		    not_seen);
}

int stream__run(struct session *session, struct output *output, const struct options *options,
		struct stream_result *result)
{
	struct stream stream = {
		.options = options,
		.session = session,
		.output = output,
		.epoll_fd = -1,
	};

	process__catch_signals();
	stream.err = open_stream(&stream);
	if (stream.err)
		goto close;
	stream.err = output__start(output, session->events);
	if (stream.err)
		goto close;
	if (options->duration_ns)
		stream.deadline_ns = output__now() + options->duration_ns;
	if (options->interval_ns)
		stream.report_ns = output__now() + options->interval_ns;
	flush(&stream);
	loop(&stream);
	session__detach(session);
	drain(&stream);
	tell_lost(&stream, &result->counters);
	result->shown = stream.shown;
	result->reason = stream.stop;
	if (stream.stop != STOP_OUTPUT)
		output__end(output, output__now(), result);
	flush(&stream);
	check_counters(&stream, &result->counters);
	report(&stream, &result->counters);
close:
	ring_buffer__free(stream.ring);
	if (stream.epoll_fd >= 0)
		close(stream.epoll_fd);
	return stream.err;
}
