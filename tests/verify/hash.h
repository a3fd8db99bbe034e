/*
 * hash — 64 bits of many bytes, eight at a time: for digests that are compared within one run, and for tables. Not for what an attacker
 * chooses: who can write into our databases need not collide.
 */
#ifndef VERIFY_HASH_H
#define VERIFY_HASH_H

#include "str.h"
#include "uuid.h"

uint64_t hash_bytes(uint64_t seed, const void *bytes, size_t n);
uint64_t hash_str(struct str s);
uint64_t hash_mix(uint64_t a, uint64_t b); /* of two, in this order */
uint64_t hash_id(struct uuid id);

#endif
