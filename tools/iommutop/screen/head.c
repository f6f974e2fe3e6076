// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lines above the view: time and totals, their history, the tabs of the views.
 *
 * A low window has fewer lines: it first loses the history, then the tabs. A narrow window has
 * shorter words. Figures have fields of fixed width, so that they stay in place.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "human.h"
#include "screen/screen_private.h"
#include "term/term.h"
#include "view/graph.h"

#define TRENDS 256

#define LINES_FOR_HISTORY 18
#define LINES_FOR_TABS 12
#define COLUMNS_FOR_WORDS 78
#define COLUMNS_FOR_NAME 90

/* Of all contexts. Rates are per second. */
struct totals {
	__u64 pinned;
	__u64 mapped;
	__u64 maps;
	__u64 faults;
};

struct ui_trends {
	struct totals at[TRENDS]; /* a ring */
	unsigned int next;
	unsigned int nr;
	unsigned int contexts;
	unsigned int ioases;
	unsigned int devices;
	struct model_key fullest; /* context closest to its limit */
	bool has_fullest;
	__u64 lost; /* events and runs, since the start */
	__u64 lost_ns; /* time of the last loss */
};

static int tabs_y;
static int tabs_x[NR_VIEWS + 1]; /* and the end of the last one */

int head__start(struct ui *ui)
{
	tabs_y = -1;
	ui->trends = calloc(1, sizeof(*ui->trends));
	return ui->trends ? 0 : -ENOMEM;
}

void head__stop(struct ui *ui)
{
	free(ui->trends);
	ui->trends = NULL;
}

void head__restart(struct ui *ui)
{
	*ui->trends = (struct ui_trends){};
}

static __u64 per_second(__u64 events, __u64 interval_ns)
{
	return interval_ns ? (events * NS_PER_SEC + interval_ns / 2) / interval_ns : 0;
}

static void add_node(struct ui_trends *trends, struct totals *totals, const struct model_node *node,
		     __u64 *share)
{
	if (node->ioas != EVENT_NONE) {
		trends->ioases++;
		return;
	}
	trends->contexts++;
	totals->pinned += node->pinned == MODEL_NONE ? 0 : node->pinned;
	totals->mapped += node->mapped == MODEL_NONE ? 0 : node->mapped;
	if (node->limit_share != MODEL_NONE &&
	    (!trends->has_fullest || node->limit_share > *share)) {
		*share = node->limit_share;
		trends->fullest = node->key;
		trends->has_fullest = true;
	}
}

/* Note the time of each new loss. */
static void note_losses(struct ui_trends *trends, const struct model *model)
{
	const struct model_self *self;
	__u64 lost;

	if (!model__nr(model, MODEL_SELF))
		return;
	self = model__row(model, MODEL_SELF, 0);
	lost = self->lost_counts + self->lost_lines + self->missed;
	if (lost != trends->lost)
		trends->lost_ns = model->time_ns;
	trends->lost = lost;
}

void head__refreshed(struct ui *ui)
{
	struct ui_trends *trends = ui->trends;
	const struct model *model = ui->model;
	struct totals totals = {};
	__u64 share = 0, faults = 0;
	unsigned int i;

	note_losses(trends, model);
	trends->contexts = trends->ioases = trends->devices = 0;
	trends->has_fullest = false;
	for (i = 0; i < model__nr(model, MODEL_NODES); i++)
		add_node(trends, &totals, model__row(model, MODEL_NODES, i), &share);
	for (i = 0; i < model__nr(model, MODEL_DEVICES); i++)
		trends->devices += !model__is_child(model__row(model, MODEL_DEVICES, i));
	for (i = 0; i < model__nr(model, MODEL_FAULTS); i++) {
		const struct model_fault *fault = model__row(model, MODEL_FAULTS, i);

		faults += fault->groups == MODEL_NONE ? 0 : fault->groups;
		faults += fault->dma == MODEL_NONE ? 0 : fault->dma;
	}
	totals.faults = per_second(faults, model->interval_ns);
	totals.maps =
		per_second(model->now.maps == MODEL_NONE ? 0 : model->now.maps, model->interval_ns);
	trends->at[trends->next] = totals;
	trends->next = (trends->next + 1) % TRENDS;
	trends->nr += trends->nr < TRENDS;
}

static const struct totals *latest(const struct ui_trends *trends)
{
	return &trends->at[(trends->next + TRENDS - 1) % TRENDS];
}

