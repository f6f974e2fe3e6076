// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reader of recordings, see recording.h.
 *
 * The reader goes forward only, chunk by chunk, through one buffer with the size of the largest
 * chunk allowed. So the file may be a pipe, and a hostile file cannot use up memory.
 *
 * A folder is read segment by segment. The header is that of the first one; the times of later ones
 * are shifted if their clocks differ.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "errname.h"
#include "msg.h"
#include "recording_private.h"

#define NO_FIELD 0xff
#define READ_BUFFER (1u << 18)
#define IDLE_TICK_MS 50
/* Offsets of the clocks differ by less if the clock was not set; they are not read at once. */
#define SAME_CLOCK_NS 1000000
/* The latest time accepted, a hundred years: sums of such times do not overflow. */
#define TIME_LAST (100ULL * 366 * 86400 * 1000000000)
#define PAGE_MOST (1u << 20) /* bytes; no architecture has larger ones */

struct recording *recording__new(const char *path)
{
	struct recording *recording = calloc(1, sizeof(*recording));

	if (recording)
		snprintf(recording->path, sizeof(recording->path), "%s", path);
	else
		msg("%s: not enough memory", path);
	return recording;
}

static int damaged(struct recording *recording, const char *why)
{
	msg("%s is damaged before byte %llu: %s", recording->path, recording->done, why);
	return -EBADMSG;
}

/* Wait until a pipe has data, and call idle() every tick meanwhile. */
static int wait_for_input(struct recording *recording)
{
	struct pollfd input = { .fd = fileno(recording->file), .events = POLLIN };
	int timeout = 0, err, ready;

	while (recording->idle) {
		ready = poll(&input, 1, timeout);
		if (ready > 0 || (ready < 0 && errno != EINTR))
			break;
		err = recording->idle(recording->idle_ctx);
		if (err)
			return err;
		timeout = IDLE_TICK_MS;
	}
	return 0;
}

/*
 * Read from a pipe like fread(), until idle() cancels it. Returns the number of bytes, or -errno.
 */
static ssize_t read_pipe(struct recording *recording, char *to, size_t size)
{
	size_t got = 0;
	ssize_t more;
	int err;

	while (got < size) {
		err = wait_for_input(recording);
		if (err)
			return err;
		more = read(fileno(recording->file), to + got, size - got);
		if (more < 0)
			return -errno;
		if (!more)
			break;
		got += more;
	}
	return got;
}

/* Read exactly size bytes; -ENOENT if the file has ended, -ENODATA if it ends too early. */
static int read_bytes(struct recording *recording, void *to, size_t size)
{
	char name[ERRNAME_MAX];
	ssize_t got;

	if (recording->is_pipe)
		got = read_pipe(recording, to, size);
	else
		got = fread_unlocked(to, 1, size, recording->file);
	if (got == -ECANCELED)
		return got;
	if (got < 0 || ferror(recording->file)) {
		msg("cannot read %s: %s", recording->path, errname(got < 0 ? -got : errno, name));
		return -EIO;
	}
	recording->done += got;
	if ((size_t)got == size)
		return 0;
	return got ? -ENODATA : -ENOENT;
}

static int incomplete(struct recording *recording)
{
	/* The last segment of a folder is being written. */
	if (!recording->folder || recording->next_segment < recording->segments.nr)
		msg("%s is incomplete: the run that wrote it was killed or is still going on",
		    recording->path);
	return -ENODATA;
}

/* The first version had a filter without machine. */
#define HEADER_LEAST offsetof(struct recording_header, filter.machine)

