// SPDX-License-Identifier: GPL-2.0-only
/*
 * The view of the IOVA map: the used, free and reserved addresses of one IOAS.
 *
 * There are two proportional drawings. The bar shows all addresses of the page table, of which most
 * programs use a sliver at one end. The map below shows the addresses from the lowest to the
 * highest used one, line by line. Each of its cells stands for an equal number of whole pages, and
 * its fill for the used part of them; the legend below has both.
 *
 * The model collects the data for one IOAS, and only while the view is shown.
 */
#include <stdio.h>
#include <string.h>

#include "event.h"
#include "human.h"
#include "term/term.h"
#include "view/view.h"

#define CELLS_MAX 4096

static struct view_list areas, ranges;
static unsigned int focus;
static struct model_key listed; /* IOAS of the rows in the lists */

/* The used and reserved part of each cell, in 1/256. */
static __u16 used_part[CELLS_MAX], reserved_part[CELLS_MAX];

static void length_cell(struct view_cell *cell, const struct view_row *of)
{
	const struct model_area *area = of->row;

	view__length_class(cell->text, area->first, area->last);
}

/* The share of all mapped memory, as a bar. */
static void share_cell(struct view_cell *cell, const struct view_row *of)
{
	const struct model_area *area = of->row;
	char share[16];
	__u64 used = of->model->space.used;

	snprintf(share, sizeof(share), "%3.0f%%", used ? 100.0 * area->bytes / used : 0.0);
	term__bar(cell->text, sizeof(cell->text), of->width, area->bytes, used, share);
	cell->style = STYLE_USED;
}

static void use_cell(struct view_cell *cell, const struct view_row *of)
{
	const struct model_range *range = of->row;

	view__text(cell->text, of->model, MODEL_RANGES, "use", range);
	if (range->kind == MODEL_RANGE_USED)
		cell->style = STYLE_USED;
	else if (range->kind == MODEL_RANGE_RESERVED)
		cell->style = STYLE_RESERVED;
	else
		cell->style = STYLE_DIM;
}

static const struct view_column area_columns[] = {
	{ .name = "first",
	  .title = "LENGTH",
	  .width = 14,
	  .cell = length_cell,
	  .left = true,
	  .searched = true },
	{ .name = "areas" },
	{ .name = "length" },
	{ .name = "length",
	  .title = "OF ALL MAPPED",
	  .width = 20,
	  .least = 8,
	  .most = 60,
	  .cell = share_cell,
	  .left = true },
};

static const struct view_column range_columns[] = {
	{ .name = "first", .left = false },
	{ .name = "last" },
	{ .name = "use", .width = 8, .most = 10, .cell = use_cell, .left = true },
	{ .name = "length" },
	{ .name = "areas" },
};

static void start(void)
{
	view_list__close(&areas);
	view_list__close(&ranges);
	VIEW_LIST_INIT(&areas, MODEL_AREAS, area_columns);
	VIEW_LIST_INIT(&ranges, MODEL_RANGES, range_columns);
	areas.empty = "nothing is mapped in this IOAS";
	ranges.empty = "the ranges are not known";
	memset(&listed, 0, sizeof(listed));
	focus = 0;
}

/* ---- which IOAS ---- */

/* Begin at the top of the lists of another IOAS. */
static void note_ioas(struct ui *ui)
{
	if (memcmp(&ui->ioas, &listed, sizeof(listed))) {
		view_list__home(&areas, ui->model);
		view_list__home(&ranges, ui->model);
	}
	listed = ui->ioas;
}

static void enter(struct ui *ui)
{
	ui->model->want.space = true;
	view_ioas__choose(ui);
	note_ioas(ui);
}

static void leave(struct ui *ui)
{
	ui->model->want.space = false;
}

static void update(struct ui *ui)
{
	if (!ui->ioas.kind)
		view_ioas__choose(ui);
	note_ioas(ui);
}

static bool act(const struct view *view, struct ui *ui, enum action action)
{
	(void)view;
	switch (action) {
	case ACTION_OTHER:
		focus ^= 1;
		return true;
	case ACTION_OPEN:
		ui->next_view = VIEW_AREAS;
		return true;
	default:
		return view_ioas__act(ui, action);
	}
}

/* ---- drawing ---- */

/*
 * Add the range [from, last] to the cells, which stand for span addresses from first on. density is
 * the used part of the range.
 */
static void cover(__u16 *parts, unsigned int cells, __u64 first, double span, __u64 from,
		  __u64 last, double density)
{
	double per_cell = span / cells, begin, end;
	unsigned int cell;

	begin = ((double)from - (double)first) / per_cell;
	end = ((double)last - (double)first + 1) / per_cell;
	if (begin < 0)
		begin = 0;
	if (end > cells)
		end = cells;
	for (cell = begin; cell < cells && cell < end; cell++) {
		double low = begin > cell ? begin : cell, high = end < cell + 1 ? end : cell + 1;
		double part = parts[cell] + (high - low) * density * 256;

		/* Even the smallest range is visible. */
		if (part < parts[cell] + 1)
			part = parts[cell] + 1;
		parts[cell] = part < 256 ? part : 256;
	}
}

