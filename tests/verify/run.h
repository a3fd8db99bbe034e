/* run — the steps of an audit, one after the other: init, quiet_await(), read, look, quiet_still(), release. */
#ifndef VERIFY_RUN_H
#define VERIFY_RUN_H

#include "audit.h"

void audit_init(struct audit *a); /* after its fields "where it is" are set, all others zero */
void audit_release(struct audit *a);
void audit_read(struct audit *a);
void audit_look(struct audit *a, int threads);
uint64_t audit_spilled(const struct audit *a); /* bytes */

#endif
