// SPDX-License-Identifier: GPL-2.0-only
/* Page requests that wait for their response, see waiting.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render/waiting.h"

static struct waiting_request *request_at(const struct waiting *waiting, unsigned int index)
{
	return &waiting->requests[(waiting->first + index) % WAITING_MOST];
}

static void drop_taken(struct waiting *waiting)
{
	while (waiting->nr && request_at(waiting, 0)->is_taken) {
		waiting->first = (waiting->first + 1) % WAITING_MOST;
		waiting->nr--;
	}
}

bool waiting__add(struct waiting *waiting, const struct snoop_event *event)
{
	const struct event_record *record = event->record;
	size_t size = sizeof(*record) + record->nr_args * sizeof(__u64);
	struct waiting_request *request;

	if (!waiting->requests)
		waiting->requests = calloc(WAITING_MOST, sizeof(*waiting->requests));
	drop_taken(waiting);
	if (!waiting->requests || waiting->nr == WAITING_MOST)
		return false;
	request = request_at(waiting, waiting->nr++);
	request->is_taken = false;
	request->event = *event;
	memcpy(request->bytes, record, size);
	request->record.flags = 0;
	snprintf(request->machine, sizeof(request->machine), "%s", event->machine);
	request->event.record = &request->record;
	request->event.machine = request->machine;
	return true;
}

const struct snoop_event *waiting__take(struct waiting *waiting, const struct event_record *record)
{
	const struct args_fault_response *response = (const void *)record->args;
	const struct args_fault_report *report;
	struct waiting_request *request;
	unsigned int i;

	for (i = 0; i < waiting->nr; i++) {
		request = request_at(waiting, i);
		report = (const void *)request->record.args;
		if (request->is_taken || report->ctx != response->ctx ||
		    report->device != response->device || report->pasid != response->pasid ||
		    report->grpid != response->grpid)
			continue;
		request->is_taken = true;
		return &request->event;
	}
	return NULL;
}

const struct snoop_event *waiting__expired(struct waiting *waiting, __u64 before_ns)
{
	struct waiting_request *request;

	drop_taken(waiting);
	if (!waiting->nr)
		return NULL;
	request = request_at(waiting, 0);
	if (request->record.time_ns >= before_ns)
		return NULL;
	request->is_taken = true;
	return &request->event;
}

void waiting__free(struct waiting *waiting)
{
	free(waiting->requests);
}