/* span may reach beyond the last address. */
static void cover_all(const struct model *model, unsigned int cells, __u64 first, double span)
{
	unsigned int i;

	memset(used_part, 0, cells * sizeof(*used_part));
	memset(reserved_part, 0, cells * sizeof(*reserved_part));
	for (i = 0; i < model__nr(model, MODEL_RANGES); i++) {
		const struct model_range *range = model__row(model, MODEL_RANGES, i);
		double length = (double)range->last - (double)range->first + 1;

		if (range->last < first || (double)range->first >= first + span)
			continue;
		if (range->kind == MODEL_RANGE_USED)
			cover(used_part, cells, first, span, range->first, range->last,
			      range->bytes / length);
		else if (range->kind == MODEL_RANGE_RESERVED)
			cover(reserved_part, cells, first, span, range->first, range->last, 1);
	}
}

/* The sign of a cell. Reserved cells have their own, because colours may be off. */
static const char *cell_sign(unsigned int index, enum term_style *style)
{
	if (used_part[index] && used_part[index] * 2 >= reserved_part[index]) {
		*style = STYLE_USED;
		return term__fill(1 + used_part[index] * (TERM_FILLS - 1) / 256);
	}
	*style = reserved_part[index] ? STYLE_RESERVED : STYLE_NORMAL;
	return reserved_part[index] ? term__sign(SIGN_RESERVED) : " ";
}

/* Draw a line of cells from index on. Cells of one style go in one call: there are thousands. */
static void draw_cells(int y, int x, unsigned int index, unsigned int cells)
{
	enum term_style style = STYLE_NORMAL, next = STYLE_NORMAL;
	unsigned int end = index + cells, used = 0, columns = 0;
	char text[512];

	for (; index <= end; index++) {
		const char *sign = index < end ? cell_sign(index, &next) : "";

		if (columns && (index == end || next != style || used + 8 > sizeof(text))) {
			term__put(y, x, columns, style, text);
			x += columns;
			used = columns = 0;
		}
		style = next;
		used = stpcpy(text + used, sign) - text;
		columns++;
	}
}

#define EDGE 18 /* columns of an address: 0xffffffffffffffff */

/* Draw the bar of all addresses. */
static void draw_whole(const struct model *model, int y, int width)
{
	unsigned int nr = model__nr(model, MODEL_RANGES), cells;
	const struct model_range *lowest, *highest;
	__u64 last;
	int bits;

	if (!nr || width < 24)
		return;
	lowest = model__row(model, MODEL_RANGES, 0);
	highest = model__row(model, MODEL_RANGES, nr - 1);
	/* Leave out addresses above the IOMMU's address width; the number of bits shows it. */
	last = highest->last;
	if (highest->kind == MODEL_RANGE_RESERVED && nr > 1 && highest->first)
		last = highest->first - 1;
	bits = last ? 64 - __builtin_clzll(last) : 0;
	cells = width - 16;
	cells = cells < CELLS_MAX ? cells : CELLS_MAX;
	cover_all(model, cells, lowest->first, (double)last - (double)lowest->first + 1);
	term__put(y, 0, 5, STYLE_LABEL, "all [");
	draw_cells(y, 5, 0, cells);
	term__printf(y, 5 + cells, 11, STYLE_LABEL, "] %d bits", bits);
}

/*
 * The bytes of a cell, so that the cells cover [begin, last]: whole pages, and rounded up to a
 * short number, a power of two or one and a half of it.
 */
static __u64 cell_bytes(__u64 begin, __u64 last, unsigned int cells)
{
	__u64 least = (last - begin) / cells + 1, step;
	int bits = 64 - __builtin_clzll(least);

	step = 1ULL << (bits > 2 ? bits - 2 : 0);
	if (step < event__page_size())
		step = event__page_size();
	return (least + step - 1) / step * step;
}

/* Draw the meaning of the cells. */
static void draw_legend(int y, int width, __u64 bytes)
{
	char size[HUMAN_MAX];
	int x, i;

	x = term__printf(y, 0, width, STYLE_LABEL, "each cell %s: ", human__bytes(size, bytes));
	for (i = 1; i <= TERM_FILLS; i++)
		x += term__put(y, x, 1, STYLE_USED, term__fill(i));
	x += term__put(y, x, width - x, STYLE_LABEL, " used, from a page to all  ");
	x += term__put(y, x, 1, STYLE_RESERVED, term__sign(SIGN_RESERVED));
	term__put(y, x, width - x, STYLE_LABEL, " reserved  blank: free");
}

