// SPDX-License-Identifier: GPL-2.0-or-later
/* bpckpt without a driver: what becomes of files and processes, what is said of images. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vmadump.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/bproc.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../shell/bpckpt.h"
#include "folder.h"
#include "unit.h"

/* --- the driver --- */

static bool hangs;
static int check_error;

int bproc_dumpproc(int pid, int fd, int flags, int *why)
{
	(void)flags;
	*why = 0;
	if (hangs)
		pause();
	dprintf(fd, "%d", pid);
	return 0;
}

int bproc_execdump(int fd, int flags, const char *cmd, char *const argv[],
		   char *const envp[])
{
	(void)flags;
	(void)argv;
	(void)envp;
	dprintf(fd, "%s", cmd);
	if (!strcmp(cmd, "./fails"))
		_exit(ENOEXEC);
	_exit(0);
}

int bproc_undump(int fd)
{
	(void)fd;
	errno = EINVAL;
	return -1;
}

int bproc_undump_check(int fd)
{
	(void)fd;
	errno = check_error;
	return check_error ? -1 : 0;
}

const char *bproc_whystr(int why)
{
	(void)why;
	return "";
}

const char *bproc_strerror(int err)
{
	return strerror(err);
}

static int synced;
static bool disk_fails;

int __real_fsync(int fd);
int __wrap_fsync(int fd);

int __wrap_fsync(int fd)
{
	synced++;
	if (disk_fails) {
		errno = EIO;
		return -1;
	}
	return __real_fsync(fd);
}

/* --- here --- */

static bool has_no_temporary(void)
{
	return system("ls | grep -q '\\.......$'") != 0;
}

#define MAX 8

