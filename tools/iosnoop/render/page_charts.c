// SPDX-License-Identifier: GPL-2.0-only
/*
 * The charts and tables of a report page, see page.h: SVG and HTML without scripts. A chart has a
 * text for each of its parts, which browsers show under the pointer.
 */
#include <stdarg.h>
#include <string.h>

#include "human.h"
#include "render/page.h"
#include "text.h"

/* Of a chart, in units of its own: the plot, and around it the labels of the axes. */
#define PLOT_X 70
#define PLOT_WIDTH 920
#define PLOT_RIGHT 10
#define AXIS_HEIGHT 22
#define CELL_HEIGHT 11
#define PINNED_HEIGHT 220

/* Contexts that have a colour of their own; the rest is one area. */
#define COLOURS 8u

void page__text(FILE *out, const char *text, size_t size)
{
	char clean[4 * 320];

	text__clean(clean, sizeof(clean), text, size, 320, true);
	for (text = clean; *text; text++)
		switch (*text) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			putc(*text, out);
		}
}

/* For texts of our own. */
void page__printf(FILE *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(out, format, args);
	va_end(args);
}

#define BYTES_MAX (HUMAN_MAX + 1)

static const char *bytes_text(char text[BYTES_MAX], __s64 bytes)
{
	text[0] = '-';
	human__bytes(text + 1, bytes < 0 ? -(__u64)bytes : (__u64)bytes);
	return bytes < 0 ? text : text + 1;
}

/* ---- axes ---- */

static unsigned int bins_of(const struct page_data *data)
{
	__u64 bins = (data->end_ns - data->start_ns) / data->bin_ns + 1;

	return bins < PAGE_BINS ? bins : PAGE_BINS;
}

static void time_text(const struct format *format, __u64 time_ns, char text[TIME_MAX])
{
	struct format day = *format;

	day.time_of_day = true;
	format__time(&day, time_ns, false, text);
}

static void print_time_axis(FILE *out, const struct format *format, const struct page_data *data,
			    unsigned int height)
{
	const unsigned int bins = bins_of(data);
	char text[TIME_MAX];
	unsigned int i;

	for (i = 0; i <= 4; i++) {
		time_text(format, data->start_ns + data->bin_ns * bins * i / 4, text);
		fprintf(out,
			"<line class=\"axis\" x1=\"%u\" x2=\"%u\" y1=\"%u\" y2=\"%u\"/>"
			"<text class=\"axis\" x=\"%u\" y=\"%u\" text-anchor=\"%s\">%s</text>\n",
			PLOT_X + PLOT_WIDTH * i / 4, PLOT_X + PLOT_WIDTH * i / 4, height,
			height + 4, PLOT_X + PLOT_WIDTH * i / 4, height + 17,
			!i     ? "start" :
			i == 4 ? "end" :
				 "middle",
			text);
	}
}

static void begin_chart(FILE *out, const char *class, unsigned int height)
{
	fprintf(out, "<svg class=\"%s\" viewBox=\"0 0 %u %u\" role=\"img\">\n", class,
		PLOT_X + PLOT_WIDTH + PLOT_RIGHT, height + AXIS_HEIGHT);
}

/* ---- latencies ---- */

static bool has_row(const struct page_latency *latency, unsigned int row)
{
	unsigned int i;

	for (i = 0; i < PAGE_BINS; i++)
		if (latency->cells[i][row])
			return true;
	return false;
}

/* The bounds of a row. */
static __u64 row_ns(unsigned int row)
{
	return row ? 1ULL << (PAGE_LEAST_SHIFT + row - 1) : 0;
}

/* Five shades: each has up to ten times as many calls as the one before. */
static unsigned int shade_of(__u64 count)
{
	unsigned int shade = 1;

	for (; count >= 10 && shade < 5; count /= 10)
		shade++;
	return shade;
}

static void print_cells(FILE *out, const struct format *format, const struct page_data *data,
			const struct page_latency *latency, unsigned int row, unsigned int y)
{
	const double width = (double)PLOT_WIDTH / bins_of(data);
	char from[HUMAN_MAX], to[HUMAN_MAX], time[TIME_MAX];
	unsigned int i;

	for (i = 0; i < PAGE_BINS; i++) {
		__u64 count = latency->cells[i][row];

		if (!count)
			continue;
		time_text(format, data->start_ns + data->bin_ns * i, time);
		fprintf(out,
			"<rect class=\"h%u\" x=\"%.2f\" y=\"%u\" width=\"%.2f\" height=\"%u\">"
			"<title>%s, %s to %s: %llu call%s</title></rect>\n",
			shade_of(count), PLOT_X + i * width, y, width < 1 ? 1 : width,
			CELL_HEIGHT - 1, time, human__time(from, row_ns(row)),
			human__time(to, row_ns(row + 1)), count, count == 1 ? "" : "s");
	}
}

