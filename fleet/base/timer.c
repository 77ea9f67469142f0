/*
 * Wake a guest of User-Mode Linux that has lost its timer.
 *
 * Its kernel sleeps until the timer's signal comes. Where the timer is not set, it asks for it again and again
 * instead (os_idle_sleep in arch/um/os-Linux/time.c of 6.12): for a moment while a signal is under way, but once it
 * was for minutes, with no signal pending. That guest answered nobody, and a timer signal woke it: its kernel then
 * reads the clock, and sets the timer for what is next.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

typedef int (*timer_gettime_function)(timer_t, struct itimerspec *);

/* Questions in a row that find no timer: a signal that is under way comes with the first. */
#define LOST 1000

int timer_gettime(timer_t timer, struct itimerspec *value)
{
	static timer_gettime_function next;
	static unsigned int unset;
	if (!next)
		next = (timer_gettime_function)dlsym(RTLD_NEXT, "timer_gettime");

	int result = next(timer, value);
	if (result == 0 && !value->it_value.tv_sec && !value->it_value.tv_nsec)
		unset++;
	else
		unset = 0;
	if (unset == LOST) {
		unset = 0;
		/* Blocked until the kernel has been answered. */
		kill(getpid(), SIGALRM);
	}
	return result;
}
