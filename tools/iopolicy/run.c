// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command run: a policy in force as long as this process lives, and its verdicts as they come.
 *
 * The program on the tracepoint is attached before the policy, so that the first verdict is seen;
 * see bpf/iopolicy.bpf.c for how its id becomes known. The link is not pinned: however this process
 * ends, the kernel takes the policy out of force.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/membarrier.h>

#include "errname.h"
#include "event.h"
#include "iommufd_record.h"
#include "iopolicy.h"
#include "iopolicy.skel.h"
#include "msg.h"
#include "process.h"
#include "row.h"
#include "text.h"

#define NS_PER_SEC 1000000000ULL
#define TICK_MS 100

enum { TIME, PID, COMM, HOOK, CTX, OBJECT, RESULT, REASON };

/* clang-format off */
static const struct row_column columns[] = {
	[TIME] = { "TIME", 10, true },
	[PID] = { "PID", 6, true },
	[COMM] = { "COMM", 15, false },
	[HOOK] = { "HOOK", 13, false },
	[CTX] = { "CTX", 4, true },
	[OBJECT] = { "OBJ", 4, true },
	[RESULT] = { "RESULT", 8, false },
	[REASON] = { "REASON", 0, false },
};

/* clang-format on */

struct watch {
	const struct options *options;
	struct policy policy;
	struct iopolicy_bpf *bpf;
	struct bpf_link *tracepoint;
	struct ring_buffer *ring;
	int link_fd;
	__u32 link_id;
	__u32 id;	  /* of the policy */
	__u64 start_ns;
	__u64 shown;
	__u64 lost;   /* told so far */
	bool utf8;
	bool reader_gone;
	struct row row;
};

static __u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

static void put_time(struct watch *watch, __u64 time_ns)
{
	__u64 since = time_ns > watch->start_ns ? time_ns - watch->start_ns : 0;

	row__printf(&watch->row, TIME, "%llu.%06llu", since / NS_PER_SEC,
		    since % NS_PER_SEC / 1000);
}

static void print_verdict(struct watch *watch, const struct event_record *record)
{
	const struct args_policy_verdict *verdict = (const void *)record->args;
	char reason[EVENT_REASON_MAX], text[4 * EVENT_REASON_MAX], name[ERRNAME_MAX];
	struct row *row = &watch->row;
	__s32 ret = verdict->ret;

	row__begin(row);
	put_time(watch, record->time_ns);
	row__number(row, PID, verdict->tgid);
	text__clean(text, sizeof(text), record->comm, sizeof(record->comm), columns[COMM].width,
		    watch->utf8);
	row__put(row, COMM, text);
	row__put(row, HOOK, event__hook(record));
	row__number(row, CTX, verdict->ctx);
	if (verdict->object == EVENT_NONE)
		row__put(row, OBJECT, "-");
	else
		row__number(row, OBJECT, verdict->object);
	row__printf(row, RESULT, "%s%s", ret ? errname(-ret, name) : "ok",
		    ret && verdict->flags & IOMMUFD_POLICY_AUDIT ? " (audit)" : "");
	event__reason(reason, record);
	text__clean(text, sizeof(text), reason, sizeof(reason), sizeof(text), false);
	row__put(row, REASON, text);
	row__print(row, stdout);
}

static void put_verdict(const struct event_record *record)
{
	struct json json;

	report__begin(&json, "verdict");
	json__u64(&json, "time_ns", record->time_ns);
	json__u64(&json, "tid", record->tid);
	json__string_n(&json, "comm", record->comm, sizeof(record->comm));
	event__put_json(record, &json);
	report__end(&json);
}

static int take_record(void *ctx, void *data, size_t size)
{
	const struct event_record *record = data;
	struct watch *watch = ctx;

	if (!event__is_valid(record, size) ||
	    ((const struct args_policy_verdict *)record->args)->policy != watch->id)
		return 0;
	watch->shown++;
	if (watch->options->json)
		put_verdict(record);
	else
		print_verdict(watch, record);
	return 0;
}

static int explain_watch(const char *what, int err)
{
	char name[ERRNAME_MAX];

	if (err == -EPERM || err == -EACCES)
		return machine__refused(what);
	if (err == -ENOENT)
		return machine__foreign();
	msg("%s: %s\n  libbpf says: %s", what, errname(-err, name), msg__libbpf_warning());
	return err == -EINVAL ? -ENODEV : err;
}

static int open_watch(struct watch *watch)
{
	int err;

	watch->bpf = iopolicy_bpf__open();
	if (!watch->bpf)
		return explain_watch("opening the BPF programs", -errno);
	bpf_program__set_autoload(watch->bpf->progs.list_policies, false);
	watch->bpf->rodata->show_allowed = watch->options->all;
	err = iopolicy_bpf__load(watch->bpf);
	if (err)
		return explain_watch("loading the BPF program that watches", err);
	watch->tracepoint = bpf_program__attach(watch->bpf->progs.verdict);
	if (!watch->tracepoint)
		return explain_watch("attaching to the tracepoint iommufd_policy_verdict", -errno);
	watch->ring =
		ring_buffer__new(bpf_map__fd(watch->bpf->maps.records), take_record, watch, NULL);
	return watch->ring ? 0 : explain_watch("opening the buffer", -errno);
}

