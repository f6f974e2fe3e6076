// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of the addresses in stacks. A recording contains the names that were known when it was
 * made.
 *
 * Kernel: names come from /proc/kallsyms, which has no sizes. An address is named only after a
 * symbol of its own module or of the kernel's text. The table is read again when /proc/modules
 * has changed.
 *
 * Processes: an address is looked up in the mappings at each event, and its name comes from the
 * symbols of the mapped file (mapping.h, function_table.h). A name is valid for the address space
 * that the event came from: after an exec, and for a process that got the id of another, the
 * mappings are read anew, and an event from before that gets no names.
 *
 * An address without a name is shown as a number, for example if its process has ended before its
 * first stack is shown.
 */
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "model/function_table.h"
#include "model/mapping.h"
#include "model/model.h"

#define MAX_PROCESSES 64
#define MAX_FILES 512
#define MAX_BINDINGS 64
#define NAME_MAX_SIZE 256

/* The last name that was found for an address; live, it tells whether the name is new. */
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

/* The text of a module, or of the kernel, whose name is "". */
struct kernel_region {
	__u64 start;
	__u64 end;
	char module[64];
};

/* A file that was mapped, with the identity of its contents. */
struct file {
	__u64 inode;
	__u32 dev_major;
	__u32 dev_minor;
	struct timespec changed;
	off_t size;
	struct function_table *functions; /* NULL: the file cannot be read */
	char *name; /* without folders */
	char build_id[MAPPING_BUILD_ID];
	__u32 build_id_size;
};

/* A mapping of a process whose file is known. */
struct binding {
	struct mapping mapping;
	struct file *file;
};

struct process {
	__u32 tgid; /* 0: unused */
	__u32 id; /* of the thread whose /proc/ID/maps is open */
	int maps_fd; /* -1: cannot be read */
	__u64 opened_ns;
	__u64 used;
	struct binding bindings[MAX_BINDINGS];
	unsigned int nr_bindings; /* ever made; a ring */
};

