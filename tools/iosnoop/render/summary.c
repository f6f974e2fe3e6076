// SPDX-License-Identifier: GPL-2.0-only
/*
 * Totals by process and IOAS (--summary): numbers of calls, bytes mapped, time taken. A search tree
 * holds them; it is emptied after each report. startup.c adds the share of time that maps took.
 */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "human.h"
#include "machine.h"
#include "msg.h"
#include "render/render.h"
#include "render/startup.h"
#include "row.h"
#include "text.h"

struct total {
	__u32 tgid;
	__u32 ctx;
	__u32 ioas;
	char comm[EVENT_COMM_LEN];
	char machine[MACHINE_MAX];
	__u64 maps; /* of user memory and files, and copies */
	__u64 unmaps;
	__u64 others;
	__u64 failed;
	__u64 mapped; /* bytes */
	__u64 unmapped;
	__u64 pages; /* pinned by maps */
	__u64 runs;
	bool lacks_pages; /* of some maps they are not known */
	bool lacks_runs;
	__u64 ns;
	__u64 max_ns;
};

struct summary {
	struct renderer renderer;
	const struct format *format;
	struct json json;
	struct row row;
	struct startup startup;
	void *tree;
	__u64 not_counted; /* events, for lack of memory */
	__u64 now_ns; /* of the report that is being printed */
};

static int compare(const void *a, const void *b)
{
	const struct total *one = a, *other = b;

	if (one->tgid != other->tgid)
		return one->tgid < other->tgid ? -1 : 1;
	if (one->ctx != other->ctx)
		return one->ctx < other->ctx ? -1 : 1;
	return one->ioas == other->ioas ? 0 : one->ioas < other->ioas ? -1 : 1;
}

static struct total *get_total(struct summary *summary, const struct event_subject *subject)
{
	struct total key, **found, *total;

	key.tgid = subject->tgid;
	key.ctx = subject->ctx;
	key.ioas = subject->ioas;
	found = tfind(&key, &summary->tree, compare);
	if (found)
		return *found;
	total = calloc(1, sizeof(*total));
	if (!total)
		return NULL;
	total->tgid = key.tgid;
	total->ctx = key.ctx;
	total->ioas = key.ioas;
	if (tsearch(total, &summary->tree, compare))
		return total;
	free(total);
	return NULL;
}

static void count(struct total *total, const struct event_record *record,
		  const struct event_subject *subject)
{
	const struct args_ioas_unmap *unmap = (const void *)record->args;
	const struct args_type1_unmap *type1_unmap = (const void *)record->args;
	const __u64 *pages = event__arg(record, EVENT_ROLE_pages);
	const __u64 *runs = event__arg(record, EVENT_ROLE_runs);

	switch (record->event) {
	case EVENT_ioas_map:
	case EVENT_ioas_map_file:
	case EVENT_ioas_copy:
	case EVENT_type1_map:
		total->maps++;
		if (subject->ret)
			break;
		total->mapped += subject->length;
		total->pages += pages ? *pages : 0;
		total->runs += runs ? *runs : 0;
		total->lacks_pages |= !pages;
		total->lacks_runs |= !runs && record->event != EVENT_type1_map;
		break;
	case EVENT_ioas_unmap:
		total->unmaps++;
		total->unmapped += unmap->unmapped;
		break;
	case EVENT_type1_unmap:
		total->unmaps++;
		total->unmapped += type1_unmap->unmapped;
		break;
	default:
		total->others++;
	}
	total->failed += !!subject->ret;
	total->ns += subject->latency_ns;
	if (subject->latency_ns > total->max_ns)
		total->max_ns = subject->latency_ns;
}

static void add_event(struct renderer *renderer, const struct snoop_event *event)
{
	struct summary *summary = (struct summary *)renderer;
	struct event_subject subject;
	struct total *total;

	startup__add(&summary->startup, event);
	event__subject(event->record, &subject);
	total = get_total(summary, &subject);
	if (!total) {
		summary->not_counted++;
		return;
	}
	if (!total->comm[0])
		memcpy(total->comm, event->comm, sizeof(total->comm));
	if (!total->machine[0])
		snprintf(total->machine, sizeof(total->machine), "%s", event->machine);
	count(total, event->record, &subject);
}

enum {
	PID,
	COMM,
	CTX,
	IOAS,
	MAPS,
	UNMAPS,
	OTHERS,
	FAILED,
	MAPPED,
	UNMAPPED,
	PINNED,
	RUNS,
	TIME,
	MAX
};

/* clang-format off */
static const struct row_column columns[] = {
	[PID] = { "PID", 5, true },
	[COMM] = { "NAME", 8, false },
	[CTX] = { "CTX", 3, true },
	[IOAS] = { "IOAS", 4, true },
	[MAPS] = { "MAPS", 4, true },
	[UNMAPS] = { "UNMAP", 5, true },
	[OTHERS] = { "OTHER", 5, true },
	[FAILED] = { "FAIL", 4, true },
	[MAPPED] = { "MAPD", 5, true },
	[UNMAPPED] = { "UNMPD", 5, true },
	[PINNED] = { "PIN", 5, true },
	[RUNS] = { "RUNS", 4, true },
	[TIME] = { "TIME", 5, true },
	[MAX] = { "MAX", 5, true },
};

