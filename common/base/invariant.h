/*
 * invariant — what must be true, or the program has a bug.
 *
 * Three kinds of wrong: a refusal is a value and goes to the client; a fault (network, disk, database) is handled, retried, reported;
 * a bug ends the process here, in release builds too, and the supervisor starts it anew from what the database knows.
 */
#ifndef JUMUN_INVARIANT_H
#define JUMUN_INVARIANT_H

#define invariant(condition) ((__builtin_expect(!!(condition), 1)) ? (void)0 : invariant_broken(__FILE__, __LINE__, __func__, #condition))
#define unreachable()        invariant_broken(__FILE__, __LINE__, __func__, "unreachable")

/* Prints place and condition to stderr and aborts. */
_Noreturn void invariant_broken(const char *file, int line, const char *function, const char *condition);

#endif
