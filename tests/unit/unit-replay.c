// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replays of iommutop: a snapshot in the recording is the state, whatever machine replays it; older
 * events do not change it, later ones do; filters on users and cgroups apply.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/tap.h"
#include "cgroup.h"
#include "clock.h"
#include "filter.h"
#include "model/rows.h"
#include "recording.h"
#include "source/sources.h"

#define CGROUP 77
#define MACHINE "/machine.slice/machine-qemu\\x2d1\\x2dvm1.scope"

static char path[64];

struct map_record {
	struct event_record head;
	__u64 args[12];
	struct event_thread thread;
};

/* A map of 4 KiB into IOAS 1 of context 5 by the VMM, or by another process. */
static void put_map(struct recording *recording, __u64 time_ns, __u32 tgid, __u32 uid)
{
	struct map_record map = {
		.head = { .time_ns = time_ns,
			  .tid = tgid,
			  .event = EVENT_ioas_map,
			  .nr_args = 12,
			  .flags = EVENT_HAS_THREAD,
			  .comm = "vmm" },
		.args = { 5, tgid, 1, 0x1000, 4096, 0x7f0000000000, 3, 1, 1, 1000, 500, 0 },
		.thread = { uid, 0, uid == 1000 ? CGROUP : 0 },
	};

	recording__put(recording, RECORDING_EVENT, &map, sizeof(map));
}

static void put_snapshot(struct recording *recording, __u64 time_ns)
{
	const struct state_ctx ctx = {
		.info = { .ctx = 5, .tgid = 10, .objects = 1, .pinned = 8192, .comm = "daemon" },
		.counts = { .ctx = 5, .maps = 12, .pin_ns = 700, .last_map_ns = 90 },
	};
	const struct iommufd_payer_info payer = {
		.id = 3,
		.cgroup = CGROUP,
		.pinned = 8192,
		.charged = 8192,
		.limit = 65536,
		.used = 16384,
		.ctx = 5,
		.tgid = 20,
		.uid = 1000,
		.flags = IOMMUFD_PAYER_ALIVE | IOMMUFD_PAYER_LAST,
		.comm = "vmm",
	};
	const struct iommufd_object_info ioas = {
		.ctx = 5,
		.id = 1,
		.type = IOMMUFD_INFO_IOAS,
		.parent = EVENT_NONE,
		.sbdf = EVENT_NONE,
		.areas = 2,
		.mapped = 8192,
		.pinned = 8192,
		.runs = 2,
		.pt = EVENT_NONE,
	};
	const struct recording_state_end end = { .has_payers = 1 };
	struct iommufd_object_info left = ioas;
	struct state_ctx closed = ctx;
	const __u64 closed_id = 6;

	recording__put_state(recording, time_ns, RECORDING_STATE_BEGIN, NULL, 0);
	recording__put_state(recording, time_ns, RECORDING_STATE_CTX, &ctx, sizeof(ctx));
	/* An older driver's record is shorter, a newer one's is longer. */
	recording__put_state(recording, time_ns, RECORDING_STATE_PAYER, &payer, sizeof(payer));
	recording__put_state(recording, time_ns, RECORDING_STATE_OBJECT, &ioas,
			     offsetof(struct iommufd_object_info, pt));
	recording__put_state(recording, time_ns, 99, &ioas, sizeof(ioas));
	/* One that was closed before all of its objects were listed. */
	closed.info.ctx = left.ctx = closed_id;
	left.pinned = 0;
	recording__put_state(recording, time_ns, RECORDING_STATE_CTX, &closed, sizeof(closed));
	recording__put_state(recording, time_ns, RECORDING_STATE_OBJECT, &left, sizeof(left));
	recording__put_state(recording, time_ns, RECORDING_STATE_CLOSED, &closed_id,
			     sizeof(closed_id));
	recording__put_state(recording, time_ns, RECORDING_STATE_END, &end, sizeof(end));
}

static void write_recording(bool has_snapshot, bool is_complete)
{
	const struct recording_header header = { .start_ns = 1000, .kernel = "6.12" };
	const struct recording_end end = { .time_ns = 4 * NS_PER_SEC, .reason = 1 };
	struct recording *recording;

	recording = recording__create(path, &header, EVENT_MASK(EVENT_ioas_map), true);
	recording__put_cgroup(recording, CGROUP, MACHINE);
	if (has_snapshot)
		put_snapshot(recording, 5000);
	if (!is_complete)
		recording__put_state(recording, 6000, RECORDING_STATE_BEGIN, NULL, 0);
	/* It came before the snapshot, whose figures include it. */
	put_map(recording, 4000, 20, 1000);
	put_map(recording, NS_PER_SEC + NS_PER_SEC / 2, 20, 1000);
	put_map(recording, 2 * NS_PER_SEC + NS_PER_SEC / 2, 30, 0);
	recording__put(recording, RECORDING_END, &end, sizeof(end));
	recording__close(recording);
}

struct played {
	struct model model;
	struct source *source;
};

