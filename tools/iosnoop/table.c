// SPDX-License-Identifier: GPL-2.0-only
/*
 * iosnoop's text: a table of 80 columns with numbers for people, or with -w a wide one that has
 * everything, in full numbers.
 *
 * In the 80 columns, an event of a device has its address and page table where a mapping has its
 * range; the time in the driver stands under MAP, whatever the event. In the wide table fields
 * that only some events have follow as name=value in the last column, named as in the table of
 * events. "-" stands for what there is not, or was not measured.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <linux/iommufd.h>

#include "errname.h"
#include "human.h"
#include "iommufd_policy.h"
#include "iosnoop.h"
#include "text.h"

enum { TIME, PID, COMM, EVENT, IOAS, IOVA, LENGTH, PROT, PAGES, RUNS, PIN, MAP, RESULT };

static const struct row_column narrow[] = {
	[TIME] = { "TIME", 8, true },
	[PID] = { "PID", 5, true },
	[COMM] = { "COMM", 8, false },
	[EVENT] = { "EVENT", 6, false },
	[IOAS] = { "IOAS", 4, true },
	[IOVA] = { "IOVA", 9, true },
	[LENGTH] = { "LEN", 5, true },
	[PROT] = { "RW", 2, false },
	[PAGES] = { "PAGES", 4, true },
	[RUNS] = { "RUNS", 4, true },
	[PIN] = { "PIN", 5, true },
	[MAP] = { "MAP", 5, true },
	[RESULT] = { "RES", 0, false },
};

#define NARROW_WIDTH 80

enum {
	W_TIME, W_PID, W_TID, W_COMM, W_EVENT, W_CTX, W_IOAS, W_IOVA, W_LENGTH, W_PROT, W_PAGES,
	W_RUNS, W_PIN, W_MAP, W_RESULT, W_MORE
};

static const struct row_column wide[] = {
	[W_TIME] = { "TIME", 13, true },
	[W_PID] = { "PID", 7, true },
	[W_TID] = { "TID", 7, true },
	[W_COMM] = { "COMM", 15, false },
	[W_EVENT] = { "EVENT", 7, false },
	[W_CTX] = { "CTX", 4, true },
	[W_IOAS] = { "IOAS", 4, true },
	[W_IOVA] = { "IOVA", 18, true },
	[W_LENGTH] = { "LENGTH", 12, true },
	[W_PROT] = { "PROT", 4, false },
	[W_PAGES] = { "PAGES", 8, true },
	[W_RUNS] = { "RUNS", 8, true },
	[W_PIN] = { "PIN_NS", 10, true },
	[W_MAP] = { "MAP_NS", 10, true },
	[W_RESULT] = { "RESULT", 6, false },
	[W_MORE] = { "MORE", 0, false },
};

#define COLUMNS(array) (array), sizeof(array) / sizeof((array)[0])

/* What the columns of both tables show; pointers are NULL where an event has no such thing. */
struct view {
	const __u64 *ioas;
	const __u64 *iova;
	const __u64 *length;
	const __u64 *flags;
	const __u64 *pages;
	const __u64 *runs;
	const __u64 *pin_ns;
	const __u64 *ns;
	__s32 ret;
};

static struct view view_of(const struct event_record *record)
{
	const void *args = record->args;
	const struct args_ioas_map *map = args;
	const struct args_ioas_unmap *unmap = args;
	const struct args_ioas_copy *copy = args;
	const struct args_device_bind *bind = args;
	const struct args_device_attach *attach = args;
	const struct args_device_replace *replace = args;
	const struct args_device_detach *detach = args;
	const struct args_policy_verdict *verdict = args;

	switch (record->event) {
	case EVENT_ioas_map:
		return (struct view){ &map->ioas, &map->iova, &map->length, &map->flags,
				      &map->pages, &map->runs, &map->pin_ns, &map->map_ns,
				      map->ret };
	case EVENT_ioas_unmap:
		return (struct view){ &unmap->ioas, &unmap->iova, &unmap->length, NULL,
				      &unmap->pages, &unmap->runs, NULL, &unmap->ns, unmap->ret };
	case EVENT_ioas_copy:
		return (struct view){ &copy->ioas, &copy->iova, &copy->length, &copy->flags,
				      &copy->pages, &copy->runs, NULL, &copy->ns, copy->ret };
	case EVENT_device_bind:
		return (struct view){ .ret = bind->ret };
	case EVENT_device_attach:
		return (struct view){ .ioas = &attach->ioas, .ns = &attach->ns,
				      .ret = attach->ret };
	case EVENT_device_replace:
		return (struct view){ .ioas = &replace->ioas, .ns = &replace->ns,
				      .ret = replace->ret };
	case EVENT_device_detach:
		return (struct view){ .ioas = &detach->ioas, .ns = &detach->ns };
	case EVENT_policy_verdict:
		return (struct view){ .ret = verdict->ret };
	}
	return (struct view){};
}

void table__init(struct output *output)
{
	if (output->options->wide)
		row__init(&output->row, COLUMNS(wide), 0);
	else
		row__init(&output->row, COLUMNS(narrow), NARROW_WIDTH);
}

