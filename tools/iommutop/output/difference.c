// SPDX-License-Identifier: GPL-2.0-only
/*
 * The difference of two models (--diff) as text, JSON lines and CSV. A value that a side does not
 * have is null in JSON, and empty in CSV.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "errname.h"
#include "human.h"
#include "msg.h"
#include "output/output.h"
#include "row.h"
#include "text.h"
#include "version.h"
#include "when.h"

#define SCHEMA 1

static const char *const change_names[] = {
	[DIFFERENCE_APPEARED] = "appeared",
	[DIFFERENCE_GONE] = "gone",
	[DIFFERENCE_CHANGED] = "changed",
};

/* The row that names the change. */
static const struct difference_row *row_of(const struct difference_change *change)
{
	return change->after ? change->after : change->before;
}

/* ---- text ---- */

enum {
	COLUMN_CHANGE,
	COLUMN_KIND,
	COLUMN_NAME,
	COLUMN_PID,
	COLUMN_CTX,
	COLUMN_WAS,
	COLUMN_PINNED,
	COLUMN_MORE,
	COLUMN_DETAIL,
	COLUMNS
};

static const struct row_column columns[COLUMNS] = {
	[COLUMN_CHANGE] = { "CHANGE", 8, false }, [COLUMN_KIND] = { "KIND", 7, false },
	[COLUMN_NAME] = { "NAME", 12, false },	  [COLUMN_PID] = { "PID", 7, true },
	[COLUMN_CTX] = { "CTX", 5, true },	  [COLUMN_WAS] = { "WAS", 6, true },
	[COLUMN_PINNED] = { "PINNED", 6, true },  [COLUMN_MORE] = { "MORE", 7, true },
	[COLUMN_DETAIL] = { "OTHER", 0, false },
};

static const char *size_text(char text[HUMAN_MAX], const struct difference_row *row)
{
	return row && row->pinned != MODEL_NONE ? human__bytes(text, row->pinned) : "-";
}

struct detail {
	char text[256];
	size_t used;
};

static void add_detail(struct detail *detail, const char *what, const char *before,
		       const char *after)
{
	if (detail->used < sizeof(detail->text))
		detail->used += snprintf(detail->text + detail->used,
					 sizeof(detail->text) - detail->used, "%s%s%s to %s",
					 detail->used ? ", " : "", what, before, after);
}

static void add_number(struct detail *detail, const char *what, __u64 before, __u64 after,
		       char *(*format)(char text[HUMAN_MAX], __u64 number))
{
	char from[HUMAN_MAX], to[HUMAN_MAX];

	if (before != after)
		add_detail(detail, what, before == MODEL_NONE ? "none" : format(from, before),
			   after == MODEL_NONE ? "none" : format(to, after));
}

/* Name the device, and the changes other than that of pinned memory. */
static void describe(const struct difference_change *change, struct detail *detail)
{
	const struct difference_row *before = change->before, *after = change->after;
	char name[4 * DIFFERENCE_TEXT], from[4 * MODEL_TEXT], to[4 * MODEL_TEXT];
	const struct difference_row *row = row_of(change);

	text__clean(name, sizeof(name), row->name, sizeof(row->name), DIFFERENCE_TEXT, false);
	detail->used = snprintf(detail->text, sizeof(detail->text), "%s", name);
	if (!before || !after)
		return;
	add_number(detail, "areas ", before->areas, after->areas, human__count);
	add_number(detail, "limit ", before->limit, after->limit, human__bytes);
	if (!strncmp(before->attached, after->attached, sizeof(before->attached)))
		return;
	text__clean(from, sizeof(from), before->attached, MODEL_TEXT, MODEL_TEXT, false);
	text__clean(to, sizeof(to), after->attached, MODEL_TEXT, MODEL_TEXT, false);
	add_detail(detail, "attached ", *from ? from : "to none", *to ? to : "none");
}

