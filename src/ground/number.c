/* Numbers from text. */
#include "config.h"

#include "ground/number.h"

int
number_parse(const char *text, uint64_t low, uint64_t high, uint64_t *value)
{
	uint64_t n = 0, digit;

	if (*text == '\0')
		return (-1);
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return (-1);
		digit = (uint64_t)(*text - '0');
		if (n > (UINT64_MAX - digit) / 10)
			return (-1);
		n = n * 10 + digit;
	}
	if (n < low || n > high)
		return (-1);
	*value = n;
	return (0);
}
