/*
 * Big-endian numbers, as they stand in key files, boxes and the database.
 */
#include "config.h"

#include "ground/be32.h"

void
be32_put(unsigned char to[BE32_LEN], uint32_t n)
{
	to[0] = (unsigned char)(n >> 24);
	to[1] = (unsigned char)(n >> 16);
	to[2] = (unsigned char)(n >> 8);
	to[3] = (unsigned char)n;
}

uint32_t
be32_get(const unsigned char from[BE32_LEN])
{
	return ((uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 |
	    (uint32_t)from[2] << 8 | from[3]);
}