void page_charts__latency(FILE *out, const struct format *format, const struct page_data *data,
			  enum page_op op)
{
	static const char *const titles[] = {
		[PAGE_MAPS] = "Maps: pinning and filling page tables",
		[PAGE_UNMAPS] = "Unmaps",
		[PAGE_RESPONSES] = "Page requests, until their response",
	};
	const struct page_latency *latency = &data->latency[op];
	unsigned int first = 0, last = PAGE_ROWS - 1, row, y = 0;
	char text[HUMAN_MAX];

	if (!latency->count)
		return;
	while (!has_row(latency, first))
		first++;
	while (!has_row(latency, last))
		last--;
	fprintf(out, "<h3>%s</h3>\n<p>%llu with a time, the longest %s.</p>\n", titles[op],
		latency->count, human__time(text, latency->max_ns));
	begin_chart(out, "heat", (last - first + 1) * CELL_HEIGHT);
	for (row = last + 1; row-- > first; y += CELL_HEIGHT) {
		fprintf(out,
			"<text class=\"axis\" x=\"%u\" y=\"%u\" text-anchor=\"end\">%s</text>\n",
			PLOT_X - 6, y + CELL_HEIGHT - 2, human__time(text, row_ns(row + 1)));
		print_cells(out, format, data, latency, row, y);
	}
	print_time_axis(out, format, data, y);
	fputs("</svg>\n", out);
}

/* ---- pinned memory ---- */

/* The height that a context adds to the stack of areas, at least 0. */
static __u64 height_at(const struct page_ctx *ctx, unsigned int bin)
{
	return bin < ctx->filled && ctx->bins[bin] > 0 ? ctx->bins[bin] : 0;
}

/* The sum of the contexts from first on, or of a single one. */
static __u64 sum_at(const struct page_data *data, unsigned int first, unsigned int end,
		    unsigned int bin)
{
	__u64 sum = 0;

	for (; first < end; first++)
		sum += height_at(data->ctxs[first], bin);
	return sum;
}

static void print_name(FILE *out, const struct page_ctx *ctx)
{
	if (*ctx->machine)
		page__text(out, ctx->machine, sizeof(ctx->machine));
	else if (ctx->comm[0])
		page__text(out, ctx->comm, sizeof(ctx->comm));
	else
		fputs("unknown", out);
}

/* The area of contexts in [first, end), on top of those before. */
static void print_area(FILE *out, const struct page_data *data, unsigned int first,
		       unsigned int end, __u64 most)
{
	const unsigned int bins = bins_of(data);
	const double width = (double)PLOT_WIDTH / bins;
	unsigned int i;
	char text[BYTES_MAX];
	double y;

	fprintf(out, "<g><path class=\"c%u\" d=\"", first < COLOURS ? first : COLOURS);
	for (i = 0; i < bins; i++) {
		y = PINNED_HEIGHT * (1 - (double)sum_at(data, 0, end, i) / most);
		fprintf(out, "%c%.1f %.1fH%.1f", i ? 'L' : 'M', PLOT_X + i * width, y,
			PLOT_X + (i + 1) * width);
	}
	for (i = bins; i--;) {
		y = PINNED_HEIGHT * (1 - (double)sum_at(data, 0, first, i) / most);
		fprintf(out, "L%.1f %.1fH%.1f", PLOT_X + (i + 1) * width, y, PLOT_X + i * width);
	}
	fputs("Z\"/><title>", out);
	if (end - first > 1) {
		fprintf(out, "%u other contexts", end - first);
	} else {
		print_name(out, data->ctxs[first]);
		fprintf(out, ", context %u: %s at most", data->ctxs[first]->ctx,
			bytes_text(text, data->ctxs[first]->peak));
	}
	fputs("</title></g>\n", out);
}

