// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading images; their format is in <linux/vmadump.h>. */
#include <elf.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "bpckpt.h"

#define PSARGS_64 56
#define PSARGS_32 44
#define PID_64 32
#define PID_32 24

/* --- bytes --- */

static bool read_at(int fd, void *to, size_t len, uint64_t at)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = pread(fd, (char *)to + done, len - done, (off_t)(at + done));
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

static void *get(int fd, uint64_t len, uint64_t at, uint64_t limit)
{
	void *p = len <= limit ? malloc(len + 1) : NULL;

	if (p && !read_at(fd, p, len, at)) {
		free(p);
		p = NULL;
	}
	return p;
}

/* --- notes --- */

static bool take(void *to, size_t size, const void *desc, uint32_t len)
{
	if (len != size)
		return false;
	memcpy(to, desc, size);
	return true;
}

/* Texts end, whatever they say. */
static bool take_image(struct bpckpt_image *im, const void *desc, uint32_t len)
{
	bool fine = take(&im->image, sizeof(im->image), desc, len);

	im->image.release[sizeof(im->image.release) - 1] = '\0';
	im->image.version[sizeof(im->image.version) - 1] = '\0';
	return fine;
}

static bool take_maps(struct bpckpt_image *im, const void *desc, uint32_t len)
{
	const struct vmad_map *map = desc;
	size_t i;

	if (im->maps || len % sizeof(*map))
		return false;
	im->nmaps = len / sizeof(*map);
	im->maps = calloc(im->nmaps + 1, sizeof(*im->maps));
	for (i = 0; im->maps && i < im->nmaps; i++)
		im->maps[i].map = map[i];
	return im->maps;
}

static bool take_files(struct bpckpt_image *im, const void *desc, uint32_t len)
{
	const struct vmad_file *file = desc;
	uint64_t names = 0, n = 0, i;
	const char *name;

	if (im->files)
		return false;
	while (n * sizeof(*file) + names < len) {
		if ((n + 1) * sizeof(*file) > len || file[n].name_len >= 4096)
			return false;
		names += file[n].name_len + 1;
		n++;
	}
	if (n * sizeof(*file) + names != len)
		return false;
	im->nfiles = n;
	im->files = calloc(n + 1, sizeof(*im->files));
	im->names = calloc(n + 1, sizeof(*im->names));
	if (!im->files || !im->names)
		return false;
	memcpy(im->files, file, n * sizeof(*file));
	name = (const char *)(file + n);
	for (i = 0; i < n; i++) {
		im->names[i] = strndup(name, file[i].name_len);
		if (!im->names[i])
			return false;
		name += file[i].name_len + 1;
	}
	return true;
}

static bool own_note(struct bpckpt_image *im, uint32_t type, const void *desc, uint32_t len)
{
	switch (type) {
	case VMAD_NOTE_IMAGE:
		return take_image(im, desc, len);
	case VMAD_NOTE_TASK:
		return take(&im->task, sizeof(im->task), desc, len);
	case VMAD_NOTE_CPU:
		return take(&im->cpu, sizeof(im->cpu), desc, len);
	case VMAD_NOTE_RESUME:
		im->resumes = true;
		return take(&im->resume, sizeof(im->resume), desc, len);
	case VMAD_NOTE_MAPS:
		return take_maps(im, desc, len);
	case VMAD_NOTE_FILES:
		return take_files(im, desc, len);
	}
	return true;
}

static bool core_note(struct bpckpt_image *im, uint32_t type, const char *desc, uint32_t len)
{
	uint32_t args = im->is32 ? PSARGS_32 : PSARGS_64, pid = im->is32 ? PID_32 : PID_64;
	int32_t nr;

	if (type == NT_PRSTATUS) {
		if (len < pid + 4)
			return false;
		memcpy(&nr, desc + pid, 4);
		im->pid = nr;
	} else if (type == NT_PRPSINFO) {
		if (len < args + 80)
			return false;
		memcpy(im->args, desc + args, 80);
	}
	return true;
}

