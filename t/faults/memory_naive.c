/*
 * A program that does what must not be done: it uses memory that it may not
 * have got, and forgets some when it gives up.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
main(void)
{
	char *unchecked = malloc(100), *kept = malloc(100), *more;

	memset(unchecked, 'x', 100);
	if (kept == NULL || (more = malloc(100)) == NULL) {
		fprintf(stderr, "out of memory\n");
		free(unchecked);
		return (71);
	}
	free(unchecked);
	free(kept);
	free(more);
	return (0);
}