static bool play(struct played *played, const struct iommufd_filter *filter)
{
	struct source_options options = { .recording = path, .interval_ns = NS_PER_SEC };

	if (filter)
		options.filter = *filter;
	if (model__init(&played->model))
		return false;
	played->model.state->filter = options.filter;
	return !replay__open(&played->source, &played->model, &options);
}

static bool step(struct played *played)
{
	model__begin(&played->model);
	return !played->source->refresh(played->source, &played->model) &&
	       !model__update(&played->model);
}

static void end(struct played *played)
{
	played->source->close(played->source);
	model__close(&played->model);
}

static const struct model_node *context(const struct played *played)
{
	return model__nr(&played->model, MODEL_NODES) ? model__row(&played->model, MODEL_NODES, 0) :
							NULL;
}

static void test_snapshot(void)
{
	const struct model_node *ctx;
	const struct model_payer *payer;
	struct played played;

	write_recording(true, true);
	tap__ok(play(&played, NULL) && !played.model.missing[0], "nothing is missing");
	tap__ok(step(&played), "the first interval");
	ctx = context(&played);
	tap__is(model__nr(&played.model, MODEL_NODES), 2,
		"a context that was closed during the snapshot is left out");
	tap__ok(ctx && ctx->tgid == 20 && ctx->uid == 1000 && ctx->opener_tgid == 10 &&
			!strcmp(ctx->comm, "vmm"),
		"the process that maps, and the opener");
	tap__ok(ctx && ctx->cgroup && !strcmp(ctx->cgroup, MACHINE) && !strcmp(ctx->machine, "vm1"),
		"its cgroup and machine, by the names in the recording");
	tap__ok(ctx && ctx->limit == 65536 && ctx->limit_used == 16384 && ctx->limit_share == 2500,
		"its limit");
	tap__ok(ctx && ctx->open.maps == 12 && ctx->open.pin_ns == 700 &&
			ctx->open.last_map_ns == 90,
		"its counts since its open");
	tap__ok(ctx && ctx->pinned == 8192 && ctx->areas == 2 && ctx->total.maps == 1,
		"an event before the snapshot is counted, and changes nothing");
	tap__ok(step(&played), "the second interval");
	ctx = context(&played);
	tap__ok(ctx && ctx->pinned == 12288 && ctx->areas == 3 && ctx->total.maps == 2 &&
			ctx->tgid == 20,
		"an event after it changes the context");
	tap__ok(step(&played) && model__nr(&played.model, MODEL_PAYERS) == 2,
		"another process maps");
	payer = model__row(&played.model, MODEL_PAYERS, 0);
	tap__ok(payer->tgid == 20 && payer->pinned == 12288 && payer->limit == 65536,
		"the payer of the snapshot");
	payer = model__row(&played.model, MODEL_PAYERS, 1);
	tap__ok(payer->tgid == 30 && payer->uid == 0 && payer->pinned == 4096 &&
			payer->limit == MODEL_NONE,
		"the new payer, whose limit is not known");
	end(&played);
}

static void test_without(void)
{
	const struct model_node *ctx;
	struct played played;

	write_recording(false, true);
	tap__ok(play(&played, NULL) && strstr(played.model.missing, "before its start"),
		"without a snapshot, something is missing");
	tap__ok(step(&played), "the first interval without a snapshot");
	ctx = context(&played);
	tap__ok(ctx && ctx->tgid == 20 && ctx->uid == 1000 && ctx->pinned == 4096 &&
			ctx->limit == MODEL_NONE && ctx->open.maps == MODEL_NONE &&
			!strcmp(ctx->machine, "vm1"),
		"a context from its events");
	end(&played);
	write_recording(true, false);
	tap__ok(play(&played, NULL) && step(&played), "a snapshot that is not complete");
	ctx = context(&played);
	tap__ok(ctx && ctx->pinned == 8192 && ctx->limit == 65536, "the one before it is used");
	end(&played);
}

static void test_filter(__u32 which, const char *arg, bool is_shown)
{
	struct iommufd_filter filter = {};
	struct played played;

	if (!tap__err(filter__set(&filter, which, "--option", arg), 0, "filter %s", arg))
		return;
	tap__ok(play(&played, &filter) && step(&played) && !!context(&played) == is_shown,
		"%s %s the context", arg, is_shown ? "shows" : "does not show");
	end(&played);
}

int main(void)
{
	tap__start();
	snprintf(path, sizeof(path), "/tmp/unit-replay.%d", getpid());
	cgroup__use_recording();
	test_snapshot();
	test_without();
	write_recording(true, true);
	test_filter(EVENT_FILTER_UID, "1000", true);
	test_filter(EVENT_FILTER_UID, "1001", false);
	test_filter(EVENT_FILTER_CGROUP, "/machine.slice", true);
	test_filter(EVENT_FILTER_CGROUP, "machine.slice/", true);
	test_filter(EVENT_FILTER_CGROUP, "/machine.slic", false);
	test_filter(EVENT_FILTER_CGROUP, "77", true);
	test_filter(EVENT_FILTER_CGROUP, "78", false);
	test_filter(EVENT_FILTER_MACHINE, "vm1", true);
	test_filter(EVENT_FILTER_MACHINE, "vm2", false);
	unlink(path);
	return tap__done();
}
