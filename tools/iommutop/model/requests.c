// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page requests that wait for their response, so that both become one line of the event stream.
 *
 * A request that gets no response within a second gets its line without it; a later response then
 * has a line of its own. The same goes for the oldest request if too many wait.
 */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "model/rows.h"

#define WAITING_MOST 1024u

static void remove_first(struct array *waiting, unsigned int nr)
{
	char *items = waiting->items;

	waiting->nr -= nr;
	memmove(items, items + nr * waiting->size, waiting->nr * waiting->size);
}

/* The end of the text of a request: ", group 4 of 1 request". */
static const char *group_of(const struct model_line *line)
{
	const char *group = strchr(line->reason, ',');

	return group ? group : "";
}

static void add_unanswered(struct model *model, const struct model_line *request)
{
	struct model_line line = *request;

	line.bad = true;
	snprintf(line.reason, sizeof(line.reason), "no response%s", group_of(request));
	lines__add(model, &line);
}

void requests__hold(struct model *model, const struct event_record *record,
		    const struct model_line *line)
{
	const struct args_fault_report *args = (const void *)record->args;
	struct array *waiting = &model->state->requests;
	struct waiting_request *request;

	if (waiting->nr == WAITING_MOST) {
		request = array__at(waiting, 0);
		add_unanswered(model, &request->line);
		remove_first(waiting, 1);
	}
	request = array__add(waiting);
	if (!request)
		return;
	*request = (struct waiting_request){ args->ctx, args->device, args->pasid, args->grpid,
					     *line };
}

bool requests__answer(struct model *model, const struct event_record *record,
		      struct model_line *line)
{
	const struct args_fault_response *args = (const void *)record->args;
	struct array *waiting = &model->state->requests;
	struct waiting_request *request;
	char result[sizeof(line->reason)];
	unsigned int i;

	for (i = 0; i < waiting->nr; i++) {
		request = array__at(waiting, i);
		if (request->ctx == args->ctx && request->device == args->device &&
		    request->pasid == args->pasid && request->grpid == args->grpid)
			break;
	}
	if (i == waiting->nr)
		return false;
	snprintf(result, sizeof(result), "%.*s%s%s", (int)strcspn(line->reason, ","), line->reason,
		 group_of(&request->line), args->cookie ? "" : ", never read");
	request->line.latency_ns = line->latency_ns;
	*line = request->line;
	memcpy(line->reason, result, sizeof(line->reason));
	waiting->nr--;
	memmove(request, request + 1, (waiting->nr - i) * sizeof(*request));
	return true;
}

void requests__flush(struct model *model, __u64 before_ns)
{
	struct array *waiting = &model->state->requests;
	const struct waiting_request *request;
	unsigned int nr;

	for (nr = 0; nr < waiting->nr; nr++) {
		request = array__at(waiting, nr);
		if (request->line.time_ns >= before_ns)
			break;
		add_unanswered(model, &request->line);
	}
	if (nr)
		remove_first(waiting, nr);
}