static const char *read_notes(struct bpckpt_image *im, const char *p, uint64_t len)
{
	bool first = true;

	while (len) {
		Elf64_Nhdr h;
		uint64_t desc, next;
		bool own, fine = true;

		if (len < sizeof(h))
			return "its notes are damaged";
		memcpy(&h, p, sizeof(h));
		desc = sizeof(h) + ((h.n_namesz + 3ULL) & ~3ULL);
		next = desc + ((h.n_descsz + 3ULL) & ~3ULL);
		if (desc > len || next > len)
			return "its notes are damaged";
		own = h.n_namesz == sizeof(VMAD_NOTE_OWNER) &&
		      !memcmp(p + sizeof(h), VMAD_NOTE_OWNER, sizeof(VMAD_NOTE_OWNER));
		if (first && (!own || h.n_type != VMAD_NOTE_IMAGE))
			return "a core file, but no image of a process";
		first = false;
		if (own)
			fine = own_note(im, h.n_type, p + desc, h.n_descsz);
		else if (h.n_namesz == 5 && !memcmp(p + sizeof(h), "CORE", 5))
			fine = core_note(im, h.n_type, p + desc, h.n_descsz);
		if (!fine)
			return "its notes are damaged";
		p += next;
		len -= next;
	}
	return im->maps && im->files ? NULL : "its notes are damaged";
}

/* --- program headers --- */

struct phdr {
	uint32_t type;
	uint64_t vaddr, offset, filesz;
};

static void get_phdr(const struct bpckpt_image *im, const void *table, uint32_t i,
		     struct phdr *to)
{
	if (im->is32) {
		Elf32_Phdr ph = ((const Elf32_Phdr *)table)[i];

		*to = (struct phdr){ ph.p_type, ph.p_vaddr, ph.p_offset, ph.p_filesz };
	} else {
		Elf64_Phdr ph = ((const Elf64_Phdr *)table)[i];

		*to = (struct phdr){ ph.p_type, ph.p_vaddr, ph.p_offset, ph.p_filesz };
	}
}

/* Both rise by address. */
static void count_pages(struct bpckpt_image *im, const void *table, uint32_t n)
{
	size_t m = 0;
	uint32_t i;

	for (i = 1; i < n; i++) {
		struct phdr ph;

		get_phdr(im, table, i, &ph);
		while (m < im->nmaps && im->maps[m].map.end <= ph.vaddr)
			m++;
		if (m < im->nmaps && ph.type == PT_LOAD)
			im->maps[m].stored += ph.filesz;
	}
}

static const char *read_trailer(int fd, const struct bpckpt_image *im)
{
	struct vmad_trailer t;

	if (im->image.length < sizeof(t) ||
	    !read_at(fd, &t, sizeof(t), im->image.length - sizeof(t)) ||
	    memcmp(t.magic, VMAD_TRAILER_MAGIC, sizeof(t.magic)) ||
	    t.length != im->image.length)
		return "it is not complete";
	return NULL;
}

const char *bpckpt_read(int fd, struct bpckpt_image *im)
{
	const char *wrong = "not an image of a process";
	void *table = NULL, *notes = NULL;
	uint64_t phoff, shoff, size;
	uint32_t n, entry;
	struct phdr note;
	Elf64_Ehdr e;
	Elf32_Ehdr e32;

	memset(im, 0, sizeof(*im));
	im->task.exe = VMAD_NO_FILE;
	if (!read_at(fd, &e, sizeof(e), 0) || memcmp(e.e_ident, ELFMAG, SELFMAG) ||
	    e.e_type != ET_CORE)
		return wrong;
	im->is32 = e.e_ident[EI_CLASS] == ELFCLASS32;
	memcpy(&e32, &e, sizeof(e32));
	phoff = im->is32 ? e32.e_phoff : e.e_phoff;
	shoff = im->is32 ? e32.e_shoff : e.e_shoff;
	n = im->is32 ? e32.e_phnum : e.e_phnum;
	entry = im->is32 ? sizeof(Elf32_Phdr) : sizeof(Elf64_Phdr);
	if (n == PN_XNUM) {
		Elf64_Shdr sh;
		Elf32_Shdr sh32;

		if (im->is32 ? !read_at(fd, &sh32, sizeof(sh32), shoff) :
			       !read_at(fd, &sh, sizeof(sh), shoff))
			return wrong;
		n = im->is32 ? sh32.sh_info : sh.sh_info;
	}
	if (!n || n > VMAD_LOADS_MAX)
		return wrong;
	size = (uint64_t)n * entry;
	table = get(fd, size, phoff, size);
	if (!table)
		return wrong;
	get_phdr(im, table, 0, &note);
	if (note.type == PT_NOTE)
		notes = get(fd, note.filesz, note.offset, VMAD_NOTES_MAX);
	if (notes)
		wrong = read_notes(im, notes, note.filesz);
	if (!wrong && im->image.format != VMAD_FORMAT)
		wrong = "an image of another version of BProc";
	if (!wrong) {
		count_pages(im, table, n);
		wrong = read_trailer(fd, im);
	}
	free(table);
	free(notes);
	if (wrong)
		bpckpt_free(im);
	return wrong;
}