static void draw_totals(const struct ui *ui, int columns, bool has_tabs)
{
	const struct ui_trends *trends = ui->trends;
	const struct totals *totals = latest(trends);
	char mapped[HUMAN_MAX], pinned[HUMAN_MAX], faults[HUMAN_MAX], day[MODEL_TIME];
	const char *name = has_tabs ? "iommutop" : views[ui->view]->title;
	int x = 0;

	model__time_of_day(day, ui->model, ui->model->time_ns, false);
	human__bytes(mapped, totals->mapped);
	human__bytes(pinned, totals->pinned);
	human__count(faults, totals->faults);
	if (columns >= COLUMNS_FOR_NAME || (!has_tabs && columns >= COLUMNS_FOR_NAME - 1))
		x = term__printf(0, 0, 10, STYLE_BOLD, "%-9s ", name);
	if (columns >= COLUMNS_FOR_WORDS) {
		term__printf(0, x, columns - x, STYLE_BOLD,
			     "%s %4u context%-2s%4u IOAS%-3s mapped %5s  pinned %5s %5s fault%s/s",
			     day, trends->contexts, trends->contexts == 1 ? "" : "s",
			     trends->ioases, trends->ioases == 1 ? "" : "es", mapped, pinned,
			     faults, totals->faults == 1 ? "" : "s");
		return;
	}
	term__printf(0, 0, columns, STYLE_BOLD, "%s %uc %ui map %s pin %s %sf/s", day,
		     trends->contexts, trends->ioases, mapped, pinned, faults);
}

struct trend {
	const char *label;
	const char *figure;
	size_t offset; /* of a __u64 in struct totals */
	bool from_least;
	char *(*human)(char *text, __u64 value);
};

static void draw_trend(const struct ui_trends *trends, int y, int x, int width,
		       const struct trend *trend)
{
	static __u64 values[TRENDS];
	const struct graph graph = {
		.label = trend->label,
		.figure = trend->figure,
		.values = values,
		.nr = trends->nr,
		.from_least = trend->from_least,
		.human = trend->human,
	};
	unsigned int ago;

	for (ago = 0; ago < trends->nr; ago++) {
		const struct totals *at = &trends->at[(trends->next + TRENDS - 1 - ago) % TRENDS];

		values[ago] = *(const __u64 *)((const char *)at + trend->offset);
	}
	graph__draw(&graph, y, x, 1, width);
}

static void draw_fullest(const struct ui *ui, int y, int x, int width)
{
	const struct model_node *node = NULL;
	char share[MODEL_CELL], comm[MODEL_CELL], bar[MODEL_CELL], label[MODEL_CELL];
	char machine[MODEL_CELL];
	int index = -1;

	if (ui->trends->has_fullest)
		index = model__find(ui->model, MODEL_NODES, &ui->trends->fullest);
	x += term__put(y, x, 8, STYLE_LABEL, "Limit   ");
	width -= 8;
	if (index < 0) {
		term__put(y, x, width, STYLE_DIM, "none");
		return;
	}
	node = model__row(ui->model, MODEL_NODES, index);
	view__text(share, ui->model, MODEL_NODES, "limit_share", node);
	view__text(comm, ui->model, MODEL_NODES, "comm", node);
	view__text(machine, ui->model, MODEL_NODES, "machine", node);
	snprintf(label, sizeof(label), " %.20s %u %.12s%%", *node->machine ? machine : comm,
		 node->tgid, share);
	term__bar(bar, sizeof(bar), width, node->limit_share, 10000, label);
	term__put(y, x, width, view__share_style(node->limit_share), bar);
}

static void draw_history(const struct ui *ui, int y, int columns)
{
	const struct totals *totals = latest(ui->trends);
	int half = columns / 2 - 1, right = columns - half;
	char pinned[HUMAN_MAX], maps[HUMAN_MAX + 2], faults[HUMAN_MAX + 2], figure[HUMAN_MAX];
	const struct trend trends[] = {
		{ "Pinned", human__bytes(pinned, totals->pinned), offsetof(struct totals, pinned),
		  true, human__bytes },
		{ "Maps", maps, offsetof(struct totals, maps), false, human__count },
		{ "Faults", faults, offsetof(struct totals, faults), false, human__count },
	};

	snprintf(maps, sizeof(maps), "%s/s", human__count(figure, totals->maps));
	snprintf(faults, sizeof(faults), "%s/s", human__count(figure, totals->faults));
	draw_trend(ui->trends, y, 0, half, &trends[0]);
	draw_trend(ui->trends, y, right, half, &trends[1]);
	draw_fullest(ui, y + 1, 0, half);
	draw_trend(ui->trends, y + 1, right, half, &trends[2]);
}

#define COLUMNS_FOR_TITLES 70
#define COLUMNS_FOR_BLANKS 92

/*
 * Draw the titles of all views, in a window of 80 columns without blanks, as in the bar of function
 * keys; in a narrower one only the title of the view that is shown.
 */
