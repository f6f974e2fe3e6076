// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stream of faults and refusals: from a record to a line.
 */
#include <stdio.h>
#include <string.h>

#include "cause.h"
#include "event.h"
#include "hook.h"
#include "errname.h"
#include "source/source.h"

#define PERM_READ (1u << 0)  /* IOMMU_PGFAULT_PERM_* */
#define PERM_WRITE (1u << 1)
#define PERM_EXEC (1u << 2)
#define PERM_PRIV (1u << 3)

/* The row for a new line, behind the others; the oldest goes when there are too many. */
static struct model_line *new_line(struct model *model)
{
	const struct model_key key = { .kind = MODEL_KIND_LINE, .number = ++model->nr_lines };
	struct model_rows *rows = &model->tables[MODEL_LINES];
	struct model_line *lines = rows->rows;

	/* Half of them at once: to move them for each new one would be dear. */
	if (rows->nr >= 2 * MODEL_LINES_KEPT) {
		memmove(lines, lines + MODEL_LINES_KEPT, MODEL_LINES_KEPT * sizeof(*lines));
		rows->nr = MODEL_LINES_KEPT;
	}
	return rows__add(model, MODEL_LINES, key);
}

static void put_device(const struct state *state, struct model_line *line)
{
	const struct iommufd_object_info *object;
	unsigned int i;

	for (i = 0; i < state->objects.nr; i++) {
		object = list__at(&state->objects, i);
		if (object->type != IOMMUFD_INFO_DEVICE ||
		    (line->device != EVENT_NONE ?
			     object->ctx != line->ctx || object->id != line->device :
			     line->sbdf == EVENT_NONE || object->sbdf != line->sbdf))
			continue;
		line->device = object->id;
		line->sbdf = object->sbdf;
		memcpy(line->name, object->name, sizeof(line->name));
		if (line->ctx == EVENT_NONE)
			line->ctx = object->ctx;
		break;
	}
	for (i = 0; i < state->ctxs.nr; i++) {
		const struct iommufd_ctx_info *ctx = list__at(&state->ctxs, i);

		if (ctx->ctx != line->ctx)
			continue;
		if (line->tgid == EVENT_NONE || !line->comm[0]) {
			line->tgid = ctx->tgid;
			memcpy(line->comm, ctx->comm, sizeof(line->comm));
		}
		return;
	}
}

static void put_access(struct model_line *line, __u64 perm)
{
	snprintf(line->access, sizeof(line->access), "%s%s%s%s", perm & PERM_READ ? "r" : "",
		 perm & PERM_WRITE ? "w" : "", perm & PERM_EXEC ? "x" : "",
		 perm & PERM_PRIV ? "p" : "");
}

static void put_report(struct model_line *line, const struct args_fault_report *args)
{
	strcpy(line->what, "request");
	line->device = args->device;
	line->pasid = args->pasid;
	line->addr = args->addr;
	put_access(line, args->perm);
	snprintf(line->reason, sizeof(line->reason), "not mapped, group %llu of %llu %s",
		 args->grpid, args->requests, args->requests == 1 ? "request" : "requests");
}

static void put_response(struct model_line *line, const struct args_fault_response *args)
{
	strcpy(line->what, "response");
	line->device = args->device;
	line->pasid = args->pasid;
	line->latency_ns = args->ns;
	snprintf(line->reason, sizeof(line->reason), "%s, group %llu%s",
		 args->code == 0 ? "done" :
		 args->code == 1 ? "invalid" :
				   "failure",
		 args->grpid, args->cookie ? "" : ", never read");
}

static void put_dma_fault(struct model_line *line, const struct args_dma_fault *args)
{
	char why[CAUSE_MAX];

	strcpy(line->what, "dma fault");
	line->sbdf = args->sbdf;
	line->pasid = args->pasid;
	line->addr = args->addr;
	put_access(line, args->perm);
	snprintf(line->reason, sizeof(line->reason), "%.*s", (int)sizeof(line->reason) - 1,
		 cause__vtd_reason(why, args->reason));
}

