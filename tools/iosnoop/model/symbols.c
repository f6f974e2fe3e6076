// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of the addresses in stacks. Names of kernel functions come from /proc/kallsyms, which is
 * read once; names of user functions come from elfutils' libdwfl, which reads the mappings of the
 * process and the symbol tables of the mapped files. Results are cached, failures too, so each
 * address is looked up once. A recording contains the names that were known when it was made.
 *
 * If a process has ended before its first stack is shown, or its files have no symbols, its
 * addresses are shown as numbers.
 */
#include <elfutils/libdwfl.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "model/model.h"

#define MAX_PROCESSES 64
#define NAME_MAX_SIZE 256

struct cached_name {
	__u32 tgid;
	__u64 address;
	__u32 offset;
	char *name; /* NULL: looked up without success */
};

struct kernel_symbol {
	__u64 address;
	char *name;
};

struct process {
	__u32 tgid;
	__u64 read_ns;
	Dwfl *dwfl;
};

struct symbols {
	bool is_live;
	void *cache;
	struct kernel_symbol *kernel;
	size_t nr_kernel;
	struct process processes[MAX_PROCESSES];
	unsigned int next_process; /* the entry to reuse next */
};

static int compare(const void *a, const void *b)
{
	const struct cached_name *one = a, *other = b;

	if (one->tgid != other->tgid)
		return one->tgid < other->tgid ? -1 : 1;
	return one->address == other->address ? 0 : one->address < other->address ? -1 : 1;
}

/* ---- the kernel ---- */

static int compare_kernel(const void *a, const void *b)
{
	const struct kernel_symbol *one = a, *other = b;

	return one->address == other->address ? 0 : one->address < other->address ? -1 : 1;
}

/* Parse a line like "ffffffff81000000 T _text", with "\t[name]" at the end for a module. */
static bool add_kernel_line(struct symbols *symbols, char *line, size_t *room)
{
	struct kernel_symbol *grown;
	unsigned long long address;
	int at = 0;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%llx %*c %n", &address, &at) < 1 || !at || !address)
		return true;
	if (symbols->nr_kernel == *room) {
		*room = *room ? 2 * *room : 1 << 17;
		grown = realloc(symbols->kernel, *room * sizeof(*grown));
		if (!grown)
			return false;
		symbols->kernel = grown;
	}
	line += at;
	if (strchr(line, '\t'))
		*strchr(line, '\t') = ' ';
	symbols->kernel[symbols->nr_kernel].address = address;
	symbols->kernel[symbols->nr_kernel].name = strdup(line);
	return symbols->kernel[symbols->nr_kernel++].name;
}

static void read_kernel(struct symbols *symbols)
{
	size_t room = 0, size = 0;
	char *line = NULL;
	FILE *file;

	file = fopen("/proc/kallsyms", "re");
	if (!file)
		return;
	while (getline(&line, &size, file) > 0 && add_kernel_line(symbols, line, &room))
		;
	free(line);
	fclose(file);
	if (symbols->nr_kernel)
		qsort(symbols->kernel, symbols->nr_kernel, sizeof(symbols->kernel[0]),
		      compare_kernel);
}

static const char *find_kernel(struct symbols *symbols, __u64 address, __u32 *offset)
{
	size_t low = 0, high, middle;

	high = symbols->nr_kernel;
	if (!high || address < symbols->kernel[0].address)
		return NULL;
	while (high - low > 1) {
		middle = low + (high - low) / 2;
		if (symbols->kernel[middle].address <= address)
			low = middle;
		else
			high = middle;
	}
	*offset = address - symbols->kernel[low].address;
	return symbols->kernel[low].name;
}

/*
 * Read the kernel's symbols before tracing starts: reading them later takes so long that a process
 * might end before its first stack is looked up.
 */
struct symbols *symbols__new(bool is_live)
{
	struct symbols *symbols = calloc(1, sizeof(*symbols));

	if (!symbols)
		return NULL;
	symbols->is_live = is_live;
	if (is_live)
		read_kernel(symbols);
	return symbols;
}

/* ---- processes ---- */

/* libdwfl calls all of them: section_address for a mapped file that is relocatable (ET_REL). */
static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_linux_proc_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
	.section_address = dwfl_offline_section_address,
};

