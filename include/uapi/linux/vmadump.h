/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * VMADump: saving a process as a file or stream, and becoming one again.
 *
 * A saved process (an "image") is an ELF core file, so gdb, readelf and eu-readelf open
 * it; the word size of its ELF header is the program's. It is written and read strictly
 * from front to back and may therefore travel through a pipe or a socket:
 *
 *	ELF header
 *	section header 0	only when there are PN_XNUM or more program headers
 *	program headers		one PT_NOTE, then PT_LOADs by rising address
 *	notes
 *	padding to a page
 *	pages			of all PT_LOADs, in their order, without gaps
 *	struct vmad_trailer	only a complete image ends with it
 *
 * A PT_LOAD starts a run of pages whose contents are in the image (p_filesz) and reaches
 * (p_memsz) to the next such run or the end of its mapping; pages in between read as zero,
 * or are those of a file that the image refers to. Pages of zeros are not stored.
 *
 * Notes with owner "CORE" and "LINUX" are those of any core file (NT_PRSTATUS, NT_PRPSINFO,
 * NT_AUXV, NT_FILE, NT_PRFPREG, NT_PRXFPREG, NT_X86_XSTATE, NT_386_TLS). Those
 * with owner "BPROC" are described below. Their layout is the same for 32- and 64-bit
 * programs; integers are little-endian. A note of an unknown type is passed over.
 *
 * Image format history
 *	1	first version
 */
#ifndef _UAPI_LINUX_VMADUMP_H
#define _UAPI_LINUX_VMADUMP_H

#include <linux/types.h>
#include <linux/ioctl.h>

#define VMAD_FORMAT 1

/* Owner of our notes, and their types. */
#define VMAD_NOTE_OWNER "BPROC"
#define VMAD_NOTE_IMAGE 1     /* struct vmad_image; must be the first note */
#define VMAD_NOTE_TASK 2      /* struct vmad_task */
#define VMAD_NOTE_SIGACTION 3 /* 64 struct vmad_sigaction, for signals 1 .. 64 */
#define VMAD_NOTE_CPU 4	      /* struct vmad_cpu */
#define VMAD_NOTE_VDSO 5      /* struct vmad_vdso and the text; absent without a vDSO */
#define VMAD_NOTE_FILES 6     /* struct vmad_file array, then their names */
#define VMAD_NOTE_MAPS 7      /* struct vmad_map array, by rising address */
#define VMAD_NOTE_RESUME 8    /* struct vmad_resume; absent if the program asked for the dump */
#define VMAD_NOTE_CPU_MORE 9  /* __u32 array: more words of CPUID, see struct vmad_cpu */

/* Bounds that a reader imposes; an image beyond them is refused with -EINVAL. */
#define VMAD_MAPS_MAX 1048576	   /* mappings */
#define VMAD_FILES_MAX 65536	   /* files referred to */
#define VMAD_NOTES_MAX 0x8000000   /* bytes of all notes (128 MiB) */
#define VMAD_LOADS_MAX 2097152	   /* PT_LOAD program headers */
#define VMAD_VDSO_MAX 0x10000	   /* bytes of vDSO text */

/**
 * struct vmad_image - VMAD_NOTE_IMAGE: what this is
 * @format: VMAD_FORMAT
 * @flags: VMAD_IMAGE_* bits
 * @length: bytes of the whole image, trailer included
 * @data: offset of the first page in the image
 * @crc: CRC-32 (as of zlib) of everything before @data, with this member zero
 * @page_size: 4096
 * @release: release of the kernel that wrote the image (uname -r)
 * @version: its version (uname -v)
 */
struct vmad_image {
	__u32 format;
	__u32 flags;
	__aligned_u64 length;
	__aligned_u64 data;
	__u32 crc;
	__u32 page_size;
	char release[65];
	char version[65];
	__u8 reserved[6];
};

#define VMAD_IMAGE_32BIT 1 /* a 32-bit program */

