// SPDX-License-Identifier: GPL-2.0-only
/*
 * The report page (--report): one HTML file without scripts and without anything from elsewhere. A
 * content security policy forbids both, in case a name gets past page__text().
 *
 * The file gets its name at the end (see outfile.h).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "errname.h"
#include "msg.h"
#include "outfile.h"
#include "render/page.h"
#include "render/render.h"
#include "version.h"
#include "when.h"

struct page {
	struct renderer renderer;
	const struct format *format;
	struct outfile out;
	struct flame *flame;
	bool has_ended;
	struct page_data data;
};

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	"style-src 'unsafe-inline'\">\n"
	"<meta name=\"viewport\" content=\"width=device-width\">\n"
	"<title>iosnoop report</title>\n<style>\n"
	":root{color-scheme:light dark;--fg:#1d2129;--bg:#fff;--soft:#667085;--line:#d5d9e0;"
	"--bad:#b42318}\n"
	"@media(prefers-color-scheme:dark){:root{--fg:#e4e7ec;--bg:#14171c;--soft:#98a2b3;"
	"--line:#343a46;--bad:#f97066}}\n"
	"body{font:14px/1.45 system-ui,sans-serif;color:var(--fg);background:var(--bg);"
	"max-width:1100px;margin:2em auto;padding:0 1em}\n"
	"h1{font-size:1.5em}h2{font-size:1.2em;margin-top:2em;border-bottom:1px solid var(--line)}"
	"h3{font-size:1em;margin-bottom:0}\n"
	"p{margin:.4em 0}.note,.axis{color:var(--soft)}.bad{color:var(--bad)}\n"
	"svg{width:100%;height:auto;display:block;margin:.5em 0}"
	"svg.key{width:.8em;height:.8em;margin:0}\n"
	"svg text{font-size:11px;fill:var(--fg)}svg text.axis{fill:var(--soft)}"
	"line.axis{stroke:var(--soft)}line.grid{stroke:var(--line)}\n"
	".h1{fill:#fdd49e}.h2{fill:#fdae6b}.h3{fill:#f16913}.h4{fill:#c93c08}.h5{fill:#7f0000}\n"
	".c0{fill:#4269d0}.c1{fill:#efb118}.c2{fill:#ff725c}.c3{fill:#3ca951}.c4{fill:#a463f2}"
	".c5{fill:#6cc5b0}.c6{fill:#ff8ab7}.c7{fill:#9c6b4e}.c8{fill:#9498a0}\n"
	".flame text{fill:#1d2129}.u rect{fill:hsl(calc(20 + var(--h)) 85% 66%)}"
	".k rect{fill:hsl(calc(190 + var(--h)) 45% 68%)}g:hover rect{stroke:var(--fg)}\n"
	"table{border-collapse:collapse;margin:.5em 0;font-variant-numeric:tabular-nums}"
	"th,td{text-align:left;padding:.15em .7em .15em 0;vertical-align:top}"
	"th{border-bottom:1px solid var(--line)}td,th{white-space:nowrap}td.w{white-space:normal}"
	".n{text-align:right}\n"
	"</style>\n</head>\n<body>\n<h1>DMA through iommufd</h1>\n";

static void take_event(struct renderer *renderer, const struct snoop_event *event)
{
	struct page *page = (struct page *)renderer;
	__s64 pages;

	page_data__add(&page->data, event);
	if (page->flame && page_data__pages(&page->data, event->record, &pages) && pages > 0)
		flame__add(page->flame, page->format, event, pages * (__s64)event__page_size());
}

static void take_lost(struct renderer *renderer, const struct recording_lost *lost)
{
	struct page *page = (struct page *)renderer;

	page->data.lost += lost->count;
}

static void take_state(struct renderer *renderer, __u64 time_ns, enum recording_state_kind kind,
		       const void *data, size_t size)
{
	struct page *page = (struct page *)renderer;

	page_data__state(&page->data, time_ns, kind, data, size);
}

static void print_facts(const struct page *page)
{
	const struct page_data *data = &page->data;
	const struct run *run = page->format->run;
	char from[WHEN_MAX], to[WHEN_MAX];
	FILE *out = page->out.file;

	fprintf(out, "<p>%s to %s, kernel ", when__text(from, data->start_ns + run->wall_offset_ns),
		when__text(to, data->end_ns + run->wall_offset_ns));
	page__text(out, run->kernel, sizeof(run->kernel));
	fprintf(out, ". %llu event%s, %u context%s", data->events, data->events == 1 ? "" : "s",
		data->nr_ctxs, data->nr_ctxs == 1 ? "" : "s");
	if (data->lost)
		fprintf(out, ", <span class=\"bad\">%llu event%s lost</span>", data->lost,
			data->lost == 1 ? "" : "s");
	fputs(".</p>\n", out);
	if (run->filter.use)
		fputs("<p class=\"note\">A filter left out other events.</p>\n", out);
	if (data->left_out)
		fprintf(out,
			"<p class=\"note\">%llu event%s of further contexts and failures are "
			"left out.</p>\n",
			data->left_out, data->left_out == 1 ? "" : "s");
}

static void print_page(const struct page *page)
{
	const struct page_data *data = &page->data;
	FILE *out = page->out.file;
	unsigned int op;
	__u64 timed = 0;

	fputs(head, out);
	print_facts(page);
	fputs("<h2 id=\"failures\">Failures and faults</h2>\n", out);
	page_charts__failures(out, page->format, data);
	fputs("<h2 id=\"pinned\">Pinned memory by context</h2>\n", out);
	page_charts__pinned(out, page->format, data);
	page_charts__contexts(out, data);
	fputs("<h2 id=\"latency\">Latency over time</h2>\n", out);
	for (op = 0; op < PAGE_OPS; op++) {
		page_charts__latency(out, page->format, data, op);
		timed += data->latency[op].count;
	}
	if (!timed)
		fputs("<p class=\"note\">No call pinned memory or took a measured time.</p>\n",
		      out);
	fputs("<h2 id=\"stacks\">Bytes pinned by stack</h2>\n", out);
	if (page->flame && flame__bytes(page->flame))
		flame__print(page->flame, out);
	else
		fputs("<p class=\"note\">There are no stacks; -k records them.</p>\n", out);
	fputs("<p class=\"note\">Made by iosnoop " IOMMUSCOPE_VERSION ".</p>\n</body>\n</html>\n",
	      out);
}

static void end(struct renderer *renderer, __u64 now_ns, const struct run_result *result)
{
	struct page *page = (struct page *)renderer;

	(void)result;
	page_data__finish(&page->data, now_ns);
	print_page(page);
	page->has_ended = true;
}

static int flush(struct renderer *renderer)
{
	struct page *page = (struct page *)renderer;

	if (!page->has_ended)
		return 0;
	page->has_ended = false;
	return outfile__publish(&page->out);
}

static void start(struct renderer *renderer)
{
	struct page *page = (struct page *)renderer;

	page_data__init(&page->data, page->format->run);
}

static void free_page(struct renderer *renderer)
{
	struct page *page = (struct page *)renderer;

	outfile__close(&page->out);
	flame__free(page->flame);
	page_data__close(&page->data);
	free(page);
}

struct renderer *page__new(const struct format *format, const char *path, bool force)
{
	struct page *page = calloc(1, sizeof(*page));

	if (!page) {
		msg("not enough memory");
		return NULL;
	}
	page->renderer = (struct renderer){
		.start = start,
		.event = take_event,
		.lost = take_lost,
		.state = take_state,
		.end = end,
		.flush = flush,
		.free = free_page,
	};
	page->format = format;
	if (format->symbols) {
		page->flame = flame__new();
		if (!page->flame) {
			free(page);
			return NULL;
		}
	}
	if (!outfile__open(&page->out, path, 0600, force ? OUTFILE_REPLACE : OUTFILE_KEEP))
		return &page->renderer;
	free_page(&page->renderer);
	return NULL;
}
