/*
 * Let User-Mode Linux run on processors whose registers take more room than it was compiled for.
 *
 * Its kernel restores the registers of a guest's process by PTRACE_SETREGSET with as many bytes as it was
 * compiled for (2696 in 6.12: up to AVX-512). The machine's kernel takes nothing but the whole state, EFAULT
 * otherwise (xstateregs_set in arch/x86/kernel/fpu/regset.c), and with AMX that is 11008 bytes. Without this
 * library, which is loaded before libc, the guest's init ends in "ptrace set fp regs failed, errno = 14".
 *
 * The bytes that are added are zero: no process of a guest has such state, since its kernel refuses the
 * system call that asks for it, and the header, which says what is valid, is among the bytes that came.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

typedef long (*ptrace_function)(enum __ptrace_request, ...);

/* Not on the stack, which is small in a kernel. One thread traces, so one buffer is enough. */
static char state[1 << 16];
static size_t whole; /* bytes of the machine's state, 0 until it was asked */

long ptrace(enum __ptrace_request request, ...)
{
	static ptrace_function next;
	if (!next)
		next = (ptrace_function)dlsym(RTLD_NEXT, "ptrace");

	va_list arguments;
	va_start(arguments, request);
	pid_t pid = va_arg(arguments, pid_t);
	void *address = va_arg(arguments, void *);
	void *data = va_arg(arguments, void *);
	va_end(arguments);
	if (request != PTRACE_SETREGSET || (long)address != NT_X86_XSTATE)
		return next(request, pid, address, data);

	struct iovec *given = data;
	struct iovec padded = {state, sizeof state};
	if (!whole) {
		if (next(PTRACE_GETREGSET, pid, address, &padded) < 0)
			return -1;
		whole = padded.iov_len;
		memset(state, 0, sizeof state);
	}
	if (given->iov_len >= whole)
		return next(request, pid, address, data);
	memcpy(state, given->iov_base, given->iov_len);
	padded.iov_len = whole;
	return next(request, pid, address, &padded);
}