/**
 * struct vmad_task - VMAD_NOTE_TASK: what the kernel keeps about a program
 * @personality: as of personality(2)
 * @altstack_flags: ss_flags of sigaltstack(2)
 * @altstack: its address
 * @altstack_size: bytes
 * @sigmask: blocked signals, bit n for signal n + 1
 * @robust_list: as of set_robust_list(2), in the program's word size
 * @clear_child_tid: as of set_tid_address(2)
 * @rseq: registered rseq area, or 0
 * @rseq_len: bytes
 * @rseq_sig: its signature
 * @start_code: @end_code, ..., @env_end: as of PR_SET_MM_MAP in prctl(2)
 * @exe: index of the program's file in VMAD_NOTE_FILES, or VMAD_NO_FILE
 * @undumpable: not 0: prctl(PR_SET_DUMPABLE) was 0 or 2; becomes 0
 * @membarrier: VMAD_MEMBARRIER_*: what membarrier(2) has registered. A reader that does not
 *	know of it takes it for reserved, and refuses an image in which it is not 0
 * @reserved: zero
 * @ds: @es, @fs, @gs: segment selectors
 * @comm: name of the program (PR_SET_NAME), NUL-terminated
 */
struct vmad_task {
	__u32 personality;
	__u32 altstack_flags;
	__aligned_u64 altstack;
	__aligned_u64 altstack_size;
	__aligned_u64 sigmask;
	__aligned_u64 robust_list;
	__aligned_u64 clear_child_tid;
	__aligned_u64 rseq;
	__u32 rseq_len;
	__u32 rseq_sig;
	__aligned_u64 start_code;
	__aligned_u64 end_code;
	__aligned_u64 start_data;
	__aligned_u64 end_data;
	__aligned_u64 start_brk;
	__aligned_u64 brk;
	__aligned_u64 start_stack;
	__aligned_u64 arg_start;
	__aligned_u64 arg_end;
	__aligned_u64 env_start;
	__aligned_u64 env_end;
	__u32 exe;
	__u16 ds, es, fs, gs;
	__u8 undumpable;
	__u8 membarrier;
	__u8 reserved[2];
	char comm[16];
};

/* By the command that registers: MEMBARRIER_CMD_REGISTER_... */
#define VMAD_MEMBARRIER_GLOBAL 0x01	/* GLOBAL_EXPEDITED */
#define VMAD_MEMBARRIER_PRIVATE 0x02	/* PRIVATE_EXPEDITED */
#define VMAD_MEMBARRIER_SYNC_CORE 0x04	/* PRIVATE_EXPEDITED_SYNC_CORE */
#define VMAD_MEMBARRIER_RSEQ 0x08	/* PRIVATE_EXPEDITED_RSEQ */
#define VMAD_MEMBARRIER_ALL 0x0f

#define VMAD_NO_FILE 0xffffffffU

/**
 * struct vmad_sigaction - one signal's action, as of rt_sigaction(2)
 * @handler: address, or SIG_DFL, SIG_IGN
 * @flags: SA_* bits
 * @restorer: address, when SA_RESTORER is set
 * @mask: signals blocked while the handler runs, bit n for signal n + 1
 */
struct vmad_sigaction {
	__aligned_u64 handler;
	__aligned_u64 flags;
	__aligned_u64 restorer;
	__aligned_u64 mask;
};

#define VMAD_XSTATES 32

/**
 * struct vmad_cpu - VMAD_NOTE_CPU: features that the program may have come to rely on
 * @cpuid: words of CPUID as the writing kernel saw (and possibly cut) them: leaf 1 EDX,
 *	leaf 1 ECX, leaf 0x80000001 EDX, leaf 0x80000001 ECX, leaf 7 EBX, leaf 7 ECX,
 *	leaf 7 EDX, leaf 7.1 EAX
 * @xfeatures: components of XCR0 that programs may use, 0 without XSAVE
 * @xstate: where component n is in NT_X86_XSTATE, for those in @xfeatures
 *
 * A processor that lacks one of these (as far as programs can tell) refuses the image.
 *
 * VMAD_NOTE_CPU_MORE has further words, in this order: leaf 0xd.1 EAX. An image may lack the
 * note, and a reader passes over words at its end that it does not know.
 */