/* Draw the map from the lowest to the highest used address, and its legend in the last line. */
static void draw_map(const struct model *model, int y, int lines, int width)
{
	const struct model_space *space = &model->space;
	unsigned int columns = width - EDGE - 1;
	__u64 begin = space->first & ~(event__page_size() - 1), bytes, used_cells;
	int line, needed;

	if (lines > 1)
		lines--; /* for the legend */
	if (!space->areas || lines < 1 || width < EDGE + 8)
		return;
	if (columns * lines > CELLS_MAX)
		lines = CELLS_MAX / columns;
	bytes = cell_bytes(begin, space->last, columns * lines);
	used_cells = (space->last - begin) / bytes + 1;
	needed = (used_cells + columns - 1) / columns;
	lines = needed < lines ? needed : lines;
	cover_all(model, columns * lines, begin, (double)bytes * columns * lines);
	for (line = 0; line < lines; line++) {
		term__printf(y + line, 0, EDGE, STYLE_LABEL, "%#*llx", EDGE,
			     begin + bytes * columns * line);
		draw_cells(y + line, EDGE + 1, line * columns, columns);
	}
	draw_legend(y + lines, width, bytes);
}

/* Draw two lines of figures, and return their number. */
static int draw_figures(const struct ui *ui, int y, int width)
{
	const struct model_space *space = &ui->model->space;
	const struct model_node *node = view_ioas__node(ui);
	char used[HUMAN_MAX], reserved[HUMAN_MAX], hole[HUMAN_MAX], comm[MODEL_CELL] = "";
	char pid[MODEL_CELL] = "-";

	if (node) {
		view__text(comm, ui->model, MODEL_NODES, "comm", node);
		view__text(pid, ui->model, MODEL_NODES, "pid", node);
	}
	strcpy(reserved, "-");
	if (space->reserved != MODEL_NONE)
		human__bytes(reserved, space->reserved);
	term__printf(y, 0, width, STYLE_BOLD, "ioas %u of context %u, %.64s %.10s: %s in %llu %s",
		     space->ioas, space->ctx, comm, pid, human__bytes(used, space->used),
		     space->areas, space->areas == 1 ? "area" : "areas");
	if (!space->holes)
		term__printf(y + 1, 0, width, STYLE_NORMAL, "no holes, reserved %s", reserved);
	else if (width >= 72)
		term__printf(y + 1, 0, width, STYLE_NORMAL,
			     "largest hole %s at %#llx, holes %llu, fragmentation %llu.%llu%%, "
			     "reserved %s",
			     human__bytes(hole, space->largest_hole), space->largest_hole_first,
			     space->holes, space->fragmentation / 100,
			     space->fragmentation / 10 % 10, reserved);
	else
		term__printf(y + 1, 0, width, STYLE_NORMAL,
			     "largest hole %s, fragmentation %llu.%llu%%",
			     human__bytes(hole, space->largest_hole), space->fragmentation / 100,
			     space->fragmentation / 10 % 10);
	return 2;
}

static void draw_absent(const struct ui *ui, int y, int width)
{
	view_list__hide(&areas);
	view_list__hide(&ranges);
	term__put(y, 1, width - 1, STYLE_DIM, view_ioas__why_absent(ui, ui->model->want.space));
	if (*ui->model->missing)
		term__put(y + 1, 1, width - 1, STYLE_DIM, ui->model->missing);
}

#define LIST_LEAST 3

static void draw(const struct view *view, struct ui *ui, int y, int lines, int width)
{
	const struct model_space *space = &ui->model->space;
	struct view_list *list = focus ? &ranges : &areas, *other = focus ? &areas : &ranges;
	int below, map;

	(void)view;
	if (!space->is_there || space->ctx != ui->ioas.ctx || space->ioas != ui->ioas.id ||
	    !view_ioas__node(ui)) {
		draw_absent(ui, y, width);
		return;
	}
	y += draw_figures(ui, y, width);
	lines -= 2;
	below = list->nr + 1 > LIST_LEAST ? (int)list->nr + 1 : LIST_LEAST;
	if (below > lines / 2)
		below = lines / 2 > 2 ? lines / 2 : 2;
	map = lines - below - 1;
	if (map >= 1) {
		draw_whole(ui->model, y, width);
		draw_map(ui->model, y + 1, map, width);
	} else {
		below = lines;
	}
	view_list__hide(other);
	view_list__draw(list, ui->model, y + lines - below, 0, below, width, true);
}

const struct view view_space = {
	.name = "space",
	.title = "IOVA map",
	.lists = { &areas, &ranges },
	.focus = &focus,
	.start = start,
	.enter = enter,
	.leave = leave,
	.update = update,
	.draw = draw,
	.act = act,
};