static void print_change(struct row *row, const struct difference_change *change, FILE *out)
{
	const struct difference_row *named = row_of(change);
	const char *name = *named->machine ? named->machine : named->comm;
	size_t size = *named->machine ? sizeof(named->machine) : sizeof(named->comm);
	__s64 more = difference__pinned(change);
	char text[4 * MODEL_TEXT], was[HUMAN_MAX];
	struct detail detail = {};

	row__begin(row);
	row__put(row, COLUMN_CHANGE, change_names[change->kind]);
	row__put(row, COLUMN_KIND, model_kind_names[named->key.kind]);
	text__clean(text, sizeof(text), *name ? name : "-", size, MODEL_TEXT, false);
	row__put(row, COLUMN_NAME, text);
	if (named->tgid == EVENT_NONE)
		row__put(row, COLUMN_PID, "-");
	else
		row__number(row, COLUMN_PID, named->tgid);
	row__number(row, COLUMN_CTX, named->ctx);
	row__put(row, COLUMN_WAS, size_text(was, change->before));
	row__put(row, COLUMN_PINNED, size_text(was, change->after));
	if (named->pinned == MODEL_NONE)
		row__put(row, COLUMN_MORE, "-");
	else
		row__printf(row, COLUMN_MORE, "%s%s",
			    more < 0 ? "-" :
			    more     ? "+" :
				       "",
			    human__bytes(was, more < 0 ? -(__u64)more : (__u64)more));
	describe(change, &detail);
	row__put(row, COLUMN_DETAIL, detail.text);
	row__print(row, out);
}

static void print_text(const struct difference *difference, bool quiet, FILE *out)
{
	const struct difference_side *sides = difference->sides;
	const __s64 more = sides[1].pinned - sides[0].pinned;
	char from[WHEN_MAX], to[WHEN_MAX], was[HUMAN_MAX], is[HUMAN_MAX], change[HUMAN_MAX];
	struct row row;
	unsigned int i;

	if (!quiet)
		fprintf(out, "From %s to %s: pinned %s, then %s (%s%s); %u change%s\n",
			when__text(from, sides[0].time_ns), when__text(to, sides[1].time_ns),
			human__bytes(was, sides[0].pinned), human__bytes(is, sides[1].pinned),
			more < 0 ? "-" : "+",
			human__bytes(change, more < 0 ? -(__u64)more : (__u64)more),
			difference->changes.nr, difference->changes.nr == 1 ? "" : "s");
	row__init(&row, columns, COLUMNS, 0);
	if (!quiet && difference->changes.nr)
		row__print_header(&row, out);
	for (i = 0; i < difference->changes.nr; i++)
		print_change(&row, array__at(&difference->changes, i), out);
}

/* ---- JSON ---- */

static void put_number(struct json *json, const char *key, __u64 number, bool is_there)
{
	json__u64_or_null(json, key, is_there && number != MODEL_NONE, number);
}

static void put_values(struct json *json, const char *key, const struct difference_row *row)
{
	json__object(json, key);
	put_number(json, "pinned_bytes", row->pinned, row);
	put_number(json, "areas", row->areas, row);
	put_number(json, "limit_bytes", row->limit, row);
	json__string_or_null(json, "attached", row->attached, sizeof(row->attached));
	json__end(json);
}

static void put_change(struct json *json, const struct difference_change *change)
{
	const struct difference_row *row = row_of(change);

	json__object(json, NULL);
	json__string(json, "type", "change");
	json__string(json, "change", change_names[change->kind]);
	json__string(json, "kind", model_kind_names[row->key.kind]);
	json__string_or_null(json, "machine", row->machine, sizeof(row->machine));
	json__string_or_null(json, "comm", row->comm, sizeof(row->comm));
	put_number(json, "tgid", row->tgid, row->tgid != EVENT_NONE);
	json__u64(json, "ctx", row->ctx);
	json__string_or_null(json, "name", row->name, sizeof(row->name));
	json__s64(json, "pinned_change_bytes", difference__pinned(change));
	if (change->before)
		put_values(json, "before", change->before);
	else
		json__null(json, "before");
	if (change->after)
		put_values(json, "after", change->after);
	else
		json__null(json, "after");
	json__end(json);
	json__line(json);
}

