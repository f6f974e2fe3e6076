// SPDX-License-Identifier: GPL-2.0-only
/*
 * Figures by process and IOAS (--summary): how often it was called, how much was mapped, how long it
 * took. Reports are of what came since the last one.
 */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "human.h"
#include "iosnoop.h"
#include "text.h"

struct summary_entry {
	__u32 tgid;
	__u32 ctx;
	__u32 ioas;
	char comm[EVENT_COMM_LEN];
	__u64 maps;   /* also from files and by copy */
	__u64 unmaps;
	__u64 others;
	__u64 failed;
	__u64 mapped;   /* bytes */
	__u64 unmapped;
	__u64 pages;   /* pinned by maps */
	__u64 runs;
	__u64 ns;
	__u64 max_ns;
};

struct summary {
	void *tree;
	__u64 not_counted;
	struct output *output;  /* while it is printed */
	struct row row;
	__u64 now;
};

static int compare(const void *a, const void *b)
{
	const struct summary_entry *one = a, *other = b;

	if (one->tgid != other->tgid)
		return one->tgid < other->tgid ? -1 : 1;
	if (one->ctx != other->ctx)
		return one->ctx < other->ctx ? -1 : 1;
	return one->ioas == other->ioas ? 0 : one->ioas < other->ioas ? -1 : 1;
}

struct summary *summary__new(void)
{
	return calloc(1, sizeof(struct summary));
}

static struct summary_entry *get_entry(struct summary *summary, const struct event_subject *subject)
{
	struct summary_entry key, **found, *entry;

	key.tgid = subject->tgid;
	key.ctx = subject->ctx;
	key.ioas = subject->ioas;
	found = tfind(&key, &summary->tree, compare);
	if (found)
		return *found;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	entry->tgid = key.tgid;
	entry->ctx = key.ctx;
	entry->ioas = key.ioas;
	if (tsearch(entry, &summary->tree, compare))
		return entry;
	free(entry);
	return NULL;
}

static void count(struct summary_entry *entry, const struct event_record *record,
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
		entry->maps++;
		if (subject->ret)
			break;
		entry->mapped += subject->length;
		entry->pages += pages ? *pages : 0;
		entry->runs += runs ? *runs : 0;
		break;
	case EVENT_ioas_unmap:
		entry->unmaps++;
		entry->unmapped += unmap->unmapped;
		break;
	case EVENT_type1_unmap:
		entry->unmaps++;
		entry->unmapped += type1_unmap->unmapped;
		break;
	default:
		entry->others++;
	}
	entry->failed += !!subject->ret;
	entry->ns += subject->latency_ns;
	if (subject->latency_ns > entry->max_ns)
		entry->max_ns = subject->latency_ns;
}

void summary__add(struct summary *summary, const struct output *output,
		  const struct event_record *record)
{
	struct event_subject subject;
	struct summary_entry *entry;

	event__subject(record, &subject);
	entry = get_entry(summary, &subject);
	if (!entry) {
		summary->not_counted++;
		return;
	}
	if (!entry->comm[0])
		output__raw_comm(output, record, entry->comm);
	count(entry, record, &subject);
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
	[COMM] = { "COMM", 8, false },
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

static void print_text(struct summary *summary, const struct summary_entry *entry)
{
	char comm[4 * EVENT_COMM_LEN], text[HUMAN_MAX];
	struct row *row = &summary->row;

	row__begin(row);
	put_id(row, PID, entry->tgid);
	text__clean(comm, sizeof(comm), entry->comm[0] ? entry->comm : "-", EVENT_COMM_LEN,
		    columns[COMM].width, summary->output->utf8);
	row__put(row, COMM, comm);
	put_id(row, CTX, entry->ctx);
	put_id(row, IOAS, entry->ioas);
	put_count(row, MAPS, entry->maps);
	put_count(row, UNMAPS, entry->unmaps);
	put_count(row, OTHERS, entry->others);
	put_count(row, FAILED, entry->failed);
	put_bytes(row, MAPPED, entry->mapped);
	put_bytes(row, UNMAPPED, entry->unmapped);
	put_bytes(row, PINNED, entry->pages << 12);
	put_count(row, RUNS, entry->runs);
	row__put(row, TIME, human__time(text, entry->ns));
	row__put(row, MAX, human__time(text, entry->max_ns));
	row__print(row, stdout);
}

static void put_json_id(struct json *json, const char *key, __u32 id)
{
	if (id == EVENT_NONE)
		json__null(json, key);
	else
		json__u64(json, key, id);
}

static void print_json(struct summary *summary, const struct summary_entry *entry)
{
	struct json *json = jsonl__open(summary->output, "summary", summary->now);

	put_json_id(json, "tgid", entry->tgid);
	json__string_n(json, "comm", entry->comm, sizeof(entry->comm));
	put_json_id(json, "ctx", entry->ctx);
	put_json_id(json, "ioas", entry->ioas);
	json__u64(json, "maps", entry->maps);
	json__u64(json, "unmaps", entry->unmaps);
	json__u64(json, "others", entry->others);
	json__u64(json, "failed", entry->failed);
	json__u64(json, "mapped_bytes", entry->mapped);
	json__u64(json, "unmapped_bytes", entry->unmapped);
	json__u64(json, "pages", entry->pages);
	json__u64(json, "runs", entry->runs);
	json__u64(json, "ns", entry->ns);
	json__u64(json, "max_ns", entry->max_ns);
	jsonl__close(summary->output);
}

static void visit(const void *node, VISIT which, void *closure)
{
	const struct summary_entry *entry = *(struct summary_entry *const *)node;
	struct summary *summary = closure;

	if (which != postorder && which != leaf)
		return;
	if (summary->output->options->json)
		print_json(summary, entry);
	else
		print_text(summary, entry);
}

static void clear(struct summary *summary)
{
	tdestroy(summary->tree, free);
	summary->tree = NULL;
	summary->not_counted = 0;
}

void summary__print(struct summary *summary, struct output *output, __u64 now)
{
	summary->output = output;
	summary->now = now;
	if (!output->options->json) {
		printf("\n");
		row__init(&summary->row, columns, sizeof(columns) / sizeof(columns[0]), 80);
		row__print_header(&summary->row, stdout);
	}
	twalk_r(summary->tree, visit, summary);
	if (summary->not_counted && !output->options->json)
		printf("%llu events are left out: not enough memory\n", summary->not_counted);
	clear(summary);
}

void summary__free(struct summary *summary)
{
	if (!summary)
		return;
	clear(summary);
	free(summary);
}