void table__start(struct output *output)
{
	row__print_header(&output->row, stdout);
}

/* Seconds since the start in eight characters as long as they suffice, or the time of day. */
static void put_time(struct output *output, __u64 time_ns)
{
	__u64 since = time_ns > output->start_ns ? time_ns - output->start_ns : 0;
	unsigned int decimals = output->options->wide ? 9 : 6;
	__u64 limit = 10 * NS_PER_SEC, unit = 1;
	char date[16];
	struct tm tm;

	if (output->options->timestamps) {
		__u64 wall_ns = time_ns + output->wall_offset_ns;
		time_t seconds = wall_ns / NS_PER_SEC;

		localtime_r(&seconds, &tm);
		strftime(date, sizeof(date), "%H:%M:%S", &tm);
		row__printf(&output->row, 0, output->options->wide ? "%s.%09llu" : "%s.%03llu",
			    date, wall_ns % NS_PER_SEC /
			    (output->options->wide ? 1 : NS_PER_SEC / 1000));
		return;
	}
	if (!output->options->wide)
		for (; since >= limit && decimals > 1; limit *= 10)
			decimals--;
	for (limit = 9 - decimals; limit; limit--)
		unit *= 10;
	row__printf(&output->row, 0, "%llu.%0*llu", since / NS_PER_SEC, decimals,
		    since % NS_PER_SEC / unit);
}

static const char *result(__s32 ret, char buffer[ERRNAME_MAX])
{
	return ret ? errname(-ret, buffer) : "ok";
}

static void put_ns(struct row *row, unsigned int column, const __u64 *ns)
{
	char text[HUMAN_MAX];

	row__put(row, column, ns && *ns ? human__time(text, *ns) : "-");
}

static void put_id(struct row *row, unsigned int column, __u64 id)
{
	if (id == EVENT_NONE)
		row__put(row, column, "-");
	else
		row__number(row, column, id);
}

/* "00:04.0", with the segment only if it is not 0; "device 7" when it is no PCI device. */
static size_t put_device(char *text, size_t size, __u64 sbdf, __u64 device)
{
	char address[HUMAN_SBDF_MAX];

	if (sbdf == EVENT_NONE)
		return snprintf(text, size, "device %llu", device);
	human__sbdf(address, sbdf);
	return snprintf(text, size, "%s", sbdf >> 16 ? address : address + 5);
}

static void put_device_narrow(struct row *row, const struct event_record *record)
{
	/* All of them begin with the fields of bind or of attach. */
	const struct args_device_bind *bind = (const void *)record->args;
	const struct args_device_attach *attach = (const void *)record->args;
	const struct args_device_replace *replace = (const void *)record->args;
	char text[96];
	size_t length;

	length = put_device(text, sizeof(text), bind->sbdf, bind->device);
	if (record->event == EVENT_device_bind || record->event == EVENT_device_unbind) {
		if (bind->group != EVENT_NONE)
			snprintf(text + length, sizeof(text) - length, " group %llu", bind->group);
		goto put;
	}
	if (attach->pasid != EVENT_NONE)
		length += snprintf(text + length, sizeof(text) - length, " pasid %llu",
				   attach->pasid);
	if (attach->hwpt == EVENT_NONE)
		goto put;
	length += snprintf(text + length, sizeof(text) - length, " hwpt ");
	if (record->event == EVENT_device_replace && replace->old_hwpt != EVENT_NONE)
		length += snprintf(text + length, sizeof(text) - length, "%llu->",
				   replace->old_hwpt);
	snprintf(text + length, sizeof(text) - length, "%llu", attach->hwpt);
put:
	row__span(row, IOVA, RUNS, text);
}

/* "#3 ioas_map: the reason", with "audit" for one that nobody follows. */
static void put_verdict(struct output *output, const struct event_record *record)
{
	const struct args_policy_verdict *verdict = (const void *)record->args;
	char text[224], reason[EVENT_REASON_MAX], clean[4 * EVENT_REASON_MAX];

	event__reason(reason, record);
	text__clean(clean, sizeof(clean), reason, EVENT_REASON_MAX - 1, EVENT_REASON_MAX,
		    output->utf8);
	snprintf(text, sizeof(text), "#%llu%s %s%s%s", verdict->policy,
		 verdict->flags & IOMMUFD_POLICY_AUDIT ? " audit" : "", event__hook(record),
		 clean[0] ? ": " : "", clean);
	row__span(&output->row, IOVA, MAP, text);
}

