#ifndef BE32_H
#define BE32_H

#include <stdint.h>

/* A number of 32 bits as 4 bytes, the highest first. */
enum { BE32_LEN = 4 };

void be32_put(unsigned char to[BE32_LEN], uint32_t n);
uint32_t be32_get(const unsigned char from[BE32_LEN]);

#endif