static Dwfl *read_process(__u32 tgid)
{
	Dwfl *dwfl = dwfl_begin(&callbacks);

	if (!dwfl)
		return NULL;
	dwfl_report_begin(dwfl);
	if (dwfl_linux_proc_report(dwfl, tgid) || dwfl_report_end(dwfl, NULL, NULL)) {
		dwfl_end(dwfl);
		return NULL;
	}
	return dwfl;
}

/* reread: read the mappings again, unless they are less than a second old. */
static struct process *get_process(struct symbols *symbols, __u32 tgid, bool reread)
{
	struct process *process = NULL;
	unsigned int i;

	for (i = 0; i < MAX_PROCESSES; i++)
		if (symbols->processes[i].tgid == tgid)
			process = &symbols->processes[i];
	if (process && (!reread || clock__now() - process->read_ns < NS_PER_SEC))
		return process->dwfl ? process : NULL;
	if (!process)
		process = &symbols->processes[symbols->next_process++ % MAX_PROCESSES];
	if (process->dwfl)
		dwfl_end(process->dwfl);
	process->tgid = tgid;
	process->read_ns = clock__now();
	process->dwfl = read_process(tgid);
	return process->dwfl ? process : NULL;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Find the name of the function, or else "[file]". */
static const char *find_user(struct symbols *symbols, __u32 tgid, __u64 address, __u32 *offset,
			     char name[NAME_MAX_SIZE])
{
	struct process *process = get_process(symbols, tgid, false);
	Dwfl_Module *module = NULL;
	Dwarf_Addr start = 0;
	const char *found;
	GElf_Off away = 0;
	GElf_Sym symbol;

	if (process)
		module = dwfl_addrmodule(process->dwfl, address);
	if (!module) {
		process = get_process(symbols, tgid, true);
		module = process ? dwfl_addrmodule(process->dwfl, address) : NULL;
	}
	if (!module)
		return NULL;
	found = dwfl_module_addrinfo(module, address, &away, &symbol, NULL, NULL, NULL);
	if (found) {
		snprintf(name, NAME_MAX_SIZE, "%s", found);
		*offset = away;
		return name;
	}
	found = dwfl_module_info(module, NULL, &start, NULL, NULL, NULL, NULL, NULL);
	if (!found)
		return NULL;
	snprintf(name, NAME_MAX_SIZE, "[%s]", base_name(found));
	*offset = address - start;
	return name;
}

/* ---- the cache ---- */

static struct cached_name *keep(struct symbols *symbols, __u32 tgid, __u64 address, __u32 offset,
				const char *name)
{
	struct cached_name *cached = calloc(1, sizeof(*cached));

	if (!cached)
		return NULL;
	cached->tgid = tgid;
	cached->address = address;
	cached->offset = offset;
	cached->name = name ? strdup(name) : NULL;
	if (tsearch(cached, &symbols->cache, compare))
		return cached;
	free(cached->name);
	free(cached);
	return NULL;
}

const char *symbols__find(struct symbols *symbols, __u32 tgid, __u64 address, __u32 *offset,
			  bool *is_new)
{
	const struct cached_name key = { .tgid = tgid, .address = address };
	struct cached_name **found = tfind(&key, &symbols->cache, compare), *cached;
	char buffer[NAME_MAX_SIZE];
	const char *name = NULL;

	*is_new = !found;
	if (found) {
		*offset = (*found)->offset;
		return (*found)->name;
	}
	*offset = 0;
	if (symbols->is_live && tgid)
		name = find_user(symbols, tgid, address, offset, buffer);
	else if (symbols->is_live)
		name = find_kernel(symbols, address, offset);
	cached = keep(symbols, tgid, address, *offset, name);
	return cached ? cached->name : NULL;
}

void symbols__add(struct symbols *symbols, __u32 tgid, __u64 address, __u32 offset,
		  const char *name)
{
	const struct cached_name key = { .tgid = tgid, .address = address };

	if (!tfind(&key, &symbols->cache, compare))
		keep(symbols, tgid, address, offset, name);
}

static void free_cached(void *node)
{
	struct cached_name *cached = node;

	free(cached->name);
	free(cached);
}

void symbols__free(struct symbols *symbols)
{
	size_t i;

	if (!symbols)
		return;
	for (i = 0; i < MAX_PROCESSES; i++)
		if (symbols->processes[i].dwfl)
			dwfl_end(symbols->processes[i].dwfl);
	for (i = 0; i < symbols->nr_kernel; i++)
		free(symbols->kernel[i].name);
	free(symbols->kernel);
	tdestroy(symbols->cache, free_cached);
	free(symbols);
}