struct symbols {
	struct symbols_options options;
	void *cache;
	struct kernel_symbol *kernel;
	size_t nr_kernel;
	struct kernel_region *regions;
	size_t nr_regions;
	__u64 modules_hash; /* of /proc/modules */
	__u64 modules_ns; /* when it was read */
	struct process processes[MAX_PROCESSES];
	struct file files[MAX_FILES];
	unsigned int nr_files;
	__u64 uses;
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

/* Note the bounds of the kernel's text, which are symbols. */
static void note_bound(struct symbols *symbols, const struct kernel_symbol *symbol)
{
	/* clang-format off */
	static const struct {
		const char *name;
		unsigned int region;
		bool is_end;
	} bounds[] = {
		{ "_stext", 0, false }, { "_etext", 0, true },
		{ "_sinittext", 1, false }, { "_einittext", 1, true },
	};
	/* clang-format on */
	unsigned int i;

	for (i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		struct kernel_region *region = &symbols->regions[bounds[i].region];

		if (strcmp(symbol->name, bounds[i].name))
			continue;
		if (bounds[i].is_end)
			region->end = symbol->address;
		else
			region->start = symbol->address;
	}
}

#define CORE_REGIONS 2

/* Parse a line like "iommufd 98304 0 - Live 0xffffffffc0520000 (OE)"; true without memory, too. */
static void add_module_line(struct symbols *symbols, const char *line)
{
	struct kernel_region *grown;
	unsigned long long size, start;
	char name[64];

	if (sscanf(line, "%63s %llu %*s %*s %*s %llx", name, &size, &start) != 3 || !start)
		return;
	grown = realloc(symbols->regions, (symbols->nr_regions + 1) * sizeof(*grown));
	if (!grown)
		return;
	symbols->regions = grown;
	grown += symbols->nr_regions++;
	*grown = (struct kernel_region){ .start = start, .end = start + size };
	memcpy(grown->module, name, sizeof(name));
}

static __u64 hash_text(__u64 hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3ULL;
	return hash;
}

/* Read names and addresses of modules; add them as regions if wanted. Returns a hash of them. */
static __u64 read_modules(struct symbols *symbols, bool add)
{
	FILE *file = fopen("/proc/modules", "re");
	char line[4096], name[64], address[32];
	__u64 hash = 0xcbf29ce484222325ULL;

	while (file && fgets(line, sizeof(line), file)) {
		/* Not the number of users, which changes often. */
		if (sscanf(line, "%63s %*s %*s %*s %*s %31s", name, address) == 2)
			hash = hash_text(hash_text(hash, name), address);
		if (add)
			add_module_line(symbols, line);
	}
	if (file)
		fclose(file);
	return hash;
}

static void free_kernel(struct symbols *symbols)
{
	size_t i;

	for (i = 0; i < symbols->nr_kernel; i++)
		free(symbols->kernel[i].name);
	free(symbols->kernel);
	free(symbols->regions);
	symbols->kernel = NULL;
	symbols->regions = NULL;
	symbols->nr_kernel = symbols->nr_regions = 0;
}

static void read_kernel(struct symbols *symbols)
{
	size_t room = 0, size = 0, i;
	char *line = NULL;
	FILE *file;

	free_kernel(symbols);
	symbols->modules_hash = read_modules(symbols, false);
	symbols->modules_ns = clock__now();
	symbols->regions = calloc(CORE_REGIONS, sizeof(*symbols->regions));
	file = fopen("/proc/kallsyms", "re");
	if (!file || !symbols->regions)
		goto close_file;
	symbols->nr_regions = CORE_REGIONS;
	read_modules(symbols, true);
	while (getline(&line, &size, file) > 0 && add_kernel_line(symbols, line, &room))
		;
	free(line);
	for (i = 0; i < symbols->nr_kernel; i++)
		note_bound(symbols, &symbols->kernel[i]);
	if (symbols->nr_kernel)
		qsort(symbols->kernel, symbols->nr_kernel, sizeof(symbols->kernel[0]),
		      compare_kernel);
close_file:
	if (file)
		fclose(file);
}

/* Read the kernel's symbols again if a module was loaded or removed; look once a second. */
static void update_kernel(struct symbols *symbols)
{
	if (clock__now() - symbols->modules_ns < NS_PER_SEC)
		return;
	symbols->modules_ns = clock__now();
	if (read_modules(symbols, false) != symbols->modules_hash)
		read_kernel(symbols);
}

static const struct kernel_region *find_region(const struct symbols *symbols, __u64 address)
{
	size_t i;

	for (i = 0; i < symbols->nr_regions; i++)
		if (address >= symbols->regions[i].start && address < symbols->regions[i].end)
			return &symbols->regions[i];
	return NULL;
}

/* Code outside of the kernel and its modules: BPF programs and trampolines. */
#define OTHER_MAX_BYTES (64u << 10)

/* Whether an address belongs to the nearest symbol before it. */
static bool is_of_symbol(const struct symbols *symbols, const struct kernel_symbol *symbol,
			 __u64 address)
{
	const struct kernel_region *region = find_region(symbols, address);

	if (region)
		return symbol->address >= region->start;
	return !find_region(symbols, symbol->address) &&
	       address - symbol->address < OTHER_MAX_BYTES;
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
	if (!is_of_symbol(symbols, &symbols->kernel[low], address))
		return NULL;
	*offset = address - symbols->kernel[low].address;
	return symbols->kernel[low].name;
}

/*
 * Read the kernel's symbols before tracing starts: reading them later takes so long that a process
 * might end before its first stack is looked up.
 */
struct symbols *symbols__new(const struct symbols_options *options)
{
	struct symbols *symbols = calloc(1, sizeof(*symbols));

