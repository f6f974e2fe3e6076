// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command run: load a policy for the life of this process, and print its verdicts.
 *
 * The link is not pinned, so the kernel unloads the policy however this process ends.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "command/command.h"
#include "kernel/kernel.h"
#include "msg.h"
#include "output/output.h"
#include "policy_name.h"
#include "process.h"

#define NS_PER_SEC 1000000000ULL
#define TICK_MS 100

struct running {
	const struct output *output;
	struct object object;
	struct watch watch;
	struct run run;
	int link_fd;
};

static __u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

static void print_verdict(void *ctx, const struct event_record *record)
{
	struct running *running = ctx;

	running->run.shown++;
	running->output->run_verdict(&running->run, record);
}

static int explain_unloaded(const struct running *running)
{
	msg("%s: another process has unloaded the policy", running->object.values.name);
	return -ENOLINK;
}

static int find_policy(struct running *running)
{
	const struct iommufd_policy_info *info;
	struct loaded loaded;
	__u32 map_id;
	int err;

	running->run.link_id = link__id(running->link_fd, &map_id);
	err = loaded__read(&loaded);
	if (err)
		return err;
	info = loaded__find_link(&loaded, running->run.link_id);
	if (info) {
		running->run.id = info->id;
		policy_name__add(info->id, info->name, sizeof(info->name));
		watch__set_policy(&running->watch, info->id);
	} else {
		err = explain_unloaded(running);
	}
	loaded__free(&loaded);
	return err;
}

static int start(struct running *running, const struct options *options)
{
	int err;

	err = open__object(&running->object, options, options->name, NULL);
	if (!err)
		err = load__object(&running->object, options->verbose);
	if (!err)
		err = load__fill(&running->object);
	if (!err)
		err = watch__open(&running->watch, options->all, print_verdict, running);
	if (err)
		return err;
	running->run.start_ns = now_ns();
	running->link_fd = load__attach(&running->object);
	return running->link_fd < 0 ? running->link_fd : find_policy(running);
}

static void report_lost(struct running *running)
{
	struct event_counters counters;

	watch__counters(&running->watch, &counters);
	if (counters.lost == running->run.lost)
		return;
	running->output->run_lost(counters.lost - running->run.lost, counters.lost);
	running->run.lost = counters.lost;
}

/* Poll stdout, because a closed pipe is otherwise noticed only at the next write. */
static bool reader_is_gone(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	return poll(&out, 1, 0) > 0 && out.revents & (POLLERR | POLLHUP);
}

static int loop(struct running *running)
{
	__u32 map_id;
	int err;

	while (!process__signalled()) {
		err = watch__poll(&running->watch, TICK_MS);
		if (err)
			return err;
		report_lost(running);
		err = output__flush();
		if (err)
			return err;
		if (reader_is_gone())
			return 0;
		link__id(running->link_fd, &map_id);
		if (!map_id)
			return explain_unloaded(running);
	}
	return 0;
}

static void report_end(struct running *running, bool verbose)
{
	struct event_counters *counters = &running->run.counters;

	report_lost(running);
	watch__counters(&running->watch, counters);
	if (verbose)
		msg("%llu verdict%s seen: %llu allowed and not shown, %llu lost, %llu shown",
		    counters->seen, counters->seen == 1 ? "" : "s", counters->filtered,
		    counters->lost, running->run.shown);
	running->output->run_end(&running->run);
}

int command__run(const struct options *options)
{
	struct running running = {
		.output = output__choose(options->json),
		.run.values = &running.object.values,
		.link_fd = -1,
	};
	int err;

	process__catch_signals();
	err = start(&running, options);
	if (!err) {
		running.output->run_start(&running.run);
		err = output__flush();
	}
	if (!err)
		err = loop(&running);
	if (running.link_fd >= 0)
		link__end(running.link_fd);
	watch__drain(&running.watch);
	if (running.run.shown || !err)
		report_end(&running, options->verbose);
	watch__close(&running.watch);
	object__close(&running.object);
	return err;
}