/* The policy's id, with which the BPF program tells its verdicts from those of others. */
static int find_id(struct watch *watch)
{
	const struct iommufd_policy_info *info;
	struct force force;
	__u32 map_id;
	int err;

	watch->link_id = force__link_id(watch->link_fd, &map_id);
	err = force__read(&force);
	if (err)
		return err;
	info = force__find_link(&force, watch->link_id);
	if (info) {
		watch->id = info->id;
		watch->bpf->bss->policy_id = info->id;
	} else {
		msg("%s: it was taken out of force by somebody else", watch->policy.name);
		err = -ENOLINK;
	}
	force__free(&force);
	return err;
}

static int start(struct watch *watch)
{
	const struct options *options = watch->options;
	int err;

	err = policy__open(&watch->policy, options->file);
	if (!err)
		err = policy__configure(&watch->policy, options);
	if (!err)
		err = policy__check(&watch->policy);
	if (!err)
		err = machine__check();
	if (!err)
		err = load__load(&watch->policy, options);
	if (!err)
		err = load__fill(&watch->policy);
	if (!err)
		err = open_watch(watch);
	if (err)
		return err;
	watch->start_ns = now_ns();
	watch->link_fd = load__attach(&watch->policy);
	return watch->link_fd < 0 ? watch->link_fd : find_id(watch);
}

static void print_start(struct watch *watch)
{
	struct json json;

	if (!watch->options->json) {
		row__init(&watch->row, columns, sizeof(columns) / sizeof(columns[0]), 0);
		row__print_header(&watch->row, stdout);
		return;
	}
	report__begin(&json, "start");
	report__policy(&json, &watch->policy);
	json__u64(&json, "id", watch->id);
	json__u64(&json, "link_id", watch->link_id);
	json__u64(&json, "time_ns", watch->start_ns);
	report__end(&json);
}

static void tell_lost(struct watch *watch)
{
	__u64 total = __atomic_load_n(&watch->bpf->bss->counters.lost, __ATOMIC_RELAXED);
	struct json json;

	if (total == watch->lost)
		return;
	if (watch->options->json) {
		report__begin(&json, "lost");
		json__u64(&json, "count", total - watch->lost);
		json__u64(&json, "total", total);
		report__end(&json);
	} else {
		printf("LOST %llu verdicts (%llu in all): the buffer was full\n",
		       total - watch->lost, total);
	}
	watch->lost = total;
}

static void print_end(struct watch *watch)
{
	const struct event_counters *counters = &watch->bpf->bss->counters;
	struct json json;

	if (watch->options->verbose)
		msg("%llu verdicts seen: %llu allowed ones filtered, %llu lost, %llu shown",
		    counters->seen, counters->filtered, counters->lost, watch->shown);
	if (!watch->options->json)
		return;
	report__begin(&json, "end");
	json__u64(&json, "seen", counters->seen);
	json__u64(&json, "filtered", counters->filtered);
	json__u64(&json, "submitted", counters->submitted);
	json__u64(&json, "lost", counters->lost);
	json__u64(&json, "shown", watch->shown);
	report__end(&json);
}

/* A pipe that nobody reads any more says so only to who asks, or writes. */
static void check_reader(struct watch *watch)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	if (poll(&out, 1, 0) > 0 && out.revents & (POLLERR | POLLHUP))
		watch->reader_gone = true;
}

static int loop(struct watch *watch)
{
	char name[ERRNAME_MAX];
	__u32 map_id;
	int err;

	while (!process__signalled() && !watch->reader_gone) {
		err = ring_buffer__poll(watch->ring, TICK_MS);
		if (err < 0 && err != -EINTR) {
			msg("reading the buffer: %s", errname(-err, name));
			return err;
		}
		tell_lost(watch);
		err = report__flush();
		if (err)
			return err;
		check_reader(watch);
		force__link_id(watch->link_fd, &map_id);
		if (!map_id) {
			msg("%s: it was taken out of force by somebody else", watch->policy.name);
			return -ENOLINK;
		}
	}
	return 0;
}

static void stop(struct watch *watch)
{
	if (watch->link_fd >= 0) {
		bpf_link_detach(watch->link_fd); /* now, not a moment after the close */
		close(watch->link_fd);
		watch->link_fd = -1;
	}
	bpf_link__destroy(watch->tracepoint);
	watch->tracepoint = NULL;
	/* Programs that are running still: see iosnoop. */
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

int run__run(const struct options *options)
{
	struct watch watch = { .options = options, .link_fd = -1 };
	int err;

	process__catch_signals();
	watch.utf8 = text__locale_is_utf8();
	err = start(&watch);
	if (!err) {
		print_start(&watch);
		err = report__flush();
	}
	if (!err)
		err = loop(&watch);
	stop(&watch);
	if (watch.shown || !err) {
		ring_buffer__consume(watch.ring);
		tell_lost(&watch);
		print_end(&watch);
	}
	ring_buffer__free(watch.ring);
	iopolicy_bpf__destroy(watch.bpf);
	policy__close(&watch.policy);
	return err;
}