static void draw_tabs(const struct ui *ui, int y, int columns)
{
	const char *blank = columns >= COLUMNS_FOR_BLANKS ? " " : "";
	int view, x = 0;

	tabs_y = y;
	for (view = 0; view < NR_VIEWS; view++) {
		bool is_shown = view == (int)ui->view;
		const char *title = is_shown || columns >= COLUMNS_FOR_TITLES ? views[view]->title :
										"";
		char text[32];

		snprintf(text, sizeof(text), "%s%s%s%s%s",
			 is_shown ? "[" :
			 view	  ? " " :
				    blank,
			 keys__name(ACTION_VIEW_1 + view), *title ? blank : "", title,
			 is_shown ? "]" : "");
		tabs_x[view] = x;
		x += term__put(y, x, strlen(text), is_shown ? STYLE_TAB : STYLE_NORMAL, text);
	}
	tabs_x[NR_VIEWS] = x;
}

int head__draw(const struct ui *ui, int lines, int columns)
{
	bool has_tabs = lines >= LINES_FOR_TABS;
	int y = 1;

	tabs_y = -1;
	draw_totals(ui, columns, has_tabs);
	if (lines >= LINES_FOR_HISTORY) {
		draw_history(ui, y, columns);
		y += 2;
	}
	if (has_tabs)
		draw_tabs(ui, y++, columns);
	return y;
}

int head__tab_at(int y, int x)
{
	int view;

	if (y != tabs_y)
		return -1;
	for (view = 0; view < NR_VIEWS; view++)
		if (x >= tabs_x[view] && x < tabs_x[view + 1])
			return view;
	return -1;
}

bool head__missing(const struct ui *ui, char text[UI_TEXT])
{
	unsigned int i, used = 0, nr = 0;
	char name[MODEL_CELL];

	for (i = 0; i < model__nr(ui->model, MODEL_POLICIES); i++) {
		const struct model_policy *policy = model__row(ui->model, MODEL_POLICIES, i);

		if (!policy->missing || nr++ >= 3)
			continue;
		view__text(name, ui->model, MODEL_POLICIES, "name", policy);
		used += snprintf(text + used, UI_TEXT - used, "%s %.32s", used ? "," : "", name);
	}
	if (!nr)
		return false;
	snprintf(name, sizeof(name), "%.130s", text);
	snprintf(text, UI_TEXT, "%s no binds, attaches and maps: missing polic%s%.130s%s",
		 term__sign(SIGN_WARNING), nr == 1 ? "y" : "ies", name, nr > 3 ? ", ..." : "");
	return true;
}

/* A loss is worth a line for so long; the view self and JSON keep the counts. */
#define LOSS_SHOWN_NS (60 * NS_PER_SEC)

bool head__losses(const struct ui *ui, char text[UI_TEXT])
{
	const struct ui_trends *trends = ui->trends;
	const struct model_self *self;
	unsigned int used, i;
	bool is_recent;

	if (!model__nr(ui->model, MODEL_SELF))
		return false;
	self = model__row(ui->model, MODEL_SELF, 0);
	is_recent = trends->lost && ui->model->time_ns - trends->lost_ns < LOSS_SHOWN_NS;
	const struct {
		__u64 count;
		const char *what;
		const char *what_one;
	} losses[] = {
		{ is_recent ? self->lost_counts : 0, "events not counted", "event not counted" },
		{ is_recent ? self->lost_lines : 0, "events without a line",
		  "event without a line" },
		{ is_recent ? self->missed : 0, "runs of BPF programs missed",
		  "run of a BPF program missed" },
		{ self->cut, "rows left out now", "row left out now" },
	};

	used = sprintf(text, "%s lost since iommutop started:", term__sign(SIGN_WARNING));
	for (i = 0; i < sizeof(losses) / sizeof(losses[0]); i++)
		if (losses[i].count)
			used += sprintf(text + used, " %llu %s;", losses[i].count,
					losses[i].count == 1 ? losses[i].what_one : losses[i].what);
	if (text[used - 1] != ';')
		return false;
	text[used - 1] = '\0';
	return true;
}

void head__self(const struct ui *ui, char text[UI_TEXT])
{
	const struct model_table_info *info = &model_tables[MODEL_SELF];
	unsigned int i, used;
	const void *row;

	used = stpcpy(text, "iommutop itself:") - text;
	if (!model__nr(ui->model, MODEL_SELF))
		return;
	row = model__row(ui->model, MODEL_SELF, 0);
	for (i = 0; i < info->nr_columns; i++) {
		char cell[MODEL_CELL];

		if (info->columns[i].flags & MODEL_COLUMN_WIDE)
			continue;
		model__format(cell, ui->model, &info->columns[i], row, term__utf8());
		used += snprintf(text + used, UI_TEXT - used, "  %s %s", info->columns[i].title,
				 cell);
		if (used >= UI_TEXT)
			break;
	}
}