static int read_header(struct recording *recording)
{
	struct recording_header *header = &recording->header;
	const size_t base = offsetof(struct recording_header, start_ns);
	size_t known, rest;
	int err;

	err = read_bytes(recording, header, base);
	if (err == -EIO)
		return err;
	if (err || memcmp(header->magic, RECORDING_MAGIC, sizeof(header->magic))) {
		msg("%s is not a recording of iosnoop", recording->path);
		return -EBADMSG;
	}
	if (header->version != RECORDING_VERSION) {
		msg("%s has version %u, but this tool reads version %u; use the release that "
		    "recorded it",
		    recording->path, header->version, RECORDING_VERSION);
		return -EBADMSG;
	}
	if (header->size < HEADER_LEAST || header->size > MAX_CHUNK)
		return damaged(recording, "the header has an impossible size");
	/* Members that an older tool did not write are 0. */
	known = header->size < sizeof(*header) ? header->size : sizeof(*header);
	err = read_bytes(recording, (char *)header + base, known - base);
	rest = header->size - known;
	if (!err && rest)
		err = read_bytes(recording, recording->data, rest);
	if (err == -EIO)
		return err;
	if (err)
		return incomplete(recording);
	if (header->start_ns > TIME_LAST)
		return damaged(recording, "the start has an impossible time");
	if (header->page_size && (header->page_size < 4096 || header->page_size > PAGE_MOST ||
				  header->page_size & (header->page_size - 1)))
		return damaged(recording, "the machine has an impossible page size");
	event__set_page_size(header->page_size ? header->page_size : 4096);
	/* A source that only newer tools have. */
	if (header->source >= NR_DRIVERS)
		header->source = DRIVER_AUTO;
	header->kernel[sizeof(header->kernel) - 1] = '\0';
	header->tool[sizeof(header->tool) - 1] = '\0';
	return 0;
}

/* Return the next word of a line and its size, and advance *text. */
static const char *next_word(char **text, size_t *size)
{
	const char *word;

	*text += strspn(*text, " ");
	word = *text;
	*size = strcspn(*text, " \n");
	*text += *size;
	return word;
}

static void add_field(struct conversion *conversion, const char *name, size_t size,
		      unsigned int index)
{
	const struct event_info *info = &event_infos[conversion->event];
	unsigned int i;

	for (i = 0; i < info->nr_fields; i++)
		if (strlen(info->fields[i].name) == size &&
		    !memcmp(info->fields[i].name, name, size))
			conversion->from[i] = index;
}

/* Parse a line of RECORDING_EVENTS. */
static int read_event_line(struct recording *recording, char **text)
{
	struct conversion *conversion;
	unsigned long id;
	const char *word;
	size_t size;

	id = strtoul(*text, text, 10);
	if (id >= MAX_FILE_EVENTS || **text != ' ')
		return damaged(recording, "a line in the table of events has no number");
	conversion = &recording->conversions[id];
	memset(conversion, 0, sizeof(*conversion));
	memset(conversion->from, NO_FIELD, sizeof(conversion->from));
	word = next_word(text, &size);
	conversion->event = event__by_name(word, size);
	conversion->is_known = conversion->event < NR_EVENTS;
	while (**text && **text != '\n') {
		word = next_word(text, &size);
		if (!size)
			continue;
		if (conversion->is_known)
			add_field(conversion, word, size, conversion->nr_args);
		if (++conversion->nr_args > EVENT_MAX_ARGS)
			return damaged(recording, "an event has too many fields");
	}
	if (**text)
		++*text;
	if (conversion->is_known)
		recording->events |= EVENT_MASK(conversion->event);
	return 0;
}

static int read_events(struct recording *recording, size_t size)
{
	char *text = recording->data;
	int err = 0;

	recording->data[size] = '\0';
	if (strlen(text) != size)
		return damaged(recording, "the table of events is not text");
	while (!err && *text)
		err = read_event_line(recording, &text);
	return err;
}

void recording__set_idle(struct recording *recording, int (*idle)(void *ctx), void *ctx)
{
	if (!recording->is_pipe)
		return;
	recording->idle = idle;
	recording->idle_ctx = ctx;
}

/*
 * Read the next chunk into recording->data. Returns its type, 0 at the end of the file, or -errno.
 */
static int read_chunk(struct recording *recording, size_t *size)
{
	struct recording_chunk chunk;
	int err;

	err = read_bytes(recording, &chunk, sizeof(chunk));
	if (err == -ENOENT)
		return 0;
	if (err == -ENODATA)
		return incomplete(recording);
	if (err)
		return err;
	if (chunk.size > MAX_CHUNK || chunk.type > 0xffff)
		return damaged(recording, "a chunk has an impossible size or type");
	err = read_bytes(recording, recording->data, (chunk.size + 7) & ~7u);
	if (err == -EIO || err == -ECANCELED)
		return err;
	if (err)
		return incomplete(recording);
	*size = chunk.size;
	return chunk.type;
}

