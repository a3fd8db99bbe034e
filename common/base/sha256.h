/* sha256 — the hash of FIPS 180-4, for names that must give the same id everywhere (uuid_named). Secrets are libcrypto's business. */
#ifndef JUMUN_SHA256_H
#define JUMUN_SHA256_H

#include "str.h"

#define SHA256_SIZE 32

/* Of `first` followed by `second`, as if they were one text. */
void sha256(struct str first, struct str second, uint8_t digest[SHA256_SIZE]);

#endif
