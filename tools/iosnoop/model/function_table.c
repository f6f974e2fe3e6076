// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions of a file, see function_table.h.
 *
 * The table is a copy, and the file is closed after reading: a file that iosnoop holds open keeps
 * its file system busy, and a container could not unmount it. It is read from a copy in memory,
 * because reading a mapping of a file that another process truncates is a fatal SIGBUS.
 *
 * A symbol without a size, as in assembly, reaches to the next symbol or to the end of its section.
 */
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/function_table.h"

#define FILE_MAX_BYTES (512ll << 20)
#define MAX_LOADS 16
/* How many symbols before an address are searched for one that contains it. */
#define LOOK_BACK 32

struct load {
	__u64 offset; /* in the file */
	__u64 size;
	__u64 address;
};

struct function {
	__u64 start; /* address in the file's own numbering */
	__u64 end;
	char *name;
	bool is_sized;
};

struct function_table {
	struct load loads[MAX_LOADS];
	unsigned int nr_loads;
	struct function *functions;
	size_t nr;
	size_t room;
};

/* dwfl_standard_find_debuginfo() would also open files by a name that the file contains. */
static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = dwfl_build_id_find_debuginfo,
	.section_address = dwfl_offline_section_address,
};

/* Copy a file into memory. Returns a file descriptor, or -1. */
static int copy(int fd)
{
	struct stat status;
	off_t done = 0;
	ssize_t got = 1;
	int memory;

	if (fstat(fd, &status) || status.st_size > FILE_MAX_BYTES)
		return -1;
	memory = memfd_create("iosnoop", MFD_CLOEXEC);
	while (memory >= 0 && done < status.st_size && got > 0)
		got = sendfile(memory, fd, &done, status.st_size - done);
	if (memory >= 0 && done < status.st_size) {
		close(memory);
		return -1;
	}
	return memory;
}

/* Read the program headers; false if this is no program or library. */
static bool read_loads(struct function_table *table, int fd)
{
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	GElf_Ehdr header;
	GElf_Phdr load;
	size_t nr = 0, i;
	bool is_code;

	is_code = elf && elf_kind(elf) == ELF_K_ELF && gelf_getehdr(elf, &header) &&
		  (header.e_type == ET_EXEC || header.e_type == ET_DYN) &&
		  !elf_getphdrnum(elf, &nr);
	for (i = 0; is_code && i < nr && table->nr_loads < MAX_LOADS; i++) {
		if (!gelf_getphdr(elf, i, &load) || load.p_type != PT_LOAD)
			continue;
		table->loads[table->nr_loads++] = (struct load){
			.offset = load.p_offset,
			.size = load.p_filesz,
			.address = load.p_vaddr,
		};
	}
	elf_end(elf);
	return is_code;
}

/* The end of the section of a symbol, as an address; 0 if it holds no code. */
static __u64 section_end(Elf *elf, GElf_Word index)
{
	Elf_Scn *section = elf ? elf_getscn(elf, index) : NULL;
	GElf_Shdr header;

	if (!section || !gelf_getshdr(section, &header) || !(header.sh_flags & SHF_EXECINSTR))
		return 0;
	return header.sh_addr + header.sh_size;
}

static bool add_function(struct function_table *table, const char *name, const GElf_Sym *symbol,
			 __u64 start, __u64 end)
{
	struct function *grown;

	if (table->nr == table->room) {
		table->room = table->room ? 2 * table->room : 1024;
		grown = realloc(table->functions, table->room * sizeof(*grown));
		if (!grown)
			return false;
		table->functions = grown;
	}
	table->functions[table->nr] = (struct function){
		.start = start,
		.end = symbol->st_size && symbol->st_size < end - start ? start + symbol->st_size :
									  end,
		.name = strdup(name),
		.is_sized = symbol->st_size,
	};
	return table->functions[table->nr++].name;
}