void page_charts__pinned(FILE *out, const struct format *format, const struct page_data *data)
{
	const unsigned int bins = bins_of(data);
	unsigned int shown = data->nr_ctxs, i;
	char text[HUMAN_MAX];
	__u64 most = 0, sum;

	for (i = 0; i < bins; i++) {
		sum = sum_at(data, 0, data->nr_ctxs, i);
		most = sum > most ? sum : most;
	}
	if (!most) {
		fputs("<p class=\"note\">No memory was pinned.</p>\n", out);
		return;
	}
	begin_chart(out, "pinned", PINNED_HEIGHT);
	for (i = 0; i <= 4; i++)
		fprintf(out,
			"<line class=\"grid\" x1=\"%u\" x2=\"%u\" y1=\"%u\" y2=\"%u\"/>"
			"<text class=\"axis\" x=\"%u\" y=\"%u\" text-anchor=\"end\">%s</text>\n",
			PLOT_X, PLOT_X + PLOT_WIDTH, PINNED_HEIGHT * i / 4, PINNED_HEIGHT * i / 4,
			PLOT_X - 6, PINNED_HEIGHT * i / 4 + (i ? 4 : 11),
			human__bytes(text, most / 4 * (4 - i)));
	if (shown > COLOURS)
		print_area(out, data, COLOURS, shown, most);
	for (i = shown < COLOURS ? shown : COLOURS; i--;)
		print_area(out, data, i, i + 1, most);
	print_time_axis(out, format, data, PINNED_HEIGHT);
	fputs("</svg>\n", out);
	if (!data->has_state)
		fputs("<p class=\"note\">Memory pinned before the start is not known, so the "
		      "figures are changes since then.</p>\n",
		      out);
}

/* ---- tables ---- */

static void print_id(FILE *out, __u32 id)
{
	if (id == EVENT_NONE)
		fputs("<td class=\"n\">-</td>", out);
	else
		fprintf(out, "<td class=\"n\">%u</td>", id);
}

void page_charts__contexts(FILE *out, const struct page_data *data)
{
	char now[BYTES_MAX], peak[BYTES_MAX];
	unsigned int i;

	fputs("<table><thead><tr><th></th><th>Name</th><th class=\"n\">PID</th>"
	      "<th class=\"n\">Context</th><th class=\"n\">Pinned at the end</th>"
	      "<th class=\"n\">At most</th><th class=\"n\">Maps</th>"
	      "<th class=\"n\">Failures</th></tr></thead>"
	      "<tbody>\n",
	      out);
	for (i = 0; i < data->nr_ctxs; i++) {
		const struct page_ctx *ctx = data->ctxs[i];

		fprintf(out,
			"<tr><td><svg class=\"key\" viewBox=\"0 0 10 10\"><path class=\"c%u\" "
			"d=\"M0 0H10V10H0Z\"/></svg></td><td>",
			i < COLOURS ? i : COLOURS);
		print_name(out, ctx);
		fputs("</td>", out);
		print_id(out, ctx->tgid);
		print_id(out, ctx->ctx);
		fprintf(out,
			"<td class=\"n\">%s</td><td class=\"n\">%s</td><td class=\"n\">%llu</td>"
			"<td class=\"n\">%llu</td></tr>\n",
			bytes_text(now, ctx->pinned), bytes_text(peak, ctx->peak), ctx->maps,
			ctx->failures);
	}
	fputs("</tbody></table>\n", out);
}

static void print_failure(FILE *out, const struct format *format,
			  const struct page_failure *failure)
{
	const char *name = *failure->machine ? failure->machine : failure->comm;
	char first[TIME_MAX], last[TIME_MAX];

	time_text(format, failure->first_ns, first);
	time_text(format, failure->last_ns, last);
	fprintf(out, "<tr><td class=\"n\">%llu</td><td>%s</td><td class=\"bad\">%s</td><td>",
		failure->count, event__short_name(failure->event), failure->result);
	page__text(out, *name ? name : "-",
		   *failure->machine ? sizeof(failure->machine) : sizeof(failure->comm));
	fputs("</td>", out);
	print_id(out, failure->tgid);
	print_id(out, failure->ctx);
	fputs("<td>", out);
	page__text(out, failure->what, sizeof(failure->what));
	fputs("</td><td class=\"w\">", out);
	page__text(out, failure->cause, sizeof(failure->cause));
	fprintf(out, "</td><td>%s</td><td>%s</td></tr>\n", first, last);
}

void page_charts__failures(FILE *out, const struct format *format, const struct page_data *data)
{
	unsigned int i;

	if (!data->nr_failures) {
		fputs("<p>No call failed, and no device faulted.</p>\n", out);
		return;
	}
	fputs("<table><thead><tr><th class=\"n\">Count</th><th>Event</th><th>Result</th>"
	      "<th>Name</th>"
	      "<th class=\"n\">PID</th><th class=\"n\">Context</th><th>First one</th><th>Cause</th>"
	      "<th>From</th><th>To</th></tr></thead>"
	      "<tbody>\n",
	      out);
	for (i = 0; i < data->nr_failures; i++)
		print_failure(out, format, &data->failures[i]);
	fputs("</tbody></table>\n", out);
}
