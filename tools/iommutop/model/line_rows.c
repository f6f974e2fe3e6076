// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rows of the event stream, of which only the last ones are kept. lines.c and requests.c add to
 * them.
 */
#include <string.h>

#include "model/rows.h"

/*
 * Drop older lines, many at once, because moving the rows for each new one is expensive. Keep the
 * last bad ones of them, which answered requests would soon bury.
 */
static void drop_lines(struct model_rows *rows)
{
	struct model_line *lines = rows->rows;
	unsigned int old = rows->nr - MODEL_LINES_KEPT, bad = 0, kept = 0, i;

	for (i = 0; i < old; i++)
		bad += lines[i].bad;
	for (i = 0; i < old; i++)
		if (lines[i].bad && bad-- <= MODEL_BAD_LINES_KEPT)
			lines[kept++] = lines[i];
	memmove(lines + kept, lines + old, MODEL_LINES_KEPT * sizeof(*lines));
	rows->nr = kept + MODEL_LINES_KEPT;
}

struct model_line *lines__add(struct model *model, const struct model_line *line)
{
	const struct model_key key = { .kind = MODEL_KIND_LINE, .number = ++model->nr_lines };
	struct model_rows *rows = &model->tables[MODEL_LINES];
	struct model_line *to;

	if (rows->nr >= 2 * MODEL_LINES_KEPT)
		drop_lines(rows);
	to = rows__add(model, MODEL_LINES, key);
	if (!to)
		return NULL;
	*to = *line;
	to->key = key;
	return to;
}