/* Add the functions among the symbols of a module whose addresses are moved by bias. */
static void add_functions(struct function_table *table, Dwfl_Module *module)
{
	int nr = dwfl_module_getsymtab(module), i;
	GElf_Addr address, bias = 0;
	Dwarf_Addr moved = 0;
	const char *name;
	GElf_Sym symbol;
	GElf_Word index;
	__u64 end;
	Elf *elf;

	if (!dwfl_module_getelf(module, &bias))
		return;
	for (i = 1; i < nr; i++) {
		name = dwfl_module_getsym_info(module, i, &symbol, &address, &index, &elf, &moved);
		if (!name || !*name || index == SHN_UNDEF)
			continue;
		switch (GELF_ST_TYPE(symbol.st_info)) {
		case STT_FUNC:
		case STT_GNU_IFUNC:
		case STT_NOTYPE:
			break;
		default:
			continue;
		}
		/* The ends of sections in a debug file are those of its own numbering. */
		end = section_end(elf, index) + moved - bias;
		if (section_end(elf, index) && address - bias < end &&
		    !add_function(table, name, &symbol, address - bias, end))
			return;
	}
}

static int compare(const void *a, const void *b)
{
	const struct function *one = a, *other = b;

	return (one->start > other->start) - (one->start < other->start);
}

/* Let symbols without a size end at the next one. */
static void order(struct function_table *table)
{
	struct function *functions = table->functions;
	size_t i, next;

	if (!table->nr)
		return;
	qsort(functions, table->nr, sizeof(*functions), compare);
	for (i = table->nr, next = table->nr; i--;) {
		if (i + 1 < table->nr && functions[i + 1].start > functions[i].start)
			next = i + 1;
		if (!functions[i].is_sized && next < table->nr &&
		    functions[next].start < functions[i].end)
			functions[i].end = functions[next].start;
	}
}

struct function_table *function_table__read(int fd, const char *path)
{
	struct function_table *table = calloc(1, sizeof(*table));
	Dwfl_Module *module = NULL;
	Dwfl *dwfl = NULL;
	int memory;

	if (!table)
		return NULL;
	elf_version(EV_CURRENT);
	memory = copy(fd);
	if (memory >= 0 && read_loads(table, memory))
		dwfl = dwfl_begin(&callbacks);
	if (dwfl) {
		dwfl_report_begin(dwfl);
		module = dwfl_report_elf(dwfl, path, path, memory, 0, true);
		if (module)
			memory = -1; /* libdwfl closes it */
		dwfl_report_end(dwfl, NULL, NULL);
	}
	if (module)
		add_functions(table, module);
	order(table);
	dwfl_end(dwfl);
	if (memory >= 0)
		close(memory);
	return table;
}

void function_table__free(struct function_table *table)
{
	size_t i;

	if (!table)
		return;
	for (i = 0; i < table->nr; i++)
		free(table->functions[i].name);
	free(table->functions);
	free(table);
}

/* Find the last function that begins at or before an address; nr if there is none. */
static size_t last_before(const struct function_table *table, __u64 address)
{
	size_t low = 0, high = table->nr, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (table->functions[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? low - 1 : table->nr;
}

static const struct function *find(const struct function_table *table, __u64 address)
{
	const struct function *found = NULL, *function;
	size_t i = last_before(table, address), steps;

	for (steps = 0; i < table->nr && steps < LOOK_BACK; steps++) {
		function = &table->functions[i];
		if (address < function->end && function->is_sized)
			return function;
		if (address < function->end && !found)
			found = function;
		if (!i--)
			break;
	}
	return found;
}

const char *function_table__find(const struct function_table *table, __u64 file_offset,
				 __u32 *offset)
{
	const struct function *function = NULL;
	const struct load *load;
	__u64 address = 0;
	unsigned int i;

	for (i = 0; i < table->nr_loads && !function; i++) {
		load = &table->loads[i];
		if (file_offset < load->offset || file_offset - load->offset >= load->size)
			continue;
		address = load->address + (file_offset - load->offset);
		function = find(table, address);
	}
	if (!function)
		return NULL;
	*offset = address - function->start;
	return function->name;
}