/* Its output and errors go to the file "out". */
static int bpckpt(const char *const words[MAX])
{
	int argc = 1, ret, fd, out = dup(1), err = dup(2);
	char *argv[MAX + 2] = { "bpckpt", NULL };

	for (; words[argc - 1]; argc++)
		argv[argc] = strdup(words[argc - 1]);
	argv[argc] = NULL;
	fflush(stdout);
	fd = open("out", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	dup2(fd, 1);
	dup2(fd, 2);
	ret = bpckpt_command(argc, argv);
	fflush(stdout);
	dup2(out, 1);
	dup2(err, 2);
	close(out);
	close(err);
	close(fd);
	return ret;
}

#define BPCKPT(...) bpckpt((const char *const[MAX]){ __VA_ARGS__ })

static char *output(void)
{
	static char buf[4096];
	int fd = open("out", O_RDONLY);
	ssize_t n = read(fd, buf, sizeof(buf) - 1);

	close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

static pid_t process(void)
{
	pid_t pid = fork();

	if (!pid) {
		pause();
		_exit(0);
	}
	return pid;
}

/* --- files --- */

START_TEST(a_file_is_complete_or_not_there)
{
	struct stat st;

	enter_folder();
	ck_assert_int_eq(BPCKPT("dump", "77", "new"), 0);
	ck_assert(has("new", "77"));
	ck_assert_int_eq(stat("new", &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0700);
	/* It, and its name in the directory. */
	ck_assert_int_eq(synced, 2);
	disk_fails = true;
	ck_assert_int_eq(BPCKPT("dump", "78", "new"), 1);
	ck_assert_int_eq(BPCKPT("dump", "78", "newer"), 1);
	ck_assert(has("new", "77"));
	ck_assert_int_ne(access("newer", F_OK), 0);
	ck_assert(has_no_temporary());
	leave_folder();
}
END_TEST

/* What is no file is written to, and stays what it is. */
START_TEST(devices_and_links)
{
	struct stat st;
	char text[16] = "";
	int fd;

	enter_folder();
	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	fd = open("fifo", O_RDONLY | O_NONBLOCK);
	ck_assert_int_eq(BPCKPT("dump", "77", "fifo"), 0);
	ck_assert_int_eq(read(fd, text, sizeof(text)), 2);
	ck_assert_str_eq(text, "77");
	close(fd);
	ck_assert_int_eq(lstat("fifo", &st), 0);
	ck_assert(S_ISFIFO(st.st_mode));
	put_file("file", "", 0600);
	ck_assert_int_eq(symlink("file", "link"), 0);
	ck_assert_int_eq(BPCKPT("dump", "77", "link"), 0);
	ck_assert_int_eq(lstat("link", &st), 0);
	ck_assert(S_ISLNK(st.st_mode));
	ck_assert(has("file", "77"));
	ck_assert_int_eq(symlink("/proc/self/fd/1", "stdout"), 0);
	ck_assert_int_eq(BPCKPT("dump", "77", "stdout"), 0);
	ck_assert(has("out", "77"));
	ck_assert_int_eq(lstat("stdout", &st), 0);
	ck_assert(S_ISLNK(st.st_mode));
	ck_assert_int_eq(BPCKPT("dump", "77", "."), 1);
	leave_folder();
}
END_TEST

/* A process's memory is not left behind. */
START_TEST(interrupted)
{
	int status;
	pid_t pid;

	enter_folder();
	pid = fork();
	if (!pid) {
		hangs = true;
		signal(SIGINT, SIG_DFL); /* Check's own */
		_exit(BPCKPT("dump", "77", "new"));
	}
	while (has_no_temporary())
		usleep(10000);
	usleep(100000);
	kill(pid, SIGINT);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	ck_assert(has_no_temporary());
	ck_assert_int_ne(access("new", F_OK), 0);
	/* Afterwards all is as it was. */
	signal(SIGINT, SIG_DFL);
	ck_assert_int_eq(BPCKPT("dump", "77", "new"), 0);
	ck_assert(signal(SIGINT, SIG_DFL) == SIG_DFL);
	leave_folder();
}
END_TEST

/* --- processes --- */

START_TEST(who_is_killed)
{
	char text[32];
	pid_t pid;
	int status;

	enter_folder();
	pid = process();
	/* A number that is another one's if one looks at half of it. */
	snprintf(text, sizeof(text), "%lld", (1LL << 32) + pid);
	ck_assert_int_eq(BPCKPT("dump", "-k", text, "new"), 2);
	ck_assert_int_ne(access("new", F_OK), 0);
	ck_assert_int_eq(BPCKPT("dump", "-k", "99999999999999999999", "new"), 2);
	ck_assert_int_eq(BPCKPT("dump", "-k", "0", "new"), 2);
	snprintf(text, sizeof(text), "%d", pid);
	/* Nobody dies for a file that is not there for sure. */
	disk_fails = true;
	ck_assert_int_eq(BPCKPT("dump", "-k", text, "new"), 1);
	ck_assert_int_eq(waitpid(pid, &status, WNOHANG), 0);
	disk_fails = false;
	ck_assert_int_eq(BPCKPT("dump", "-k", text, "new"), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(BPCKPT("dump", "-k", text, "none"), 1);
	ck_assert_int_ne(access("none", F_OK), 0);
	leave_folder();
}
END_TEST

START_TEST(programs_on_the_path)
{
	enter_folder();
	mkdir("bin", 0755);
	mkdir("bin/tool", 0755);
	mkdir("other", 0755);
	put_file("other/tool", "", 0755);
	put_file("here", "", 0755);
	setenv("PATH", "bin::other", 1);
	ck_assert_int_eq(BPCKPT("exec", "image", "here"), 0);
	ck_assert(has("image", "here"));
	ck_assert_int_eq(BPCKPT("exec", "image", "tool"), 0);
	ck_assert(has("image", "other/tool"));
	ck_assert_int_eq(BPCKPT("exec", "image", "none"), 1);
	ck_assert_ptr_nonnull(strstr(output(), "none: No such file"));
	setenv("PATH", "/bin:/usr/bin", 1);
	leave_folder();
}
END_TEST

/* As the shell's "trap '' CHLD" leaves it. */
START_TEST(children_that_are_ignored)
{
	enter_folder();
	signal(SIGCHLD, SIG_IGN);
	ck_assert_int_eq(BPCKPT("exec", "image", "./works"), 0);
	ck_assert(has("image", "./works"));
	ck_assert_int_eq(BPCKPT("exec", "bad", "./fails"), 1);
	ck_assert(signal(SIGCHLD, SIG_DFL) == SIG_IGN);
	ck_assert_int_ne(access("bad", F_OK), 0);
	leave_folder();
}
END_TEST

/* --- images --- */

struct note {
	Elf64_Nhdr h;
	char owner[8];
};

#define NOTE(size, kind) { { 6, size, kind }, VMAD_NOTE_OWNER }

/* With no memory in it, but texts that look like it. */
static void put_image(const char *name)
{
	static const char file[16] = "/lib/\033]0;x\007", psargs[] = "rm \xc2\x9b" "2J";
	struct __attribute__((packed)) {
		Elf64_Ehdr e;
		Elf64_Phdr ph;
		struct note image_note;
		struct vmad_image image;
		struct note task_note;
		struct vmad_task task;
		struct note maps_note;
		struct note files_note;
		struct vmad_file file;
		char file_name[16];
		struct note args_note;
		char args[136];
		struct vmad_trailer trailer;
	} im = {
		.e = { .e_type = ET_CORE, .e_phoff = sizeof(im.e), .e_phnum = 1 },
		.ph = { .p_type = PT_NOTE,
			.p_offset = sizeof(im.e) + sizeof(im.ph),
			.p_filesz = sizeof(im) - sizeof(im.e) - sizeof(im.ph) -
				    sizeof(im.trailer) },
		.image_note = NOTE(sizeof(im.image), VMAD_NOTE_IMAGE),
		.image = { .format = VMAD_FORMAT, .length = sizeof(im) },
		.task_note = NOTE(sizeof(im.task), VMAD_NOTE_TASK),
		.task = { .exe = 0, .comm = "\033c" },
		.maps_note = NOTE(0, VMAD_NOTE_MAPS),
		.files_note = NOTE(sizeof(im.file) + sizeof(file), VMAD_NOTE_FILES),
		.file = { .name_len = sizeof(file) - 1 },
		.args_note = { { 5, sizeof(im.args), NT_PRPSINFO }, "CORE" },
		.trailer = { .magic = VMAD_TRAILER_MAGIC, .length = sizeof(im) },
	};
	FILE *f = fopen(name, "w");

	memcpy(im.e.e_ident, ELFMAG, SELFMAG);
	im.e.e_ident[EI_CLASS] = ELFCLASS64;
	memset(im.image.release, 'r', sizeof(im.image.release));
	memset(im.image.version, 'v', sizeof(im.image.version));
	memcpy(im.file_name, file, sizeof(file));
	memcpy(im.args + 56, psargs, sizeof(psargs));
	ck_assert_int_eq(fwrite(&im, sizeof(im), 1, f), 1);
	fclose(f);
}

/* Texts of an image do not run on, and no terminal obeys them. */
START_TEST(what_an_image_says)
{
	char kernel[256], *text;
	int i;

	enter_folder();
	put_image("image");
	ck_assert_int_eq(BPCKPT("info", "-m", "image"), 0);
	text = output();
	snprintf(kernel, sizeof(kernel), "kernel:   %.*s %.*s\n", 64,
		 "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr", 64,
		 "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv");
	ck_assert_ptr_nonnull(strstr(text, kernel));
	ck_assert_ptr_nonnull(strstr(text, "program:  /lib/?]0;x? (?c), 64 bits\n"));
	ck_assert_ptr_nonnull(strstr(text, "command:  rm ??2J\n"));
	ck_assert_int_eq(BPCKPT("info", "-j", "image"), 0);
	text = output();
	ck_assert_ptr_nonnull(strstr(text, "\"command\": \"rm \\u009b2J\""));
	ck_assert_ptr_nonnull(strstr(text, "rrrr\", \"length\""));
	for (i = 0; text[i]; i++)
		ck_assert(text[i] == '\n' || text[i] >= ' ');
	ck_assert_int_eq(BPCKPT("info", "no\033[image"), 1);
	ck_assert_str_eq(output(), "bpckpt: no?[image: No such file or directory\n");
	leave_folder();
}
END_TEST

START_TEST(json_of_several)
{
	enter_folder();
	put_image("image");
	ck_assert_int_eq(BPCKPT("info", "-j", "none", "image", "none", "image"), 1);
	ck_assert_ptr_nonnull(strstr(output(), "[\n  {\"file\": \"image\""));
	ck_assert_ptr_nonnull(strstr(output(), "},\n  {\"file\": \"image\""));
	leave_folder();
}
END_TEST

/* What cannot be asked, or says no, is not to be relied on. */
START_TEST(without_the_driver)
{
	static const int errors[] = { ENOSYS, EACCES, ENOMEM };
	size_t i;

	enter_folder();
	put_image("image");
	for (i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		check_error = errors[i];
		ck_assert_int_eq(BPCKPT("info", "image"), 1);
		ck_assert_ptr_nonnull(strstr(output(), "cannot be restored\n          the driver"));
	}
	leave_folder();
}
END_TEST

UNIT_MAIN("bpckpt", a_file_is_complete_or_not_there, devices_and_links, interrupted,
	  who_is_killed, programs_on_the_path, children_that_are_ignored, what_an_image_says,
	  json_of_several, without_the_driver)
