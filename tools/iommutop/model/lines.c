// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows of the event stream: one line for each fault, each page request with its response, and each
 * refusal.
 *
 * A line is made when its event arrives, because the device or the process may be gone at the next
 * refresh.
 */
#include <stdio.h>
#include <string.h>

#include "cause.h"
#include "errname.h"
#include "event.h"
#include "filter.h"
#include "hook.h"
#include "model/rows.h"
#include "policy_name.h"

#define PERM_READ (1u << 0) /* IOMMU_PGFAULT_PERM_* */
#define PERM_WRITE (1u << 1)
#define PERM_EXEC (1u << 2)
#define PERM_PRIV (1u << 3)

/* ---- the text of each event ---- */

static void put_access(struct model_line *line, __u64 perm)
{
	snprintf(line->access, sizeof(line->access), "%s%s%s%s", perm & PERM_READ ? "r" : "",
		 perm & PERM_WRITE ? "w" : "", perm & PERM_EXEC ? "x" : "",
		 perm & PERM_PRIV ? "p" : "");
}

static void put_reason(struct model_line *line, const char *text)
{
	snprintf(line->reason, sizeof(line->reason), "%.*s", (int)sizeof(line->reason) - 1, text);
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
	if (args->ns) /* 0: the request came before the tool started */
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
	put_reason(line, cause__dma_fault(why, args->reason));
}

static void put_page_fault(struct model_line *line, const struct args_io_page_fault *args)
{
	strcpy(line->what, "dma fault");
	line->sbdf = args->sbdf;
	line->addr = args->addr;
	put_access(line, args->perm);
	_Static_assert(sizeof(line->name) == 4 * sizeof(args->name0), "the name fits");
	memcpy(line->name, &args->name0, sizeof(line->name));
	put_reason(line, "reported by the IOMMU driver");
}

/* Note the name of a policy. One that was loaded just now is in no row yet. */
static void note_policy(const struct state *state, __u32 id)
{
	const struct iommufd_policy_info *info;
	unsigned int i;

	if (policy_name__find(id))
		return;
	for (i = 0; i < state->policies.nr; i++) {
		info = array__at(&state->policies, i);
		if (info->id == id)
			policy_name__add(id, info->name, sizeof(info->name));
	}
}

static void put_verdict(struct model_line *line, const struct event_record *record)
{
	const struct args_policy_verdict *args = (const void *)record->args;
	char reason[EVENT_REASON_MAX], name[ERRNAME_MAX], policy[POLICY_NAME_MAX];

	event__reason(reason, record);
	strcpy(line->what, event__is_audit(record) ? "would deny" : "denied");
	snprintf(line->reason, sizeof(line->reason), "policy %s %s: %s%s%s",
		 policy_name__text(policy, args->policy), hook__name(args->hook),
		 errname(-(__s32)args->ret, name), reason[0] ? ", " : "", reason);
}

static void put_refused(struct model_line *line, const struct event_record *record)
{
	const struct args_refused *args = (const void *)record->args;
	char why[CAUSE_MAX], name[ERRNAME_MAX];
	const char *text = cause__text(why, record, true);

	strcpy(line->what, "refused");
	line->sbdf = args->sbdf;
	put_reason(line, text ? text : errname(-(__s32)args->ret, name));
}

/* Returns false for an event that gets no line. */
static bool put_event(struct model_line *line, const struct event_record *record)
{
	const void *args = record->args;

	switch (record->event) {
	case EVENT_fault_report:
		put_report(line, args);
		return true;
	case EVENT_fault_response:
		put_response(line, args);
		return true;
	case EVENT_dma_fault:
		put_dma_fault(line, args);
		return true;
	case EVENT_io_page_fault:
		put_page_fault(line, args);
		return true;
	case EVENT_policy_verdict:
		put_verdict(line, record);
		return true;
	case EVENT_refused:
		put_refused(line, record);
		return true;
	default:
		return false;
	}
}

/* ---- device and process ---- */

/* Find the device by its ids, or by its address or name if the event has no ids. */
static const struct iommufd_object_info *find_device(const struct state *state,
						     const struct model_line *line)
{
	const struct iommufd_object_info *object;

	if (line->device == EVENT_NONE)
		return state__faulting_device(state, line->sbdf, line->name);
	object = state__object(state, line->ctx, line->device);
	return object && object->type == IOMMUFD_INFO_DEVICE ? object : NULL;
}

/* Fill in device and process. Returns the context; NULL if it is unknown. */
static const struct ctx_past *put_device(struct model *model, struct model_line *line)
{
	const struct iommufd_object_info *object = find_device(model->state, line);
	const struct ctx_past *ctx;

	if (object) {
		line->device = object->id;
		line->sbdf = object->sbdf;
		memcpy(line->name, object->name, sizeof(line->name));
		if (line->ctx == EVENT_NONE)
			line->ctx = object->ctx;
	}
	ctx = ctx_past__of(model, line->ctx);
	if (!ctx)
		return NULL;
	if (line->tgid == EVENT_NONE || !line->comm[0]) {
		line->tgid = ctx->tgid;
		memcpy(line->comm, ctx->comm, sizeof(line->comm));
	}
	memcpy(line->machine, ctx->machine, sizeof(line->machine));
	return ctx;
}