/* clang-format on */

static void put_id(struct row *row, unsigned int column, __u32 id)
{
	if (id == EVENT_NONE)
		row__put(row, column, "-");
	else
		row__number(row, column, id);
}

static void put_count(struct row *row, unsigned int column, __u64 number)
{
	char text[HUMAN_MAX];

	row__put(row, column, human__count(text, number));
}

static void put_bytes(struct row *row, unsigned int column, __u64 bytes)
{
	char text[HUMAN_MAX];

	row__put(row, column, human__bytes(text, bytes));
}

static void print_text(struct summary *summary, const struct total *total)
{
	const bool has_machine = total->machine[0];
	char name[4 * MACHINE_MAX], text[HUMAN_MAX];
	struct row *row = &summary->row;

	row__begin(row);
	put_id(row, PID, total->tgid);
	text__clean(name, sizeof(name),
		    has_machine	   ? total->machine :
		    total->comm[0] ? total->comm :
				     "-",
		    has_machine ? MACHINE_MAX : EVENT_COMM_LEN, columns[COMM].width,
		    summary->format->utf8);
	row__put(row, COMM, name);
	put_id(row, CTX, total->ctx);
	put_id(row, IOAS, total->ioas);
	put_count(row, MAPS, total->maps);
	put_count(row, UNMAPS, total->unmaps);
	put_count(row, OTHERS, total->others);
	put_count(row, FAILED, total->failed);
	put_bytes(row, MAPPED, total->mapped);
	put_bytes(row, UNMAPPED, total->unmapped);
	put_bytes(row, PINNED, total->lacks_pages ? 0 : total->pages * event__page_size());
	put_count(row, RUNS, total->lacks_runs ? 0 : total->runs);
	row__put(row, TIME, human__time(text, total->ns));
	row__put(row, MAX, human__time(text, total->max_ns));
	row__print(row, summary->format->out);
}

static void print_json(struct summary *summary, const struct total *total)
{
	struct json *json = &summary->json;

	format__begin_record(summary->format, json, "summary", summary->now_ns);
	if (total->machine[0])
		json__string(json, "machine", total->machine);
	event__put_id(json, "tgid", total->tgid);
	json__string_or_null(json, "comm", total->comm, sizeof(total->comm));
	event__put_id(json, "ctx", total->ctx);
	event__put_id(json, "ioas", total->ioas);
	json__u64(json, "maps", total->maps);
	json__u64(json, "unmaps", total->unmaps);
	json__u64(json, "others", total->others);
	json__u64(json, "failed", total->failed);
	json__u64(json, "mapped_bytes", total->mapped);
	json__u64(json, "unmapped_bytes", total->unmapped);
	json__u64_or_null(json, "pages", !total->lacks_pages, total->pages);
	json__u64_or_null(json, "runs", !total->lacks_runs, total->runs);
	json__u64(json, "ns", total->ns);
	json__u64(json, "max_ns", total->max_ns);
	format__end_record(json);
}

static void visit(const void *node, VISIT which, void *closure)
{
	const struct total *total = *(struct total *const *)node;
	struct summary *summary = closure;

	if (which != postorder && which != leaf)
		return;
	if (summary->format->json)
		print_json(summary, total);
	else
		print_text(summary, total);
}

static void clear(struct summary *summary)
{
	tdestroy(summary->tree, free);
	summary->tree = NULL;
	summary->not_counted = 0;
}

static void report(struct renderer *renderer, __u64 now_ns)
{
	struct summary *summary = (struct summary *)renderer;
	const struct format *format = summary->format;

	summary->now_ns = now_ns;
	if (!format->json) {
		fprintf(format->out, "\n");
		row__init(&summary->row, columns, sizeof(columns) / sizeof(columns[0]), 80);
		row__print_header(&summary->row, format->out);
	}
	twalk_r(summary->tree, visit, summary);
	if (summary->not_counted && !format->json)
		fprintf(format->out, "left out %llu event%s: not enough memory\n",
			summary->not_counted, summary->not_counted == 1 ? "" : "s");
	clear(summary);
	startup__report(&summary->startup, now_ns);
}

static void free_summary(struct renderer *renderer)
{
	clear((struct summary *)renderer);
	startup__clear(&((struct summary *)renderer)->startup);
	free(renderer);
}

struct renderer *summary__new(const struct format *format)
{
	struct summary *summary = calloc(1, sizeof(*summary));

	if (!summary) {
		msg("not enough memory");
		return NULL;
	}
	summary->renderer = (struct renderer){
		.event = add_event,
		.report = report,
		.free = free_summary,
	};
	summary->format = format;
	summary->startup.format = format;
	json__init(&summary->json, format->out);
	json__init(&summary->startup.json, format->out);
	return &summary->renderer;
}
