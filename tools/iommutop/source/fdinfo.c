// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contexts from /proc/PID/fdinfo, for users without the privileges for BPF. They see their own
 * processes.
 *
 * In a container the kernel shows 0 for an opener outside of the PID namespace and for its cgroup.
 * Both are unknown then. It also leaves out the totals of the opener's user and cgroup, which are
 * not used here.
 *
 * A context that several processes have open is added once.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fdinfo.h"
#include "source/sources.h"

/* Objects of unknown types are kept without a type, and are not shown. */
static const struct {
	const char *name;
	__u32 type;
/* clang-format off */
} types[] = {
	{ "ioas", IOMMUFD_INFO_IOAS }, { "hwpt", IOMMUFD_INFO_HWPT },
	{ "device", IOMMUFD_INFO_DEVICE }, { "access", IOMMUFD_INFO_ACCESS },
	{ "nested", IOMMUFD_INFO_NESTED }, { "fault", IOMMUFD_INFO_FAULT },
	{ "viommu", IOMMUFD_INFO_VIOMMU }, { "vdevice", IOMMUFD_INFO_VDEVICE },
	{ "veventq", IOMMUFD_INFO_VEVENTQ }, { "hw_queue", IOMMUFD_INFO_HW_QUEUE },
	{ "test", IOMMUFD_INFO_TEST }, { "pasid", IOMMUFD_INFO_PASID },
	{ "sva", IOMMUFD_INFO_SVA }, { "hwpt_sva", IOMMUFD_INFO_HWPT_SVA },
};

/* clang-format on */

/* The opener's process id in the PID namespace of our /proc, where 0 is no process. */
static __u32 get_tgid(const char *words)
{
	__u32 tgid = fdinfo__id(words, "tgid");

	return tgid ? tgid : EVENT_NONE;
}

static __u64 get_total(const char *words, const char *key)
{
	__u64 number;

	return fdinfo__number(words, key, &number) ? number : 0;
}

/* The number of huge pages; older drivers do not show their bytes. */
static __u32 get_huge(const char *words)
{
	__u64 bytes;

	return fdinfo__number(words, "huge", &bytes) ? bytes / IOMMUFD_HUGE_SIZE : IOMMUFD_NONE;
}

static void put_object(struct iommufd_object_info *object, __u32 ctx, const char *words)
{
	size_t size = strcspn(words, " ");
	unsigned int i;

	memset(object, 0, sizeof(*object));
	object->ctx = ctx;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strlen(types[i].name) == size && !memcmp(types[i].name, words, size))
			object->type = types[i].type;
	object->id = fdinfo__id(words, "id");
	object->parent = fdinfo__id(words, object->type == IOMMUFD_INFO_HWPT	 ? "ioas" :
					   object->type == IOMMUFD_INFO_PASID	 ? "device" :
					   object->type == IOMMUFD_INFO_HWPT_SVA ? "sva" :
										   "parent");
	object->group = fdinfo__id(words, "group");
	object->attached = fdinfo__id(words, "attached");
	object->pasids = get_total(words, "pasids");
	object->pasid = fdinfo__id(words, "pasid");
	object->virt_pasid = fdinfo__id(words, "virt_pasid");
	object->vendor = object->product = EVENT_NONE;
	object->areas = get_total(words, "areas");
	object->mapped = get_total(words, "mapped");
	object->pinned = get_total(words, "pinned");
	object->runs = get_total(words, "runs");
	object->huge = get_huge(words);
	object->pt = EVENT_NONE;
	object->sbdf = fdinfo__device(words, object->name, sizeof(object->name));
}

static void read_comm(char comm[EVENT_COMM_LEN], __u32 tgid)
{
	char path[64], line[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/comm", tgid);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fgets(line, sizeof(line), file))
		line[strcspn(line, "\n")] = '\0';
	fclose(file);
	memcpy(comm, line, EVENT_COMM_LEN);
}

/* Add a payer. Its limit is not shown to every reader. */
static int put_payer(struct state *state, const struct iommufd_ctx_info *ctx, const char *words)
{
	struct iommufd_payer_info *payer = array__add(&state->payers);

	if (!payer)
		return -ENOMEM;
	memset(payer, 0, sizeof(*payer));
	payer->id = state->payers.nr;
	payer->ctx = ctx->ctx;
	payer->tgid = get_tgid(words);
	payer->uid = fdinfo__id(words, "uid");
	payer->cgroup = get_total(words, "cgroup");
	payer->pinned = get_total(words, "pinned");
	payer->charged = get_total(words, "charged");
	if (!fdinfo__number(words, "limit", &payer->limit))
		payer->limit = MODEL_NONE;
	if (!fdinfo__number(words, "used", &payer->used))
		payer->used = MODEL_NONE;
	payer->flags = (strstr(words, " last") ? IOMMUFD_PAYER_LAST : 0) |
		       (strstr(words, " exempt") ? IOMMUFD_PAYER_EXEMPT : 0) |
		       (strstr(words, " ended") ? 0 : IOMMUFD_PAYER_ALIVE) |
		       (ctx->process_accounting ? IOMMUFD_PAYER_BY_PROCESS : 0);
	if (payer->flags & IOMMUFD_PAYER_ALIVE && payer->tgid != EVENT_NONE)
		read_comm(payer->comm, payer->tgid);
	state->has_payers = true;
	return 0;
}

/* Read a line with counts since the open; false if it is none. */
static bool put_counts(struct iommufd_ctx_counts *counts, const char *line, const char *words)
{
	struct {
		const char *line, *key;
		__u64 *to;
	} fields[] = {
		{ "calls", "maps", &counts->maps },
		{ "calls", "maps_failed", &counts->maps_failed },
		{ "calls", "unmaps", &counts->unmaps },
		{ "calls", "unmaps_failed", &counts->unmaps_failed },
		{ "calls", "copies", &counts->copies },
		{ "calls", "copies_failed", &counts->copies_failed },
		{ "memory", "pinned", &counts->pinned },
		{ "memory", "unpinned", &counts->unpinned },
		{ "refused", "policy", &counts->refused_policy },
		{ "refused", "limit", &counts->refused_limit },
		{ "timed", "pins", &counts->timed_pins },
		{ "timed", "bytes", &counts->timed_bytes },
		{ "timed", "pin_ns", &counts->pin_ns },
		{ "timed", "fill_ns", &counts->fill_ns },
		{ "since-open", "now_ns", &counts->age_ns },
		{ "since-open", "first_map_ns", &counts->first_map_ns },
		{ "since-open", "last_map_ns", &counts->last_map_ns },
	};
	const char *name = line + strlen("iommufd-");
	size_t size = strcspn(name, ":");
	bool is_found = false;
	unsigned int i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strlen(fields[i].line) != size || memcmp(fields[i].line, name, size))
			continue;
		/* Without a map there is no time of one. */
		if (!fdinfo__number(words, fields[i].key, fields[i].to))
			*fields[i].to = MODEL_NONE;
		is_found = true;
	}
	return is_found;
}