/* The value of a field that the recording lacks. */
static __u64 absent(const struct event_field *field)
{
	switch (field->unit) {
	case EVENT_UNIT_id:
	case EVENT_UNIT_sbdf:
		return EVENT_NONE;
	case EVENT_UNIT_ns:
	case EVENT_UNIT_pages:
	case EVENT_UNIT_count:
		return EVENT_UNKNOWN;
	default:
		return 0;
	}
}

/*
 * Convert a record to this tool's numbers and order of fields. Returns 1, 0 if the event is
 * unknown, or -errno.
 */
static int convert_event(struct recording *recording, size_t size, struct recording_item *item)
{
	const struct event_record *from = (const void *)recording->data;
	struct event_record *to = &recording->record;
	const struct conversion *conversion;
	unsigned int i;
	size_t head, rest;

	if (size < sizeof(*from) || from->event >= MAX_FILE_EVENTS)
		return damaged(recording, "a record is not an event");
	if (from->time_ns > TIME_LAST)
		return damaged(recording, "an event has an impossible time");
	conversion = &recording->conversions[from->event];
	if (!conversion->is_known) {
		recording->unknown++;
		return 0;
	}
	head = sizeof(*from) + from->nr_args * sizeof(__u64);
	if (head > size || from->nr_args < conversion->nr_args)
		return damaged(recording, "a record has too few arguments");
	*to = *from;
	to->event = conversion->event;
	to->nr_args = event_infos[to->event].nr_fields;
	for (i = 0; i < to->nr_args; i++)
		to->args[i] = conversion->from[i] == NO_FIELD ?
				      absent(&event_infos[to->event].fields[i]) :
				      from->args[conversion->from[i]];
	rest = size - head;
	if (rest > sizeof(recording->event) - (sizeof(*to) + to->nr_args * sizeof(__u64)))
		return damaged(recording, "a record is too long");
	memcpy(&to->args[to->nr_args], recording->data + head, rest);
	item->event_size = sizeof(*to) + to->nr_args * sizeof(__u64) + rest;
	item->event = to;
	if (!event__is_valid(to, item->event_size))
		return damaged(recording, "a record is shorter than its flags say");
	return 1;
}

static int take_symbol(struct recording *recording, size_t size, struct recording_item *item)
{
	size_t length;

	if (size < sizeof(*item->symbol))
		return damaged(recording, "a symbol without a name");
	length = size - sizeof(*item->symbol);
	if (length >= sizeof(item->symbol_name))
		return damaged(recording, "a symbol with a name too long");
	item->symbol = (const void *)recording->data;
	memcpy(item->symbol_name, item->symbol->name, length);
	item->symbol_name[length] = '\0';
	return 1;
}

static int take_why(struct recording *recording, size_t size, struct recording_item *item)
{
	const struct recording_why *from = (const void *)recording->data;
	struct why_full *full = &recording->why;
	struct why *why = &full->why;
	const char *stack;

	if (size < sizeof(*from) || from->size % sizeof(__u64) || size - sizeof(*from) < from->size)
		return damaged(recording, "the explanation of a fault is too short");
	memset(why, 0, sizeof(*why));
	memcpy(why, from->data, from->size < sizeof(*why) ? from->size : sizeof(*why));
	if (!why__kind(why))
		return damaged(recording, "the explanation of a fault has an unknown kind");
	item->why = full;
	if (!(why->flags & WHY_HAS_STACK))
		return 1;
	stack = (const char *)from->data + from->size;
	if (size - sizeof(*from) - from->size < sizeof(full->stack))
		return damaged(recording, "the explanation of a fault has no stack");
	memcpy(&full->stack, stack, sizeof(full->stack));
	if (full->stack.nr_kernel > EVENT_KERNEL_FRAMES || full->stack.nr_user > EVENT_USER_FRAMES)
		return damaged(recording, "the explanation of a fault has an impossible stack");
	return 1;
}