struct vmad_cpu {
	__u32 cpuid[8];
	__aligned_u64 xfeatures;
	struct {
		__u32 offset;
		__u32 size;
	} xstate[VMAD_XSTATES];
};

/**
 * struct vmad_vdso - VMAD_NOTE_VDSO: the vDSO that the program was linked to
 * @address: where its text was
 * @data: lowest address of the kernel's data pages belonging to it
 * @size: bytes of text, which follow
 * @reserved: zero
 *
 * Where the restoring kernel's vDSO differs, this text is mapped at @address with its
 * entry points turned into plain system calls.
 */
struct vmad_vdso {
	__aligned_u64 address;
	__aligned_u64 data;
	__u32 size;
	__u32 reserved;
};

/**
 * struct vmad_file - a file that the image refers to
 * @size: bytes it had
 * @mtime_sec: its modification time
 * @mtime_nsec: nanoseconds of that
 * @name_len: bytes of its absolute path, which follow the array in the array's order,
 *	each with a NUL that is not counted; 0 .. 4095
 * @build_id: first bytes of its GNU build ID, if it has one
 * @build_id_len: bytes of @build_id in use, 0 .. 20
 *
 * A file of the same name is taken for the same if its size is @size and its build ID, or
 * without one its modification time, is the same too; else the image is refused (-ESTALE).
 * Seconds are those of the writer's file system: 64 bits, since 1970.
 */
struct vmad_file {
	__aligned_s64 mtime_sec;
	__aligned_u64 size;
	__u32 mtime_nsec;
	__u32 name_len;
	__u8 build_id[20];
	__u32 build_id_len;
};

/**
 * struct vmad_map - a mapping
 * @start: first address
 * @end: address behind it
 * @offset: of @start in the file
 * @file: index of the file that pages not stored in the image come from, or VMAD_NO_FILE
 * @flags: VMAD_MAP_* bits
 */
struct vmad_map {
	__aligned_u64 start;
	__aligned_u64 end;
	__aligned_u64 offset;
	__u32 file;
	__u32 flags;
};

#define VMAD_MAP_READ 0x0001
#define VMAD_MAP_WRITE 0x0002
#define VMAD_MAP_EXEC 0x0004
#define VMAD_MAP_GROWSDOWN 0x0008   /* a stack */
#define VMAD_MAP_NORESERVE 0x0010   /* MAP_NORESERVE */
#define VMAD_MAP_DROPPABLE 0x0020   /* MAP_DROPPABLE, or plain where the kernel lacks it */
#define VMAD_MAP_VDSO 0x0040	    /* the kernel's: pages only for debuggers */
#define VMAD_MAP_DONTFORK 0x0100    /* madvise(2) marks */
#define VMAD_MAP_WIPEONFORK 0x0200
#define VMAD_MAP_DONTDUMP 0x0400
#define VMAD_MAP_HUGEPAGE 0x0800
#define VMAD_MAP_NOHUGEPAGE 0x1000
#define VMAD_MAP_MERGEABLE 0x2000
#define VMAD_MAP_ALL 0x3f7f

/**
 * struct vmad_resume - VMAD_NOTE_RESUME: in the midst of what the program was dumped
 * @call: number of the system call that was interrupted and has not returned, or -1; then
 *	the result register has what the kernel would decide by how to go on
 *	(-ERESTART...). With -1 all registers are the program's.
 * @wait: VMAD_WAIT_*: what restart_syscall(2) would go on with
 * @has_saved: @saved is in force
 * @saved: signal mask to come back to, as sigsuspend(2) and ppoll(2) have it
 * @left: nanoseconds that the wait was to last still
 * @address: VMAD_WAIT_SLEEP: where the time left is stored, or 0; _POLL: the array
 * @clock: VMAD_WAIT_SLEEP: clock
 * @count: VMAD_WAIT_POLL: elements of the array
 */