	if (!symbols)
		return NULL;
	symbols->options = *options;
	if (options->is_live)
		read_kernel(symbols);
	return symbols;
}

/* ---- files ---- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Forget all files, and therefore all bindings to them. */
static void forget_files(struct symbols *symbols)
{
	unsigned int i;

	for (i = 0; i < symbols->nr_files; i++) {
		function_table__free(symbols->files[i].functions);
		free(symbols->files[i].name);
	}
	symbols->nr_files = 0;
	for (i = 0; i < MAX_PROCESSES; i++)
		symbols->processes[i].nr_bindings = 0;
}

static bool is_file(const struct file *file, const struct file *wanted)
{
	return file->inode == wanted->inode && file->dev_major == wanted->dev_major &&
	       file->dev_minor == wanted->dev_minor && file->size == wanted->size &&
	       file->changed.tv_sec == wanted->changed.tv_sec &&
	       file->changed.tv_nsec == wanted->changed.tv_nsec &&
	       file->build_id_size == wanted->build_id_size &&
	       !memcmp(file->build_id, wanted->build_id, file->build_id_size);
}

/* Find or read the file of a mapping. Returns NULL without memory. */
static struct file *get_file(struct symbols *symbols, __u32 id, const struct mapping *mapping,
			     const struct mapped_file *mapped)
{
	struct file wanted = {
		.inode = mapping->inode,
		.dev_major = mapping->dev_major,
		.dev_minor = mapping->dev_minor,
		.build_id_size = mapped->build_id_size,
	};
	int fd = mapping__open_file(id, mapping, mapped);
	struct stat status;
	unsigned int i;

	memcpy(wanted.build_id, mapped->build_id, mapped->build_id_size);
	if (fd >= 0 && !fstat(fd, &status)) {
		wanted.size = status.st_size;
		wanted.changed = status.st_ctim;
	}
	for (i = 0; i < symbols->nr_files; i++)
		if (is_file(&symbols->files[i], &wanted) && (fd < 0 || symbols->files[i].functions))
			break;
	if (i == MAX_FILES) {
		forget_files(symbols);
		i = 0;
	}
	if (i == symbols->nr_files) {
		wanted.functions = fd >= 0 ? function_table__read(fd, mapped->path) : NULL;
		wanted.name = strdup(base_name(mapped->path));
		symbols->files[symbols->nr_files++] = wanted;
	}
	if (fd >= 0)
		close(fd);
	return symbols->files[i].name ? &symbols->files[i] : NULL;
}

/* ---- processes ---- */

/* Get the time when a process was started, in CLOCK_MONOTONIC; 0 if it is unknown. */
static __u64 start_ns(__u32 id)
{
	__u64 ticks, asleep_ns, tick_ns = NS_PER_SEC / sysconf(_SC_CLK_TCK);
	struct timespec boot, monotonic;
	char path[32], line[1024];
	const char *at = NULL;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/stat", id);
	file = fopen(path, "re");
	if (file && fgets(line, sizeof(line), file))
		at = strrchr(line, ')');
	if (file)
		fclose(file);
	if (!at || sscanf(at + 1,
			  " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
			  "%*d %*d %llu",
			  &ticks) != 1)
		return 0;
	/* Time that the machine was asleep counts here, but not in CLOCK_MONOTONIC. */
	clock_gettime(CLOCK_MONOTONIC, &monotonic);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	asleep_ns =
		(boot.tv_sec - monotonic.tv_sec) * NS_PER_SEC + boot.tv_nsec - monotonic.tv_nsec;
	return ticks * tick_ns > asleep_ns ? ticks * tick_ns - asleep_ns : 0;
}

/* Open the mappings of a thread, or of a process. */
static bool open_maps(struct process *process, __u32 id)
{
	struct mapping mapping;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u/maps", id);
	process->maps_fd = open(path, O_RDONLY | O_CLOEXEC);
	process->id = id;
	if (process->maps_fd < 0)
		return false;
	/* Of a process whose first thread has ended, only the other threads have mappings. */
	if (mapping__find(process->maps_fd, 0, &mapping, NULL) != -ESRCH)
		return true;
	close(process->maps_fd);
	process->maps_fd = -1;
	return false;
}

static void open_process(struct process *process, const struct symbols_owner *owner)
{
	if (process->maps_fd >= 0 && process->tgid)
		close(process->maps_fd);
	process->tgid = owner->tgid;
	process->nr_bindings = 0;
	if (!open_maps(process, owner->tgid) && owner->tid != EVENT_NONE)
		open_maps(process, owner->tid);
	process->opened_ns = clock__now();
}

static struct process *find_process(struct symbols *symbols, const struct symbols_owner *owner)
{
	struct process *oldest = &symbols->processes[0];
	unsigned int i;