/* Take the name of a policy, a cgroup or a device. */
static int take_name(struct recording *recording, size_t size, struct recording_item *item)
{
	switch (item->type) {
	case RECORDING_POLICY:
		item->policy = (const void *)recording->data;
		item->policy_size = size - sizeof(*item->policy);
		if (size < sizeof(*item->policy))
			return damaged(recording, "a policy without a name");
		return 1;
	case RECORDING_CGROUP:
		item->cgroup = (const void *)recording->data;
		item->cgroup_size = size - sizeof(*item->cgroup);
		if (size < sizeof(*item->cgroup) || item->cgroup_size > CGROUP_PATH_MAX)
			return damaged(recording, "a cgroup is invalid");
		return 1;
	default:
		item->device = (const void *)recording->data;
		item->device_size = size - sizeof(*item->device);
		if (size < sizeof(*item->device))
			return damaged(recording, "a device without a name");
		return 1;
	}
}

/* Read the next item of a file. */
static int next_in_file(struct recording *recording, struct recording_item *item)
{
	size_t size = 0;
	int type, err;

	for (;;) {
		type = recording->has_ended ? 0 : read_chunk(recording, &size);
		if (type <= 0)
			return !type && !recording->has_ended ? incomplete(recording) : type;
		item->type = type;
		switch (type) {
		case RECORDING_EVENTS:
			err = read_events(recording, size);
			break;
		case RECORDING_EVENT:
			err = convert_event(recording, size, item);
			break;
		case RECORDING_SYMBOL:
			err = take_symbol(recording, size, item);
			break;
		case RECORDING_POLICY:
		case RECORDING_CGROUP:
		case RECORDING_DEVICE:
			err = take_name(recording, size, item);
			break;
		case RECORDING_STATE:
			item->state = (const void *)recording->data;
			item->state_size = size - sizeof(*item->state);
			err = size < sizeof(*item->state) || item->state->time_ns > TIME_LAST ?
				      damaged(recording, "an item of a snapshot is invalid") :
				      1;
			break;
		case RECORDING_WHY:
			err = take_why(recording, size, item);
			break;
		case RECORDING_LOST:
			item->lost = (const void *)recording->data;
			err = size < sizeof(*item->lost) || item->lost->time_ns > TIME_LAST ?
				      damaged(recording, "a loss is invalid") :
				      1;
			break;
		case RECORDING_END:
			recording->has_ended = true;
			item->end = (const void *)recording->data;
			err = size < sizeof(*item->end) || item->end->time_ns > TIME_LAST ?
				      damaged(recording, "the end is invalid") :
				      1;
			break;
		default:
			err = 0;
		}
		if (err)
			return err;
	}
}

/* Read the table of events, which must be the first chunk. */
static int read_first_events(struct recording *recording)
{
	size_t size = 0;
	int type;

	type = read_chunk(recording, &size);
	if (!type)
		return incomplete(recording);
	if (type < 0)
		return type;
	if (type != RECORDING_EVENTS)
		return damaged(recording, "the first chunk is not a table of events");
	return read_events(recording, size);
}

static int open_file(struct recording *recording, FILE *file, const char *path)
{
	char name[ERRNAME_MAX];
	struct stat status;

	if (!file) {
		msg("cannot open %s: %s", path, errname(errno, name));
		return -EINVAL;
	}
	recording->file = file;
	recording->is_pipe = fstat(fileno(file), &status) || !S_ISREG(status.st_mode);
	if (!recording->is_pipe)
		setvbuf(file, NULL, _IOFBF, READ_BUFFER);
	if (read_header(recording) || read_first_events(recording))
		return -EINVAL;
	return 0;
}

/* Open the next segment that can be read. Returns 1, or 0 if there is none. */
static int open_segment(struct recording *recording)
{
	const struct recording_header first = recording->header;
	const bool is_first = !recording->file;
	char path[512];
	__s64 differ;

	while (recording->next_segment < recording->segments.nr) {
		snprintf(path, sizeof(path), "%s/%s", recording->folder,
			 recording->segments.at[recording->next_segment++].name);
		snprintf(recording->path, sizeof(recording->path), "%.255s", path);
		if (recording->file)
			fclose(recording->file);
		recording->file = NULL;
		recording->has_ended = false;
		recording->done = 0;
		memset(recording->conversions, 0, sizeof(recording->conversions));
		if (open_file(recording, fopen(path, "re"), path))
			continue;
		if (is_first)
			return 1;
		/* Both are any numbers. */
		differ = (__u64)recording->header.wall_offset_ns - (__u64)first.wall_offset_ns;
		recording->shift_ns = 0;
		if (differ >= SAME_CLOCK_NS || differ <= -SAME_CLOCK_NS)
			recording->shift_ns = differ;
		recording->segment.start_ns = recording->header.start_ns + recording->shift_ns;
		recording->segment.source = recording->header.source;
		recording->header = first;
		return 1;
	}
	recording->header = first;
	return 0;
}