/* Count a DMA fault here: nothing answers it, and the driver has no tracepoint that counts it. */
static void count_dma_fault(struct model *model, const struct model_line *line)
{
	struct hash_key key = state__dma_key(line->sbdf, line->name, line->pasid);
	struct fault_counts *counts = hash__get(&model->state->faults, key, model->refreshes);

	if (!counts)
		return;
	counts->now.dma++;
	if (counts->name[0] && line->ctx == EVENT_NONE)
		return;
	counts->ctx = line->ctx;
	counts->tgid = line->tgid;
	counts->sbdf = line->sbdf;
	memcpy(counts->name, line->name, sizeof(counts->name));
	memcpy(counts->comm, line->comm, sizeof(counts->comm));
	memcpy(counts->machine, line->machine, sizeof(counts->machine));
}

/*
 * Besides those of its context, a line of -p passes if the process made the call. Of a context that
 * was opened and closed between two refreshes, the calling thread may be all that is known.
 */
static bool is_wanted(const struct iommufd_filter *filter, const struct model_line *line,
		      const struct ctx_past *ctx, const struct event_record *record)
{
	struct iommufd_filter on_thread = *filter;
	__u32 others = filter->use &
		       ~(EVENT_FILTER_DEVICE | EVENT_FILTER_PASID | EVENT_FILTER_IOVA);

	if (!filter__has_device(filter, line->sbdf, line->name))
		return false;
	if (filter->use & EVENT_FILTER_PASID && line->pasid != filter->pasid)
		return false;
	if (filter->use & EVENT_FILTER_IOVA && !iommufd_filter__touches(filter, line->addr, 0))
		return false;
	on_thread.use = others;
	return !others || (ctx ? ctx->is_wanted : filter__matches(&on_thread, record)) ||
	       (others == EVENT_FILTER_TGID && line->tgid == filter->tgid);
}

static void explain(struct model *model, struct model_line *line, const struct event_record *record,
		    const struct why_full *known)
{
	const bool has_machine = line->machine[0];
	const struct why_owner owner = {
		.tgid = line->tgid,
		.name = has_machine ? line->machine : line->comm,
		.name_size = has_machine ? sizeof(line->machine) : sizeof(line->comm),
	};
	struct state *state = model->state;
	struct why_full full;

	state->why.objects = array__at(&state->objects, 0);
	state->why.nr_objects = state->objects.nr;
	if (known)
		full = *known;
	else if (!why__is_fault(record) || !why__explain(&state->why, record, &full))
		return;
	snprintf(line->why, sizeof(line->why), "%s",
		 why__kind(&full.why) ? why__kind(&full.why) : "");
	line->ioas = full.why.ioas;
	line->why_tgid = full.why.tgid;
	if (full.why.tgid != EVENT_NONE)
		line->why_ago_ns = full.why.ago_ns;
	why__text(line->explanation, &full.why, record, &owner);
}

static bool is_bad(const struct event_record *record)
{
	switch (record->event) {
	case EVENT_fault_response:
		return ((const struct args_fault_response *)record->args)->code;
	case EVENT_policy_verdict:
		return !event__is_audit(record);
	default:
		return record->event != EVENT_fault_report;
	}
}

void model__add_event(struct model *model, const struct event_record *record,
		      const struct why_full *why)
{
	const struct args_policy_verdict *verdict = (const void *)record->args;
	const struct args_caller *caller = (const void *)record->args;
	struct model_line new = {
		.time_ns = record->time_ns, .event = record->event, .ctx = caller->ctx,
		.tgid = caller->tgid, .device = EVENT_NONE, .sbdf = EVENT_NONE,
		.pasid = EVENT_NONE, .addr = MODEL_NONE, .latency_ns = MODEL_NONE,
		.ioas = EVENT_NONE, .why_tgid = EVENT_NONE, .why_ago_ns = MODEL_NONE,
	}, *line;
	const struct ctx_past *ctx;
	bool is_answer = false;

	if (record->event == EVENT_ctx_open || record->event == EVENT_device_bind)
		ctx_past__note(model, record);
	memcpy(new.comm, record->comm, sizeof(new.comm));
	if (record->event == EVENT_policy_verdict)
		note_policy(model->state, verdict->policy);
	if (!put_event(&new, record))
		return;
	ctx = put_device(model, &new);
	if (record->event == EVENT_dma_fault || record->event == EVENT_io_page_fault)
		count_dma_fault(model, &new);
	if (record->event == EVENT_fault_response)
		is_answer = requests__answer(model, record, &new);
	if (!is_answer && !is_wanted(&model->state->filter, &new, ctx, record))
		return;
	model->has_match = true;
	new.bad = is_bad(record);
	if (record->event == EVENT_fault_report) {
		requests__hold(model, record, &new);
		return;
	}
	explain(model, &new, record, why);
	line = lines__add(model, &new);
	if (line)
		refusals__add(model, line, record);
}
