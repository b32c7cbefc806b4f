/*
 * A control: in place of src/gateway/gate.c, a gate that stands open. libfcgi reads
 * from the connection whatever a peer sends.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>

#include "gateway/gate.h"

struct gate {
	int fd;
	bool is_told;
};

struct gate *
gate_new(void)
{
	return (calloc(1, sizeof(struct gate)));
}

void
gate_free(struct gate *gate)
{
	free(gate);
}

int
gate_open(struct gate *gate, int fd)
{
	gate_reset(gate);
	gate->fd = fd;
	return (fd);
}

/* The reader stops at the stream's end. */
size_t
gate_body(struct gate *gate)
{
	size_t len = gate->is_told ? 0 : SIZE_MAX;

	gate->is_told = true;
	return (len);
}

bool
gate_is_whole(const struct gate *gate)
{
	return (gate->is_told);
}

bool
gate_lacks_memory(const struct gate *gate)
{
	(void)gate;
	return (false);
}

bool
gate_is_clean(const struct gate *gate)
{
	return (gate->is_told);
}

void
gate_lost(struct gate *gate)
{
	gate->fd = -1;
}

void
gate_reset(struct gate *gate)
{
	*gate = (struct gate){ .fd = -1 };
}