static int open_folder(struct recording *recording, const char *path, __u64 time_ns)
{
	recording->folder = strdup(path);
	if (!recording->folder || segments__list(&recording->segments, path))
		return -ENOMEM;
	if (!recording->segments.nr) {
		msg("%s has no recordings; iosnoop -o %s makes some", path, path);
		return -ENOENT;
	}
	recording->next_segment = segments__find(&recording->segments, time_ns);
	return open_segment(recording) ? 0 : -ENOENT;
}

struct recording *recording__open_at(const char *path, __u64 time_ns)
{
	bool is_stdin = !strcmp(path, "-");
	struct recording *recording = recording__new(is_stdin ? "stdin" : path);
	int err;

	if (!recording)
		return NULL;
	if (segments__is_folder(path))
		err = open_folder(recording, path, time_ns);
	else
		err = open_file(recording, is_stdin ? stdin : fopen(path, "re"), path);
	if (!err)
		return recording;
	recording__close(recording);
	return NULL;
}

struct recording *recording__open(const char *path)
{
	return recording__open_at(path, 0);
}

/* ---- folders ---- */

/* Shift the times of an item, which are in buffers of ours. */
static void shift_times(struct recording *recording, struct recording_item *item)
{
	__u64 *time_ns;

	switch (item->type) {
	case RECORDING_EVENT:
		time_ns = &recording->record.time_ns;
		break;
	case RECORDING_LOST:
		recording->lost += item->lost->count;
		((struct recording_lost *)recording->data)->total = recording->lost;
		time_ns = recording->words;
		break;
	case RECORDING_STATE:
	case RECORDING_END:
		time_ns = recording->words; /* the first member of each */
		break;
	default:
		return;
	}
	*time_ns += recording->shift_ns;
	/* After the clock was set back, or in a damaged segment. */
	if ((__s64)*time_ns < 0)
		*time_ns = 0;
	if (*time_ns > TIME_LAST)
		*time_ns = TIME_LAST;
	if (*time_ns > recording->last_ns)
		recording->last_ns = *time_ns;
}

/* Deliver an end after the last segment, which was incomplete or damaged. */
static int add_end(struct recording *recording, struct recording_item *item)
{
	struct recording_end *end = (void *)recording->data;

	recording->is_over = true;
	if (recording->damage)
		return recording->damage;
	*end = (struct recording_end){ .time_ns = recording->last_ns };
	item->type = RECORDING_END;
	item->end = end;
	return 1;
}

static int end_segment(struct recording *recording, struct recording_item *item, bool is_cut)
{
	recording->segment.end_ns = recording->last_ns;
	recording->segment.is_cut = is_cut;
	if (!open_segment(recording))
		return add_end(recording, item);
	item->type = RECORDING_SEGMENT;
	item->segment = &recording->segment;
	return 1;
}

int recording__next(struct recording *recording, struct recording_item *item)
{
	int got;

	if (!recording->folder)
		return next_in_file(recording, item);
	if (recording->is_over)
		return recording->damage;
	got = next_in_file(recording, item);
	if (got == -EBADMSG)
		recording->damage = got;
	if (got == -ENODATA || got == -EBADMSG)
		return end_segment(recording, item, true);
	if (got <= 0)
		return got;
	shift_times(recording, item);
	if (item->type != RECORDING_END)
		return 1;
	if (recording->next_segment < recording->segments.nr)
		return end_segment(recording, item, false);
	recording->is_over = true;
	return recording->damage ? recording->damage : 1;
}

const struct recording_header *recording__header(const struct recording *recording)
{
	return &recording->header;
}

__u64 recording__events(const struct recording *recording)
{
	return recording->events;
}

__u64 recording__unknown(const struct recording *recording)
{
	return recording->unknown;
}

void recording__close(struct recording *recording)
{
	if (!recording)
		return;
	if (recording->out.file)
		outfile__close(&recording->out);
	else if (recording->file && recording->file != stdin)
		fclose(recording->file);
	segments__free(&recording->segments);
	free(recording->folder);
	free(recording);
}