struct vmad_resume {
	__s32 call;
	__u16 wait;
	__u16 has_saved;
	__aligned_u64 saved;
	__aligned_s64 left;
	__aligned_u64 address;
	__s32 clock;
	__u32 count;
};

#define VMAD_WAIT_NONE 0
#define VMAD_WAIT_SLEEP 1	/* nanosleep(2) and its like */
#define VMAD_WAIT_SLEEP_OLD 2	/* likewise, with the 32-bit form of time */
#define VMAD_WAIT_POLL 3	/* poll(2), with a limit */
#define VMAD_WAIT_FOREVER 4	/* poll(2), without */

/**
 * struct vmad_trailer - end of a complete image
 * @magic: VMAD_TRAILER_MAGIC
 * @length: the same as in struct vmad_image
 */
struct vmad_trailer {
	__u8 magic[8];
	__aligned_u64 length;
};

#define VMAD_TRAILER_MAGIC "BPROCEND"

/*
 * Dump flags: what is stored. Contents of a file mapping whose bit is not set are taken
 * from the file of the same name when the image is restored; pages that the program
 * changed are stored anyway, as is memory that is in no file (or in one that was deleted),
 * and writable shared memory, which becomes private.
 */
#define VMAD_DUMP_LIBS 1  /* files on the library list */
#define VMAD_DUMP_EXEC 2  /* the program's own file */
#define VMAD_DUMP_OTHER 4 /* other files */
#define VMAD_DUMP_ALL 7

#define VMAD_IOC_MAGIC 0xBC

/**
 * struct vmad_dump - argument of VMAD_IOC_DO_DUMP
 * @fd: where to write
 * @flags: VMAD_DUMP_* bits
 * @bytes: result: bytes written; left alone in the restored program
 */
struct vmad_dump {
	__s32 fd;
	__u32 flags;
	__aligned_u64 bytes;
};

/*
 * VMAD_IOC_DO_DUMP - write an image of the caller to a descriptor. The caller goes on
 *	with the number of bytes written (INT_MAX for that many and more; @bytes has the
 *	exact number); the restored program goes on from the same call with 0. Signals
 *	other than SIGKILL wait until the dump is done.
 *	-EINVAL		unknown flag
 *	-EBADF		no such descriptor, or not open for writing
 *	-EOPNOTSUPP	the caller has more than one thread, a mapping of device or secret
 *			memory, a shadow stack, allocated protection keys, breakpoints of
 *			the kernel's (uprobes), masked addresses (LAM), permission to use AMX
 *			tiles, or is an x32 program
 *	-E2BIG		memory scattered beyond VMAD_LOADS_MAX
 *	-EFBIG		a 32-bit program's image would pass 4 GiB
 *	-EIO		the descriptor took less than the whole image; or a page of the
 *			caller's memory cannot be read: it is poisoned, or lies in a file or
 *			swap space that fails
 *	others		as of write(2)
 */
#define VMAD_IOC_DO_DUMP _IOWR(VMAD_IOC_MAGIC, 0x80, struct vmad_dump)

/**
 * struct vmad_undump - argument of VMAD_IOC_DO_UNDUMP
 * @fd: where to read, from its present position
 * @flags: VMAD_UNDUMP_CHECK, or zero
 */
struct vmad_undump {
	__s32 fd;
	__u32 flags;
};

/* Only see whether it could be done: 0, or one of the errors that leave the caller as it was. */
#define VMAD_UNDUMP_CHECK 1

/*
 * VMAD_IOC_DO_UNDUMP - become the image read from a descriptor, as by execve(2). No return
 *	on success. Up to the contents of its memory everything is read and checked first;
 *	these errors leave the caller as it was:
 *	-EINVAL		unknown flag; not an image, or a damaged one
 *	-EBADF		no such descriptor, or not open for reading
 *	-EAGAIN		the descriptor is non-blocking and not a file
 *	-EIO		the image ends early
 *	-EOPNOTSUPP	the processor lacks something that the program may use, which the
 *			kernel log names; or this kernel cannot run 32-bit programs
 *	-ENOENT, -EACCES, ...	a file that the image refers to cannot be opened by the
 *			caller
 *	-ESTALE		such a file is not the one that was mapped
 *	-EPERM		mappings below vm.mmap_min_addr
 *	-ENOMEM		more mappings than vm.max_map_count, more memory than RLIMIT_AS or
 *			RLIMIT_DATA allow or than the machine has
 *	others		as of read(2)
 *	A failure after that (the stream breaks amid the pages, memory runs out) kills the
 *	caller with SIGKILL; the kernel log says why.
 */