static void put_narrow(struct output *output, const struct event_record *record,
		       const struct view *view)
{
	struct row *row = &output->row;
	char text[HUMAN_MAX], error[ERRNAME_MAX], comm[4 * EVENT_COMM_LEN];

	row__number(row, PID, ((const struct args_caller *)record->args)->tgid);
	text__clean(comm, sizeof(comm), record->comm, sizeof(record->comm), narrow[COMM].width,
		    output->utf8);
	row__put(row, COMM, comm);
	row__put(row, EVENT, event__short_name(record->event));
	put_id(row, IOAS, view->ioas ? *view->ioas : EVENT_NONE);
	if (view->iova) {
		row__hex(row, IOVA, *view->iova);
		row__put(row, LENGTH, *view->length == ~0ULL ? "all" :
			 human__bytes(text, *view->length));
		row__put(row, PROT, view->flags ? output__protection(*view->flags) : "-");
		row__put(row, PAGES, human__count(text, *view->pages));
		row__put(row, RUNS, human__count(text, *view->runs));
	} else if (record->event == EVENT_policy_verdict) {
		put_verdict(output, record);
		goto result;
	} else {
		put_device_narrow(row, record);
	}
	put_ns(row, PIN, view->pin_ns);
	put_ns(row, MAP, view->ns);
result:
	row__put(row, RESULT, result(view->ret, error));
}

/* Whether a field has a column of its own in the wide table. */
static bool has_wide_column(const struct event_field *field)
{
	static const char *const names[] = {
		"ctx", "tgid", "ioas", "iova", "length", "pages", "runs", "pin_ns", "map_ns",
		"ns", "ret",
	};
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], field->name))
			return true;
	return false;
}

static int put_more(char *text, size_t size, const struct event_field *field, __u64 value)
{
	char address[HUMAN_SBDF_MAX];

	switch (field->unit) {
	case EVENT_UNIT_addr:
	case EVENT_UNIT_flags:
		return snprintf(text, size, " %s=0x%llx", field->name, value);
	case EVENT_UNIT_sbdf:
		if (value == EVENT_NONE)
			return 0;
		return snprintf(text, size, " bdf=%s", human__sbdf(address, value));
	case EVENT_UNIT_id:
		if (value == EVENT_NONE)
			return 0;
		break;
	default:
		break;
	}
	return snprintf(text, size, " %s=%llu", field->name, value);
}

static void put_all_more(struct output *output, const struct event_record *record)
{
	const struct event_info *info = &event_infos[record->event];
	char text[640], reason[EVENT_REASON_MAX], clean[4 * EVENT_REASON_MAX];
	struct row *row = &output->row;
	size_t length = 0;
	unsigned int i;

	text[0] = text[1] = '\0';
	for (i = 0; i < info->nr_fields; i++)
		if (!has_wide_column(&info->fields[i]) && !event__is_reason(&info->fields[i]))
			length += put_more(text + length, sizeof(text) - length, &info->fields[i],
					   record->args[i]);
	if (record->event == EVENT_policy_verdict) {
		event__reason(reason, record);
		text__clean(clean, sizeof(clean), reason, EVENT_REASON_MAX - 1, EVENT_REASON_MAX,
			    output->utf8);
		snprintf(text + length, sizeof(text) - length, " hook_name=%s reason=%s",
			 event__hook(record), clean);
	}
	row__put(row, W_MORE, text + 1);	/* after the first blank */
}

static void put_full(struct row *row, unsigned int column, const __u64 *value)
{
	if (value)
		row__number(row, column, *value);
	else
		row__put(row, column, "-");
}

static void put_wide(struct output *output, const struct event_record *record,
		     const struct view *view)
{
	const struct args_caller *caller = (const void *)record->args;
	char error[ERRNAME_MAX], comm[4 * EVENT_COMM_LEN];
	struct row *row = &output->row;

	row__number(row, W_PID, caller->tgid);
	row__number(row, W_TID, record->tid);
	text__clean(comm, sizeof(comm), record->comm, sizeof(record->comm), EVENT_COMM_LEN,
		    output->utf8);
	row__put(row, W_COMM, comm);
	row__put(row, W_EVENT, event__short_name(record->event));
	put_id(row, W_CTX, caller->ctx);
	put_id(row, W_IOAS, view->ioas ? *view->ioas : EVENT_NONE);
	if (view->iova)
		row__printf(row, W_IOVA, "0x%llx", *view->iova);
	else
		row__put(row, W_IOVA, "-");
	put_full(row, W_LENGTH, view->length);
	row__put(row, W_PROT, view->flags ? output__protection(*view->flags) : "-");
	put_full(row, W_PAGES, view->pages);
	put_full(row, W_RUNS, view->runs);
	put_full(row, W_PIN, view->pin_ns && *view->pin_ns ? view->pin_ns : NULL);
	put_full(row, W_MAP, view->ns && *view->ns ? view->ns : NULL);
	row__put(row, W_RESULT, result(view->ret, error));
	put_all_more(output, record);
}

void table__event(struct output *output, const struct event_record *record)
{
	struct view view = view_of(record);

	row__begin(&output->row);
	put_time(output, record->time_ns);
	if (output->options->wide)
		put_wide(output, record, &view);
	else
		put_narrow(output, record, &view);
	row__print(&output->row, stdout);
}

void table__lost(struct output *output, __u64 count, __u64 total)
{
	char text[128], size[HUMAN_MAX];

	snprintf(text, sizeof(text), "LOST %llu events (%llu in all): the buffer of %s was full",
		 count, total, human__bytes(size, output->options->buffer_size));
	row__begin(&output->row);
	put_time(output, output__now());
	row__span(&output->row, 1, output->row.nr_columns - 1, text);
	row__print(&output->row, stdout);
}