	for (i = 0; i < MAX_PROCESSES; i++) {
		struct process *process = &symbols->processes[i];

		if (process->tgid == owner->tgid) {
			/* It could not be read for an older event, or was another process then. */
			if (process->maps_fd < 0 && owner->time_ns > process->opened_ns)
				open_process(process, owner);
			return process;
		}
		if (process->used < oldest->used)
			oldest = process;
	}
	open_process(oldest, owner);
	return oldest;
}

/* Whether the address space that is open now is the one that the event came from. */
static bool is_of_event(const struct symbols *symbols, const struct process *process,
			const struct symbols_owner *owner)
{
	const struct symbols_options *options = &symbols->options;

	/* It was open at that time, and is still the same. */
	if (owner->time_ns >= process->opened_ns)
		return true;
	if (options->exec_ns && options->exec_ns(options->ctx, owner->tgid) > owner->time_ns)
		return false;
	return start_ns(owner->tgid) <= owner->time_ns;
}

/* Find the process of an event and its mapping of the address; NULL if it is not known. */
static struct process *find_mapping(struct symbols *symbols, const struct symbols_owner *owner,
				    __u64 address, struct mapping *mapping)
{
	struct process *process = find_process(symbols, owner);
	int err = -ESRCH;

	process->used = ++symbols->uses;
	if (process->maps_fd >= 0)
		err = mapping__find(process->maps_fd, address, mapping, NULL);
	/* Another program runs now, under the same id. */
	if (err == -ESRCH && process->maps_fd >= 0) {
		open_process(process, owner);
		if (process->maps_fd >= 0)
			err = mapping__find(process->maps_fd, address, mapping, NULL);
	}
	return !err && is_of_event(symbols, process, owner) ? process : NULL;
}

/* Find the file of a mapping; NULL if there is none. */
static struct file *file_of(struct symbols *symbols, struct process *process,
			    const struct mapping *mapping, __u64 address)
{
	static struct mapped_file mapped; /* too large for the stack */
	unsigned int i, nr = process->nr_bindings;
	struct mapping again;
	struct file *file;

	if (!mapping->inode)
		return NULL;
	for (i = 0; i < nr && i < MAX_BINDINGS; i++)
		if (!memcmp(&process->bindings[i].mapping, mapping, sizeof(*mapping)))
			return process->bindings[i].file;
	if (mapping__find(process->maps_fd, address, &again, &mapped) ||
	    memcmp(&again, mapping, sizeof(again)))
		return NULL;
	file = get_file(symbols, process->id, mapping, &mapped);
	if (!file)
		return NULL;
	process->bindings[process->nr_bindings++ % MAX_BINDINGS] =
		(struct binding){ *mapping, file };
	return file;
}

/* Find the name of the function, or else "[file]" and the offset in it. */
static const char *find_user(struct symbols *symbols, const struct symbols_owner *owner,
			     __u64 address, __u32 *offset, char name[NAME_MAX_SIZE])
{
	const char *found = NULL;
	struct process *process;
	struct mapping mapping;
	__u64 file_offset;
	struct file *file;

	process = find_mapping(symbols, owner, address, &mapping);
	file = process ? file_of(symbols, process, &mapping, address) : NULL;
	if (!file)
		return NULL;
	file_offset = address - mapping.start + mapping.offset;
	if (file->functions)
		found = function_table__find(file->functions, file_offset, offset);
	if (found) {
		snprintf(name, NAME_MAX_SIZE, "%s", found);
		return name;
	}
	snprintf(name, NAME_MAX_SIZE, "[%s]", file->name);
	*offset = file_offset;
	return name;
}

/* ---- the cache ---- */

/* Keep a name, in place of an older one. Returns NULL without memory. */
static struct cached_name *keep(struct symbols *symbols, __u32 tgid, __u64 address, __u32 offset,
				const char *name)
{
	const struct cached_name key = { .tgid = tgid, .address = address };
	struct cached_name **found = tfind(&key, &symbols->cache, compare), *cached;
	char *copy = name ? strdup(name) : NULL;

	if (found) {
		cached = *found;
		free(cached->name);
	} else {
		cached = calloc(1, sizeof(*cached));
		if (!cached)
			goto free_copy;
		*cached = key;
		if (!tsearch(cached, &symbols->cache, compare)) {
			free(cached);
			goto free_copy;
		}
	}
	cached->offset = offset;
	cached->name = copy;
	return cached;

free_copy:
	free(copy);
	return NULL;
}

static bool is_same(const struct cached_name *cached, const char *name, __u32 offset)
{
	if (!cached->name || !name)
		return cached->name == name;
	return cached->offset == offset && !strcmp(cached->name, name);
}

const char *symbols__find(struct symbols *symbols, const struct symbols_owner *owner, __u64 address,
			  __u32 *offset, bool *is_new)
{
	const struct cached_name key = { .tgid = owner->tgid, .address = address };
	struct cached_name **found = tfind(&key, &symbols->cache, compare), *cached;
	char buffer[NAME_MAX_SIZE];
	const char *name = NULL;

	*offset = 0;
	*is_new = false;
	if (!symbols->options.is_live) {
		*offset = found ? (*found)->offset : 0;
		return found ? (*found)->name : NULL;
	}
	if (owner->tgid && !symbols->options.no_processes) {
		name = find_user(symbols, owner, address, offset, buffer);
	} else if (!owner->tgid) {
		update_kernel(symbols);
		name = find_kernel(symbols, address, offset);
	}
	if (found ? is_same(*found, name, *offset) : !name)
		return found ? (*found)->name : NULL;
	*is_new = true;
	cached = keep(symbols, owner->tgid, address, *offset, name);
	return cached ? cached->name : NULL;
}

void symbols__add(struct symbols *symbols, __u32 tgid, __u64 address, __u32 offset,
		  const char *name)
{
	keep(symbols, tgid, address, offset, *name ? name : NULL);
}

static void free_cached(void *node)
{
	struct cached_name *cached = node;

	free(cached->name);
	free(cached);
}

void symbols__renew(struct symbols *symbols)
{
	tdestroy(symbols->cache, free_cached);
	symbols->cache = NULL;
}

void symbols__free(struct symbols *symbols)
{
	size_t i;

	if (!symbols)
		return;
	for (i = 0; i < MAX_PROCESSES; i++)
		if (symbols->processes[i].tgid && symbols->processes[i].maps_fd >= 0)
			close(symbols->processes[i].maps_fd);
	forget_files(symbols);
	free_kernel(symbols);
	tdestroy(symbols->cache, free_cached);
	free(symbols);
}