static void put_page_fault(struct model_line *line, const struct event_record *record)
{
	const struct args_io_page_fault *args = (const void *)record->args;

	strcpy(line->what, "dma fault");
	line->sbdf = args->sbdf;
	line->addr = args->addr;
	put_access(line, args->perm);
	memcpy(line->name, &args->name0, 16);
	strcpy(line->reason, "reported by the IOMMU driver");
}

static void put_verdict(struct model_line *line, const struct event_record *record)
{
	const struct args_policy_verdict *args = (const void *)record->args;
	char reason[EVENT_REASON_MAX], name[ERRNAME_MAX];

	event__reason(reason, record);
	strcpy(line->what, args->flags & IOMMUFD_POLICY_AUDIT ? "would deny" : "denied");
	snprintf(line->reason, sizeof(line->reason), "policy %llu %s: %s%s%s", args->policy,
		 hook__name(args->hook), errname(-(__s32)args->ret, name), reason[0] ? ", " : "",
		 reason);
}

static void put_refused(struct model_line *line, const struct event_record *record)
{
	const struct args_refused *args = (const void *)record->args;
	char why[CAUSE_MAX], name[ERRNAME_MAX];
	const char *text = cause__text(why, record, true);

	strcpy(line->what, "refused");
	line->sbdf = args->sbdf;
	snprintf(line->reason, sizeof(line->reason), "%.*s", (int)sizeof(line->reason) - 1,
		 text ? text : errname(-(__s32)args->ret, name));
}

/* Nobody answers these, and no tracepoint of the driver counts them. */
static void count_dma_fault(struct model *model, struct state *state, const struct model_line *line)
{
	struct tally_key key = { EVENT_NONE, EVENT_NONE, line->pasid, line->sbdf };
	struct fault_tally *tally = tallies__get(&state->faults, key, model->refreshes);

	if (!tally)
		return;
	tally->now.dma++;
	if (!tally->name[0])
		memcpy(tally->name, line->name, sizeof(tally->name));
}

static bool is_wanted(const struct state *state, const struct model_line *line)
{
	const struct iommufd_filter *filter = &state->filter;

	if (filter->use & EVENT_FILTER_TGID && line->tgid != filter->tgid)
		return false;
	if (filter->use & EVENT_FILTER_CTX && line->ctx != filter->ctx)
		return false;
	if (filter->use & EVENT_FILTER_DEVICE && line->sbdf != filter->sbdf)
		return false;
	return !(filter->use & EVENT_FILTER_PASID) || line->pasid == filter->pasid;
}

void lines__add(struct model *model, struct state *state, const struct event_record *record)
{
	const struct args_caller *caller = (const void *)record->args;
	struct model_line new = {
		.time_ns = record->time_ns, .event = record->event, .ctx = caller->ctx,
		.tgid = caller->tgid, .device = EVENT_NONE, .sbdf = EVENT_NONE,
		.pasid = EVENT_NONE, .addr = MODEL_NONE, .latency_ns = MODEL_NONE,
	}, *line;
	struct model_key key;

	memcpy(new.comm, record->comm, sizeof(new.comm));
	switch (record->event) {
	case EVENT_fault_report:
		put_report(&new, (const void *)record->args);
		break;
	case EVENT_fault_response:
		put_response(&new, (const void *)record->args);
		break;
	case EVENT_dma_fault:
		put_dma_fault(&new, (const void *)record->args);
		break;
	case EVENT_io_page_fault:
		put_page_fault(&new, record);
		break;
	case EVENT_policy_verdict:
		put_verdict(&new, record);
		break;
	case EVENT_refused:
		put_refused(&new, record);
		break;
	default:
		return;
	}
	put_device(state, &new);
	if (record->event == EVENT_dma_fault || record->event == EVENT_io_page_fault)
		count_dma_fault(model, state, &new);
	if (!is_wanted(state, &new))
		return;
	line = new_line(model);
	if (!line)
		return;
	key = line->key;
	*line = new;
	line->key = key;
}