static bool is_known(const struct state *state, __u32 ctx)
{
	unsigned int i;

	for (i = 0; i < state->ctxs.nr; i++)
		if (((const struct iommufd_ctx_info *)array__at(&state->ctxs, i))->ctx == ctx)
			return true;
	return false;
}

int fdinfo__parse(struct state *state, FILE *file)
{
	struct state_ctx both = { .info = { .tgid = EVENT_NONE, .uid = EVENT_NONE } };
	struct iommufd_ctx_info *info = &both.info;
	struct iommufd_object_info *object;
	char line[512], *words;
	struct state_ctx *ctx;

	while (fgets(line, sizeof(line), file)) {
		words = strchr(line, '\t');
		if (!words || strncmp(line, "iommufd-", 8))
			continue;
		words++;
		if (!strncmp(line, "iommufd-context:", 16)) {
			info->ctx = strtoul(words, NULL, 10);
			if (is_known(state, info->ctx))
				return 0;
		} else if (!strncmp(line, "iommufd-account:", 16)) {
			info->process_accounting = !strncmp(words, "process", 7);
		} else if (!strncmp(line, "iommufd-pinned:", 15)) {
			info->pinned = strtoull(words, NULL, 10);
		} else if (!strncmp(line, "iommufd-opener:", 15)) {
			info->tgid = get_tgid(words);
			info->uid = fdinfo__id(words, "uid");
			info->cgroup = get_total(words, "cgroup");
		} else if (!strncmp(line, "iommufd-payer:", 14)) {
			if (put_payer(state, info, words))
				return -ENOMEM;
		} else if (put_counts(&both.counts, line, words)) {
			both.counts.ctx = info->ctx;
		} else if (!strncmp(line, "iommufd-object:", 15)) {
			object = array__add(&state->objects);
			if (!object)
				return -ENOMEM;
			put_object(object, info->ctx, words);
			info->objects++;
		}
	}
	if (!info->ctx)
		return 0;
	if (info->tgid != EVENT_NONE)
		read_comm(info->comm, info->tgid);
	ctx = array__add(&state->ctxs);
	if (!ctx)
		return -ENOMEM;
	*ctx = both;
	return 0;
}

static int compare_ctxs(const void *a, const void *b)
{
	const struct iommufd_ctx_info *x = a, *y = b;

	return (x->ctx > y->ctx) - (x->ctx < y->ctx);
}

static int compare_payers(const void *a, const void *b)
{
	const struct iommufd_payer_info *x = a, *y = b;

	if (x->ctx != y->ctx)
		return x->ctx > y->ctx ? 1 : -1;
	return (x->id > y->id) - (x->id < y->id);
}

static int compare_objects(const void *a, const void *b)
{
	const struct iommufd_object_info *x = a, *y = b;

	if (x->ctx != y->ctx)
		return x->ctx > y->ctx ? 1 : -1;
	return (x->id > y->id) - (x->id < y->id);
}

/* Sort by number, as the model needs them. An empty array has no memory, which qsort() needs. */
static void sort_all(struct state *state)
{
	if (state->ctxs.nr)
		qsort(state->ctxs.items, state->ctxs.nr, state->ctxs.size, compare_ctxs);
	if (state->payers.nr)
		qsort(state->payers.items, state->payers.nr, state->payers.size, compare_payers);
	if (state->objects.nr)
		qsort(state->objects.items, state->objects.nr, state->objects.size,
		      compare_objects);
}

static int take_file(void *state, FILE *file)
{
	return fdinfo__parse(state, file);
}

int fdinfo__read(struct state *state)
{
	int err = fdinfo__each(take_file, state);

	sort_all(state);
	return err ? model__no_memory() : 0;
}

static int fdinfo_refresh(struct source *source, struct model *model)
{
	(void)source;
	driver__missing_policies(NULL, model->state->missing_policies);
	return fdinfo__read(model->state);
}

static void fdinfo_close(struct source *source)
{
	free(source);
}

int fdinfo__open(struct source **source, struct model *model)
{
	struct source *new = calloc(1, sizeof(*new));

	if (!new)
		return model__no_memory();
	new->refresh = fdinfo_refresh;
	new->close = fdinfo_close;
	model->source = "fdinfo";
	*source = new;
	return 0;
}