static void print_json(const struct difference *difference, FILE *out)
{
	const struct difference_side *sides = difference->sides;
	struct json json;
	unsigned int i;

	json__init(&json, out);
	json__object(&json, NULL);
	json__string(&json, "type", "diff");
	json__u64(&json, "schema", SCHEMA);
	json__string(&json, "tool", "iommutop");
	json__string(&json, "version", IOMMUSCOPE_VERSION);
	json__u64(&json, "from_realtime_ns", sides[0].time_ns);
	json__u64(&json, "to_realtime_ns", sides[1].time_ns);
	json__u64(&json, "from_pinned_bytes", sides[0].pinned);
	json__u64(&json, "to_pinned_bytes", sides[1].pinned);
	json__u64(&json, "changes", difference->changes.nr);
	json__end(&json);
	json__line(&json);
	for (i = 0; i < difference->changes.nr; i++)
		put_change(&json, array__at(&difference->changes, i));
}

/* ---- CSV ---- */

static void put_cell(FILE *out, __u64 number, bool is_there)
{
	if (is_there && number != MODEL_NONE)
		fprintf(out, ",%llu", number);
	else
		putc(',', out);
}

static void put_name(FILE *out, const char *name, size_t size)
{
	char text[4 * MODEL_TEXT];

	text__clean(text, sizeof(text), name, size, size, true);
	putc(',', out);
	csv__put_text(text, out);
}

static void print_csv(const struct difference *difference, bool quiet, FILE *out)
{
	unsigned int i;

	if (!quiet)
		fputs("change,kind,machine,comm,tgid,ctx,name,pinned_before_bytes,pinned_bytes,"
		      "pinned_change_bytes,areas_before,areas,limit_before_bytes,limit_bytes,"
		      "attached_before,attached\n",
		      out);
	for (i = 0; i < difference->changes.nr; i++) {
		const struct difference_change *change = array__at(&difference->changes, i);
		const struct difference_row *before = change->before, *after = change->after;
		const struct difference_row *row = row_of(change);

		fprintf(out, "%s,%s", change_names[change->kind], model_kind_names[row->key.kind]);
		put_name(out, row->machine, sizeof(row->machine));
		put_name(out, row->comm, sizeof(row->comm));
		put_cell(out, row->tgid, row->tgid != EVENT_NONE);
		put_cell(out, row->ctx, true);
		put_name(out, row->name, sizeof(row->name));
		put_cell(out, before ? before->pinned : 0, before);
		put_cell(out, after ? after->pinned : 0, after);
		fprintf(out, ",%lld", difference__pinned(change));
		put_cell(out, before ? before->areas : 0, before);
		put_cell(out, after ? after->areas : 0, after);
		put_cell(out, before ? before->limit : 0, before);
		put_cell(out, after ? after->limit : 0, after);
		put_name(out, before ? before->attached : "", before ? MODEL_TEXT : 0);
		put_name(out, after ? after->attached : "", after ? MODEL_TEXT : 0);
		putc('\n', out);
	}
}

int output__difference(const struct difference *difference, enum output_kind kind, bool quiet)
{
	char name[ERRNAME_MAX];
	int err;

	if (kind == OUTPUT_JSON)
		print_json(difference, stdout);
	else if (kind == OUTPUT_CSV)
		print_csv(difference, quiet, stdout);
	else
		print_text(difference, quiet, stdout);
	errno = EIO;
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	err = -errno;
	if (err == -EPIPE)
		return 0;
	msg("cannot write to stdout: %s", errname(-err, name));
	return err;
}
