// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files of /proc/PID/fdinfo as a source of iommutop. Files are separated by a line "%". The first
 * byte chooses the format of the output.
 */
#include "../../../tools/iommutop/source/fdinfo.c" // NOLINT: sort_all() is static

#include "fuzz.h"
#include "output/output.h"

static const struct output_format *const formats[] = { &output_text, &output_jsonl, &output_csv,
						       &output_openmetrics };

static void parse_all(struct state *state, char *text)
{
	char *rest = text, *file_text, *end;
	FILE *file;

	while ((file_text = rest)) {
		end = strstr(file_text, "\n%\n");
		rest = end ? end + 3 : NULL;
		if (end)
			end[1] = '\0';
		if (!*file_text)
			continue;
		file = fmemopen(file_text, strlen(file_text), "r");
		if (!file || fdinfo__parse(state, file))
			abort();
		fclose(file);
	}
	sort_all(state);
}

int fuzz__input(const uint8_t *data, size_t size)
{
	static const struct iommufd_filter filter;
	struct output_options options = { .interval_ns = 1000000000, .filter = &filter };
	unsigned int choice, i;
	struct output output;
	struct model model;
	char *text;

	if (size < 2)
		return 0;
	choice = data[0] % 4;
	options.wide = data[0] & 64;
	fuzz__capture();
	if (model__init(&model))
		abort();
	output__init(&output, formats[choice], &options, stdout);
	output__start(&output, &model);
	for (i = 0; i < 2; i++) {
		text = fuzz__string(data + 1, size - 1);
		model__begin(&model);
		parse_all(model.state, text);
		free(text);
		if (model__update(&model) || output__sample(&output, &model))
			abort();
	}
	output__finish(&output, &model, "ended");
	model__close(&model);
	fuzz__check(formats[choice] == &output_jsonl ? FUZZ_JSON : FUZZ_TEXT);
	return 0;
}
