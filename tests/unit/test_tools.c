// SPDX-License-Identifier: GPL-2.0-or-later
/* bpcp's stream, and bpckpt's reader of images. */
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../shell/bpckpt.h"
#include "../../shell/bpcp.h"
#include "../../shell/bpcp_stream.h"
#include "../../shell/whole.h"
#include "unit.h"

static char dir[64];

static void enter(void)
{
	strcpy(dir, "/tmp/test_tools.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
}

static void leave(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", dir);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(system(command), 0);
}

static void put_file(const char *name, const char *text, mode_t mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static bool has(const char *name, const char *text)
{
	char buf[256] = "";
	int fd = open(name, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);

	if (fd >= 0)
		close(fd);
	return n == (ssize_t)strlen(text) && !strcmp(buf, text);
}

/* --- bpcp --- */

static int copy(char *from, const char *to, bool recursive, bool preserve, char *report,
		size_t room)
{
	struct bpcp_options o = { .recursive = recursive, .preserve = preserve };
	struct bpcp_count out = { .bytes = 0 }, in = { .bytes = 0 };
	int ends[2];
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	if (!pid) {
		bpcp_source(ends[1], &from, 1, &o, &out);
		_exit(0);
	}
	close(ends[1]);
	report[0] = '\0';
	bpcp_sink(ends[0], to, &o, &in, report, room);
	close(ends[0]);
	waitpid(pid, NULL, 0);
	return in.errors;
}

START_TEST(a_tree_with_modes_and_times)
{
	struct timespec t[2] = { { 1000000000, 5 }, { 1100000000, 7 } };
	char report[4096], link[16] = "";
	struct stat st;

	enter();
	mkdir("a", 0755);
	mkdir("a/b", 0750);
	put_file("a/b/x", "hello", 0640);
	put_file("a/empty", "", 0600);
	ck_assert_int_eq(symlink("b/x", "a/l"), 0);
	ck_assert_int_eq(utimensat(AT_FDCWD, "a/b/x", t, 0), 0);
	ck_assert_int_eq(utimensat(AT_FDCWD, "a/b", t, 0), 0);
	ck_assert_int_eq(copy("a", "c", true, true, report, sizeof(report)), 0);
	ck_assert(has("c/b/x", "hello"));
	ck_assert(has("c/empty", ""));
	ck_assert_int_eq(readlink("c/l", link, sizeof(link)), 3);
	ck_assert_int_eq(stat("c/b/x", &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0640);
	ck_assert_int_eq(st.st_mtim.tv_sec, 1100000000);
	ck_assert_int_eq(st.st_mtim.tv_nsec, 7);
	ck_assert_int_eq(stat("c/b", &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0750);
	ck_assert_int_eq(st.st_mtim.tv_sec, 1100000000);
	/* Into one that is there it goes below it. */
	ck_assert_int_eq(copy("a", "c", true, false, report, sizeof(report)), 0);
	ck_assert(has("c/a/b/x", "hello"));
	leave();
}
END_TEST

START_TEST(what_goes_wrong_is_told)
{
	char report[4096];

	enter();
	mkdir("d", 0755);
	ck_assert_int_eq(copy("d", "e", false, false, report, sizeof(report)), 1);
	ck_assert_ptr_nonnull(strstr(report, "d: a directory"));
	ck_assert_int_eq(copy("none", "e", false, false, report, sizeof(report)), 1);
	ck_assert_ptr_nonnull(strstr(report, "none: No such file"));
	put_file("x", "1", 0600);
	ck_assert_int_eq(copy("x", "no/such/place", false, false, report, sizeof(report)), 1);
	/* The report has its room and no more. */
	ck_assert_int_eq(copy("none", "e", false, false, report, 8), 1);
	ck_assert_int_lt(strlen(report), 8);
	leave();
}
END_TEST

static int hostile(const char *const *names, const uint32_t *types, int n)
{
	struct bpcp_options o = { .recursive = true };
	struct bpcp_count in = { .bytes = 0 };
	char report[4096] = "";
	int i, ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	for (i = 0; i < n; i++) {
		struct record r = {
			.magic = MAGIC,
			.type = types[i],
			.mode = 0777,
			.name_len = (uint32_t)strlen(names[i]),
			.size = types[i] == 1 ? 1 : types[i] == 4 ? 4 : 0,
		};

		ck_assert(write_whole(ends[1], &r, sizeof(r)));
		ck_assert(write_whole(ends[1], names[i], r.name_len));
		if (r.size)
			ck_assert(write_whole(ends[1], "/tmp", (size_t)r.size));
	}
	close(ends[1]);
	bpcp_sink(ends[0], "in", &o, &in, report, sizeof(report));
	close(ends[0]);
	return in.errors;
}

START_TEST(names_that_lead_elsewhere)
{
	static const char *const up[] = { "..", "../out", "a/b", "", "." };
	uint32_t file = 1, directory = 2;
	int i;

	enter();
	mkdir("in", 0755);
	for (i = 0; i < 5; i++) {
		ck_assert_int_gt(hostile(&up[i], &file, 1), 0);
		ck_assert_int_gt(hostile(&up[i], &directory, 1), 0);
	}
	ck_assert_int_ne(access("out", F_OK), 0);
	ck_assert_int_ne(access("in/a", F_OK), 0);
	leave();
}
END_TEST

/* A link that was sent first is not followed afterwards. */
START_TEST(links_that_lead_elsewhere)
{
	static const char *const names[] = { "d", "l", "l", "planted" };
	static const uint32_t types[] = { 2, 4, 2, 1 };
	static const char *const file_names[] = { "d", "m", "m" };
	static const uint32_t file_types[] = { 2, 4, 1 };

	enter();
	unlink("/tmp/planted");
	mkdir("in", 0755);
	ck_assert_int_gt(hostile(names, types, 4), 0);
	ck_assert_int_ne(access("/tmp/planted", F_OK), 0);
	ck_assert_int_gt(hostile(file_names, file_types, 3), 0);
	leave();
}
END_TEST

START_TEST(streams_that_break_off)
{
	static const char *const names[] = { "f" };
	static const uint32_t types[] = { 1 }, nonsense[] = { 77 };

	enter();
	mkdir("in", 0755);
	/* No end came. */
	ck_assert_int_gt(hostile(names, types, 1), 0);
	ck_assert_int_gt(hostile(names, nonsense, 1), 0);
	ck_assert_int_gt(hostile(names, types, 0), 0);
	leave();
}
END_TEST

/* --- bpckpt --- */

static const char *read_image(const void *data, size_t len)
{
	int fd = open("image", O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct bpckpt_image im;
	const char *wrong;

	ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
	wrong = bpckpt_read(fd, &im);
	close(fd);
	ck_assert_ptr_nonnull(wrong);
	return wrong;
}

START_TEST(what_is_no_image)
{
	struct {
		Elf64_Ehdr e;
		Elf64_Phdr ph;
		Elf64_Nhdr note;
		char owner[8];
	} core = {
		.e = { .e_type = ET_CORE, .e_phoff = sizeof(core.e), .e_phnum = 1 },
		.ph = { .p_type = PT_NOTE, .p_offset = sizeof(core.e) + sizeof(core.ph),
			.p_filesz = sizeof(core.note) + 8 },
		.note = { .n_namesz = 5, .n_descsz = 0, .n_type = NT_PRSTATUS },
		.owner = "CORE",
	};
	size_t len;

	enter();
	memcpy(core.e.e_ident, ELFMAG, SELFMAG);
	core.e.e_ident[EI_CLASS] = ELFCLASS64;
	ck_assert_ptr_nonnull(strstr(read_image("", 0), "not an image"));
	ck_assert_ptr_nonnull(strstr(read_image("#!/bin/sh\n", 10), "not an image"));
	ck_assert_ptr_nonnull(strstr(read_image(&core, sizeof(core)), "a core file"));
	for (len = 0; len < sizeof(core); len++)
		read_image(&core, len);
	/* Ours, but with nothing in it; and sizes that lie. */
	memcpy(core.owner, "BPROC", 6);
	core.note.n_namesz = 6;
	core.note.n_type = VMAD_NOTE_IMAGE;
	ck_assert_ptr_nonnull(strstr(read_image(&core, sizeof(core)), "damaged"));
	core.note.n_descsz = 0xffffffff;
	ck_assert_ptr_nonnull(strstr(read_image(&core, sizeof(core)), "damaged"));
	core.ph.p_filesz = ~0ULL;
	read_image(&core, sizeof(core));
	core.e.e_phnum = PN_XNUM;
	core.e.e_shoff = ~0ULL;
	read_image(&core, sizeof(core));
	leave();
}
END_TEST

UNIT_MAIN("tools", a_tree_with_modes_and_times, what_goes_wrong_is_told, names_that_lead_elsewhere,
	  links_that_lead_elsewhere, streams_that_break_off, what_is_no_image)