#define VMAD_IOC_DO_UNDUMP _IOW(VMAD_IOC_MAGIC, 0x81, struct vmad_undump)

/**
 * struct vmad_execdump - argument of VMAD_IOC_EXECDUMP
 * @path: (const char *) program
 * @argv: argument array in the caller's word size, ended by NULL
 * @envp: environment array in the caller's word size, ended by NULL
 * @fd: where to write
 * @flags: VMAD_DUMP_* bits
 */
struct vmad_execdump {
	__aligned_u64 path;
	__aligned_u64 argv;
	__aligned_u64 envp;
	__s32 fd;
	__u32 flags;
};

/*
 * VMAD_IOC_EXECDUMP - execute a program and write its image before its first instruction,
 *	then exit with 0, or with (errno & 0xff) if the dump failed; with EPERM if the
 *	program is set-user-ID or otherwise not dumpable. Returns only if the exec fails,
 *	with the errors of execve(2), or -EINVAL, -EBADF as DO_DUMP, -E2BIG.
 */
#define VMAD_IOC_EXECDUMP _IOW(VMAD_IOC_MAGIC, 0x82, struct vmad_execdump)

/**
 * struct vmad_lib - argument of VMAD_IOC_LIB_ADD and VMAD_IOC_LIB_DEL
 * @name: (const char *) absolute path of a file
 * @length: bytes of it, or 0 if it ends with a NUL
 * @reserved: zero
 */
struct vmad_lib {
	__aligned_u64 name;
	__u32 length;
	__u32 reserved;
};

/**
 * struct vmad_lib_list - argument of VMAD_IOC_LIB_LIST
 * @buffer: (char *) where to store the names
 * @size: bytes there
 */
struct vmad_lib_list {
	__aligned_u64 buffer;
	__aligned_u64 size;
};

/*
 * The library list: files presumed to be where images are restored. One list per kernel.
 * Changing it needs CAP_SYS_ADMIN (-EPERM); reading it is open to all.
 */

/* VMAD_IOC_LIB_CLEAR - empty the list. */
#define VMAD_IOC_LIB_CLEAR _IO(VMAD_IOC_MAGIC, 0xB0)
/*
 * VMAD_IOC_LIB_ADD - add a file; one that is there already is no error. -EINVAL for an empty
 *	name, -ENAMETOOLONG beyond PATH_MAX, -ENOSPC beyond VMAD_LIBS_MAX files.
 */
#define VMAD_IOC_LIB_ADD _IOW(VMAD_IOC_MAGIC, 0xB1, struct vmad_lib)
/* VMAD_IOC_LIB_DEL - remove a file; -ENOENT if it is not on the list. */
#define VMAD_IOC_LIB_DEL _IOW(VMAD_IOC_MAGIC, 0xB2, struct vmad_lib)
/*
 * VMAD_IOC_LIB_LIST - the list, newest first, each name with a NUL, and one NUL more at the
 *	end. Returns the bytes stored; -ENOSPC if @size is too small.
 */
#define VMAD_IOC_LIB_LIST _IOW(VMAD_IOC_MAGIC, 0xB3, struct vmad_lib_list)
/* VMAD_IOC_LIB_SIZE - returns the bytes that VMAD_IOC_LIB_LIST would store. */
#define VMAD_IOC_LIB_SIZE _IO(VMAD_IOC_MAGIC, 0xB4)

#define VMAD_LIBS_MAX 4096

#endif /* _UAPI_LINUX_VMADUMP_H */