void bpckpt_free(struct bpckpt_image *im)
{
	size_t i;

	for (i = 0; im->names && i < im->nfiles; i++)
		free(im->names[i]);
	free(im->names);
	free(im->files);
	free(im->maps);
	im->names = NULL;
	im->files = NULL;
	im->maps = NULL;
}

/* --- does it fit? --- */

/* Words of struct vmad_cpu.cpuid, bits, and names as in /proc/cpuinfo. */
static const struct {
	unsigned char word, bit;
	const char *name;
} features[] = {
	{ 0, 8, "cx8" },	 { 0, 15, "cmov" },	   { 0, 23, "mmx" },
	{ 0, 24, "fxsr" },	 { 0, 25, "sse" },	   { 0, 26, "sse2" },
	{ 1, 0, "pni" },	 { 1, 1, "pclmulqdq" },	   { 1, 9, "ssse3" },
	{ 1, 12, "fma" },	 { 1, 13, "cx16" },	   { 1, 19, "sse4_1" },
	{ 1, 20, "sse4_2" },	 { 1, 22, "movbe" },	   { 1, 23, "popcnt" },
	{ 1, 25, "aes" },	 { 1, 26, "xsave" },	   { 1, 28, "avx" },
	{ 1, 29, "f16c" },	 { 1, 30, "rdrand" },	   { 2, 27, "rdtscp" },
	{ 3, 0, "lahf_lm" },	 { 3, 5, "abm" },	   { 3, 6, "sse4a" },
	{ 3, 11, "xop" },	 { 3, 16, "fma4" },	   { 4, 0, "fsgsbase" },
	{ 4, 3, "bmi1" },	 { 4, 4, "hle" },	   { 4, 5, "avx2" },
	{ 4, 8, "bmi2" },	 { 4, 11, "rtm" },	   { 4, 16, "avx512f" },
	{ 4, 17, "avx512dq" },	 { 4, 18, "rdseed" },	   { 4, 19, "adx" },
	{ 4, 21, "avx512ifma" }, { 4, 23, "clflushopt" },  { 4, 24, "clwb" },
	{ 4, 28, "avx512cd" },	 { 4, 29, "sha_ni" },	   { 4, 30, "avx512bw" },
	{ 4, 31, "avx512vl" },	 { 5, 1, "avx512vbmi" },   { 5, 4, "ospke" },
	{ 5, 5, "waitpkg" },	 { 5, 6, "avx512_vbmi2" }, { 5, 8, "gfni" },
	{ 5, 9, "vaes" },	 { 5, 10, "vpclmulqdq" },  { 5, 11, "avx512_vnni" },
	{ 5, 22, "rdpid" },	 { 5, 25, "cldemote" },	   { 5, 27, "movdiri" },
	{ 5, 28, "movdir64b" },	 { 6, 14, "serialize" },   { 6, 23, "avx512_fp16" },
	{ 7, 4, "avx_vnni" },	 { 7, 5, "avx512_bf16" },
};

/* The line "flags" of the first processor, with a space at both ends of each word. */
static char *own_flags(void)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char *line = NULL;
	size_t size = 0;

	while (f && getline(&line, &size, f) > 0)
		if (!strncmp(line, "flags", 5)) {
			fclose(f);
			line[strcspn(line, "\n")] = ' ';
			return line;
		}
	if (f)
		fclose(f);
	free(line);
	return NULL;
}

char *bpckpt_missing_features(const struct bpckpt_image *im)
{
	char *have = own_flags(), *all = NULL, word[40];
	size_t i, len;
	FILE *out = open_memstream(&all, &len);

	for (i = 0; have && out && i < sizeof(features) / sizeof(*features); i++) {
		snprintf(word, sizeof(word), " %s ", features[i].name);
		if ((im->cpu.cpuid[features[i].word] & (1U << features[i].bit)) &&
		    !strstr(have, word))
			fprintf(out, " %s", features[i].name);
	}
	if (out)
		fclose(out);
	free(have);
	return all;
}

bool bpckpt_uses(const struct bpckpt_image *im, size_t file)
{
	size_t i;

	for (i = 0; i < im->nmaps; i++)
		if (im->maps[i].map.file == file)
			return true;
	return false;
}

const char *bpckpt_file_problem(const struct bpckpt_image *im, size_t file)
{
	const struct vmad_file *f = &im->files[file];
	struct stat st;

	if (stat(im->names[file], &st))
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "not a file";
	if (access(im->names[file], R_OK))
		return strerror(errno);
	if ((unsigned long long)st.st_size != f->size ||
	    (!f->build_id_len && (st.st_mtim.tv_sec != f->mtime_sec ||
				  (unsigned int)st.st_mtim.tv_nsec != f->mtime_nsec)))
		return "another file than the one that was mapped";
	return NULL;
}
