/* The least that a CGI program can be: what mod_cgid itself costs. */
#include <stdio.h>

int
main(void)
{
	while (getchar() != EOF)
		;
	printf("Content-Type: text/plain\r\n\r\nhello, world\n");
	return (0);
}
